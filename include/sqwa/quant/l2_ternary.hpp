// SPDX-License-Identifier: BSD-3-Clause
// The best scale of large ternary blocks without sorting them: bounds rule out nearly all weights first.
#ifndef SQWA_QUANT_L2_TERNARY_HPP
#define SQWA_QUANT_L2_TERNARY_HPP

#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI::detail {

/// Finds the scale A / n with the largest A^2 / n over all thresholds t, where n magnitudes are above t and A is their
/// sum: the least squared error of three levels (see `l2`).
///
/// A and n are counted at a few thresholds at once. Between two neighbours t < u lie M magnitudes of sum S; taking m of
/// them, the largest first, adds at most m u to the sum above u, and leaves out at least (M - m) t. The quality
/// under both bounds is largest at an end or where they meet, m = (S - M t) / (u - t): an interval whose value there
/// falls short of the best quality seen holds no better threshold. What remains is a narrow window, which is narrowed
/// again and sorted in the end. Sums are double, in an order that the values alone determine.
///
/// Memory: the weights of the windows, for common distributions a fifth of the block. Time: two and a half passes of
/// `l2_alternating`, where the bounds bite.
template <real T>
class ternary_search {
 public:
  static constexpr std::size_t min_size = std::size_t{1} << 14;

  /// @param x  magnitudes and signs, finite; at least `min_size`
  /// The scale, or a negative number where the bounds rule out too little: then sort.
  [[nodiscard]] static double run(std::span<T const> x) {
    double const start = sampled_scale(x) / 2;
    if (!(start > 0)) return -1;
    ternary_search s;
    for (T w : x) s.high_ = std::max(s.high_, static_cast<double>(std::abs(w)));
    std::span<T const> rest = x;
    std::array<std::vector<T>, 2> kept;
    std::array<double, 6> const first{0, 0.7 * start, 0.93 * start, 1.07 * start, 1.3 * start, 2 * start};
    for (int round = 0; rest.size() > few; ++round) {
      thresholds t{};
      for (std::size_t k = 0; k != t.size(); ++k) {
        t[k] = round == 0 ? std::min(first[k], s.high_)
                          : s.low_ + (s.high_ - s.low_) * static_cast<double>(k) / static_cast<double>(t.size());
      }
      s.narrow(rest, t);
      auto& now = kept[static_cast<std::size_t>(round) % 2];
      now.clear();
      s.keep(rest, now);
      if (now.size() > rest.size() / 2) return -1;
      rest = now;
    }
    return s.best_of(rest);
  }

 private:
  static constexpr std::size_t few = 4096, piece = 2048, lanes = 128;
  using thresholds = std::array<double, 6>;

  /// The best scale of some of the weights.
  static double sampled_scale(std::span<T const> x) {
    std::vector<T> some(few);
    for (std::size_t i = 0; i != few; ++i) some[i] = x[x.size() / few * i];
    return ternary_search{}.best_of(some);
  }

  static double quality(double a, double n) noexcept { return n > 0 ? a * a / n : 0; }

  struct tail {
    double sum, count;
  };

  /// Of a piece, what is above a threshold; in lanes and without branches, which compilers turn into vectors.
  ///
  /// Not inlined: in a larger function g++ 12 no longer does, and is twenty times slower.
  [[gnu::noinline]] static tail above(std::array<double, piece> const& size, double threshold) noexcept {
    std::array<double, lanes> more{};
    std::array<std::int64_t, lanes> n{};
    for (std::size_t i = 0; i != piece; i += lanes) {
      for (std::size_t l = 0; l != lanes; ++l) more[l] += std::max(size[i + l] - threshold, 0.0);
      for (std::size_t l = 0; l != lanes; ++l) n[l] += size[i + l] > threshold ? 1 : 0;
    }
    tail all{0, 0};
    for (std::size_t l = 0; l != lanes; ++l) {
      all.sum += more[l];
      all.count += static_cast<double>(n[l]);
    }
    all.sum += all.count * threshold;
    return all;
  }

  /// Sums and counts at ascending thresholds, and with them a new window [low, high].
  void narrow(std::span<T const> x, thresholds const& t) {
    thresholds sum{}, count{};
    for (std::size_t begin = 0; begin < x.size(); begin += piece) {
      std::array<double, piece> size{};  // zeros past the end are above no threshold
      std::size_t const n = std::min(piece, x.size() - begin);
      for (std::size_t i = 0; i != n; ++i) size[i] = static_cast<double>(std::abs(x[begin + i]));
      for (std::size_t k = 0; k != t.size(); ++k) {
        auto const [some, number] = above(size, t[k]);
        sum[k] += some;
        count[k] += number;
      }
    }
    double best = quality(sum_, count_);
    for (std::size_t k = 0; k != t.size(); ++k) best = std::max(best, quality(sum_ + sum[k], count_ + count[k]));
    best *= 1 - 1e-9;  // more than rounding could explain
    double low = high_, high = low_;
    double above_sum = 0, above_count = 0, next = high_;
    for (std::size_t k = t.size(); k-- != 0;) {
      double const m = count[k] - above_count;
      double const between = sum[k] - above_sum;
      bool maybe =
          quality(sum_ + sum[k], count_ + count[k]) >= best || quality(sum_ + above_sum, count_ + above_count) >= best;
      if (m > 0 && next > t[k]) {
        double const meet = std::clamp((between - m * t[k]) / (next - t[k]), 0.0, m);
        maybe = maybe || quality(sum_ + above_sum + meet * next, count_ + above_count + meet) >= best;
      }
      if (maybe && next > t[k]) {
        low = t[k];
        high = std::max(high, next);
      }
      next = t[k];
      above_sum = sum[k];
      above_count = count[k];
    }
    low_ = low;
    high_ = high;
  }

  /// Moves what lies above the window into the sums, and what lies in it into `to`.
  void keep(std::span<T const> x, std::vector<T>& to) {
    std::array<T, piece> inside;
    for (std::size_t begin = 0; begin < x.size(); begin += piece) {
      std::array<double, piece> size{};
      std::size_t const count = std::min(piece, x.size() - begin);
      std::size_t n = 0;
      for (std::size_t i = 0; i != count; ++i) {
        T const w = std::abs(x[begin + i]);
        size[i] = static_cast<double>(w);
        inside[n] = w;
        n += static_cast<std::size_t>(size[i] > low_) & static_cast<std::size_t>(size[i] <= high_);
      }
      auto const [some, number] = above(size, high_);
      sum_ += some;
      count_ += number;
      to.insert(to.end(), inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(n));
    }
  }

  /// The best scale with all weights above the window and the largest of these; the first of equals.
  [[nodiscard]] double best_of(std::span<T const> x) const {
    std::vector<T> w(x.begin(), x.end());
    for (T& v : w) v = std::abs(v);
    std::ranges::sort(w, std::greater{});
    double a = sum_, n = count_, best = quality(a, n), scale = n > 0 ? a / n : 0;
    for (T const v : w) {
      a += static_cast<double>(v);
      n += 1;
      if (double const q = quality(a, n); q > best) {
        best = q;
        scale = a / n;
      }
    }
    return scale;
  }

  double low_ = 0, high_ = 0;   // the best threshold lies between
  double sum_ = 0, count_ = 0;  // of the magnitudes above high_
};

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
