// SPDX-License-Identifier: BSD-3-Clause
// The best scale of large blocks with more than three levels without sorting them: a histogram rules out most scales.
#ifndef SQWA_QUANT_L2_LEVELS_HPP
#define SQWA_QUANT_L2_LEVELS_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/kernels/portable_fits.hpp>
#include <sqwa/quant/magnitudes.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI::detail {

/// Finds the scale with the least squared error for codes to `limit` (see `l2`).
///
/// The error at a scale s is ||w||^2 - g(s) with g(s) = 2 s (R(s / 2) + R(3 s / 2) + …), one term for each code, where
/// R(t) is the sum of |w| - t over the magnitudes above t. R is convex; a histogram gives it exactly at its nodes, so
/// chords are upper and tangents lower bounds. The best lower bound at a few scales rules out every interval of scales
/// whose chord stays below it; intervals that are not ruled out are halved until they are narrow. For what remains,
/// a second pass sums the codes of the weights that keep theirs, and the few others are swept as in `l2`. Sums are
/// double, in an order that the size alone determines.
///
/// Memory: a histogram for each piece of the block, and a quarter of the block. Time: some ten passes of
/// `l2_alternating`, where the bounds bite.
template <real T, any_backend B = backend<>>
class levels_search {
 public:
  static constexpr std::size_t min_size = std::size_t{1} << 13;
  static constexpr int max_limit = 127;

  /// The scale, or a negative number where the bounds rule out too little: then sort.
  ///
  /// Models: x is finite and has at least `min_size` elements; 2 <= limit <= max_limit
  [[nodiscard]] static double run(std::span<T const> x, int limit, B const& where = {}) {
    backend<typename B::kernels> const here;
    double const guess = alternate(std::span<T const>(sample(x, 4096)), static_cast<T>(limit), 30, here);
    auto const largest = static_cast<double>(largest_magnitude(x, where));
    bool const squares = largest > 1e-100 && largest < 1e100;  // of which sums stay in the range of double
    if (!squares || !(guess > 0) || !(2 * largest < 1e30 * guess) || !(guess <= 2 * largest)) return -1;
    bool const few = limit <= 15;
    levels_search s(limit, largest, guess,
                    std::clamp<std::size_t>(x.size() / (few ? 16 : 4), 512, few ? 8192 : 32'768));
    s.count(x, where);
    auto const [low, high] = s.window(guess);
    auto const inverse = static_cast<T>(1 / high), other = static_cast<T>(1 / low);
    if (!(low > 0) || !std::isfinite(other)) return -1;
    auto const buffer = std::make_unique_for_overwrite<T[]>(x.size() / spread + 1);
    auto const some = keep_some<code_products>(
        x, buffer.get(), spread, where, [&](std::span<T const> piece, T* inside, code_products& sums) {
          return B::kernels::template split_codes<T>(piece, inverse, other, static_cast<T>(limit), inside, sums);
        });
    if (!some.complete) return -1;
    return s.sweep({buffer.get(), some.inside}, inverse, other, some.sums);
  }

 private:
  static constexpr std::size_t spread = 4;  // at most one weight in so many may change its code in the window
  struct bin {
    double sum = 0, count = 0;
  };

  /// The nodes reach twice as far as the codes at the guess do, or to the largest magnitude.
  levels_search(int limit, double largest, double guess, std::size_t nodes)
      : limit_(limit),
        largest_(largest),
        step_(std::min(largest, 2 * (limit + 1) * guess) / static_cast<double>(nodes - 1)),
        at_(nodes) {}

  /// at_[k] becomes the sum and the number of the magnitudes from node k on, less k steps each: R at the nodes.
  void count(std::span<T const> x, B const& where) {
    std::size_t const last = at_.size() - 1;
    auto const histogram = [&](std::size_t begin, std::size_t end) {
      std::vector<bin> even(at_.size()), odd(at_.size());  // two, so that neighbours do not wait for each other
      std::array<std::uint32_t, 64> place;
      for (; begin < end; begin += place.size()) {
        std::size_t const n = std::min(place.size(), end - begin);
        for (std::size_t k = 0; k != n; ++k) {
          double const t = std::abs(static_cast<double>(x[begin + k])) / step_;
          place[k] = static_cast<std::uint32_t>(std::min(t, static_cast<double>(last)));
        }
        for (std::size_t k = 0; k != n; ++k) {
          bin& b = (k % 2 == 0 ? even : odd)[place[k]];
          b.sum += std::abs(static_cast<double>(x[begin + k]));
          b.count += 1;
        }
      }
      add(even, odd);
      return even;
    };
    at_ = reduce(where.exec, x.size(), std::vector<bin>(at_.size()), histogram, [](std::vector<bin> a, auto const& b) {
      add(a, b);
      return a;
    });
    bin from;
    for (std::size_t k = at_.size(); k-- != 0;) {
      from.sum += at_[k].sum;
      from.count += at_[k].count;
      at_[k] = {from.sum - static_cast<double>(k) * step_ * from.count, from.count};
    }
  }
  static void add(std::vector<bin>& a, std::vector<bin> const& b) {
    for (std::size_t k = 0; k != a.size(); ++k) a[k] = {a[k].sum + b[k].sum, a[k].count + b[k].count};
  }

  /// At least and at most R(t).
  [[nodiscard]] std::pair<double, double> around(double t) const noexcept {
    std::size_t const last = at_.size() - 1;
    double const place = t / step_, top = static_cast<double>(last) * step_;
    if (t >= largest_) return {0, 0};
    if (place >= static_cast<double>(last)) {
      return {std::max(at_[last].sum - at_[last].count * (t - top), 0.0),
              largest_ > top ? at_[last].sum * (largest_ - t) / (largest_ - top) : 0};
    }
    auto const k = static_cast<std::size_t>(place);
    double const past = place - static_cast<double>(k);
    bin const a = at_[k], b = at_[k + 1];
    return {std::max(a.sum - a.count * past * step_, b.sum + b.count * (1 - past) * step_),
            a.sum + past * (b.sum - a.sum)};
  }
  /// At least and at most g(s) / (2 s).
  [[nodiscard]] std::pair<double, double> around_all(double s) const noexcept {
    std::pair<double, double> all{0, 0};
    for (int j = 1; j <= limit_ && (j - 0.5) * s < largest_; ++j) {
      auto const [least, most] = around((j - 0.5) * s);
      all.first += least;
      all.second += most;
    }
    return all;
  }

  /// Scales from one to another, and what g is at most among them.
  struct interval {
    double from, to, at_from, at_to;  // at the ends: the upper bound of g(s) / (2 s)
    double most;
  };
  static interval between(double from, double to, double at_from, double at_to) noexcept {
    double const slope = (at_to - at_from) / (to - from);  // of the chord, at most 0
    double const turn = slope < 0 ? (from - at_from / slope) / 2 : to;
    double const s = std::clamp(turn, from, to);
    return {from, to, at_from, at_to, 2 * s * (at_from + slope * (s - from))};
  }

  /// The scales that may be the best lie between these two; zeros where there are too many.
  ///
  /// Always halves the interval that promises most.
  [[nodiscard]] std::pair<double, double> window(double guess) const {
    double best = 0;
    auto const upper = [&](double s) {
      auto const [least, most] = around_all(s);
      best = std::max(best, 2 * s * least * (1 - 1e-12));
      return most;
    };
    std::vector<interval> open, narrow;
    double from = guess, at_from = upper(from);
    double const least = best / (2 * limit_ * at_[0].sum);  // below, g(s) <= 2 s limit R(0) is less than the best
    if (!(least > largest_ * 1e-60)) return {0, 0};
    for (from = least, at_from = upper(from); from < 2 * largest_;) {
      double const to = 1.1 * from, at_to = upper(to);
      open.push_back(between(from, to, at_from, at_to));
      from = to;
      at_from = at_to;
    }
    std::ranges::make_heap(open, {}, &interval::most);
    for (int looks = 0; !open.empty() && open.front().most >= best; ++looks) {
      if (looks == 20'000) return {0, 0};
      std::ranges::pop_heap(open, {}, &interval::most);
      interval const i = open.back();
      open.pop_back();
      if (i.to - i.from <= i.from / 16'384) {
        narrow.push_back(i);
        continue;
      }
      double const middle = (i.from + i.to) / 2, at_middle = upper(middle);
      for (interval const& half :
           {between(i.from, middle, i.at_from, at_middle), between(middle, i.to, at_middle, i.at_to)}) {
        open.push_back(half);
        std::ranges::push_heap(open, {}, &interval::most);
      }
    }
    double low = 2 * largest_, high = 0;
    for (interval const& i : narrow) {
      if (i.most < best) continue;
      low = std::min(low, i.from);
      high = std::max(high, i.to);
    }
    return {low * (1 - 1e-6), high * (1 + 1e-6)};
  }

  /// The best scale when these weights pass, one after another, from their codes at `inverse` to those at `other`.
  [[nodiscard]] double sweep(std::span<T const> some, T inverse, T other, code_products sums) const {
    struct passing {
      double at;  // the scale
      int code;   // the new one
      T size;
      bool operator>(passing const& o) const noexcept { return at != o.at ? at > o.at : code < o.code; }
    };
    std::vector<passing> all;
    for (T m : some) {
      auto const code = [&](T f) { return static_cast<int>(std::rint(std::min(m * f, static_cast<T>(limit_)))); };
      for (int j = code(inverse) + 1; j <= code(other); ++j) all.push_back({static_cast<double>(m) / (j - 0.5), j, m});
    }
    std::ranges::sort(all, [](passing const& a, passing const& b) { return a > b; });
    double a = sums.products, b = sums.squares, best = b > 0 ? a / std::sqrt(b) : 0, scale = b > 0 ? a / b : 0;
    for (passing const& p : all) {
      a += static_cast<double>(p.size);
      b += 2.0 * p.code - 1;
      if (double const quality = a / std::sqrt(b); quality > best) {
        best = quality;
        scale = a / b;
      }
    }
    return scale;
  }

  int limit_;
  double largest_;
  double step_;  // between two nodes
  std::vector<bin> at_;
};

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
