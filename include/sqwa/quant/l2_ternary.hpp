// SPDX-License-Identifier: BSD-3-Clause
// The best scale of large ternary blocks without sorting them: bounds rule out nearly all weights first.
#ifndef SQWA_QUANT_L2_TERNARY_HPP
#define SQWA_QUANT_L2_TERNARY_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/kernels/portable_fits.hpp>
#include <sqwa/quant/magnitudes.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
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
/// again and sorted in the end. The first pass keeps the weights around a threshold that a sample suggests, so that
/// mostly there is no second one. Bounds allow for the rounding of their sums; what decides the result is summed in
/// double, in an order that the size alone determines.
///
/// Memory: an eighth of the block; all of it where the sample misleads. Time: where the bounds bite, two
/// to four passes of `l2_alternating`.
template <real T, any_backend B = backend<>>
class ternary_search {
 public:
  static constexpr std::size_t min_size = std::size_t{1} << 14;

  /// The scale; negative where the sample holds nothing but zeros.
  ///
  /// Models: x is finite and has at least `min_size` elements
  [[nodiscard]] static double run(std::span<T const> x, B const& where = {}) {
    auto const guess =
        static_cast<T>(alternate(std::span<T const>(sample(x, 4096)), T(1), 30, backend<typename B::kernels>{}) / 2);
    if (!(guess > 0)) return -1;
    thresholds const t{T(0.7) * guess, T(0.93) * guess, guess, T(1.07) * guess, T(1.3) * guess, 2 * guess};
    auto buffer = std::make_unique_for_overwrite<T[]>(x.size() / spread + 1);
    auto all = look<true>(x, buffer.get(), spread, t, t[1], t[3], where);
    ternary_search s;
    s.high_ = static_cast<T>(all.sums.tails.largest);
    s.narrow(t, all.sums.tails, x.size());
    if (all.complete && s.low_ >= t[1] && s.high_ <= t[3]) {
      s.low_ = t[1];
      s.high_ = t[3];
    } else {  // the sample misled
      buffer = std::make_unique_for_overwrite<T[]>(x.size());
      all = look<false>(x, buffer.get(), 1, t, s.low_, s.high_, where);
    }
    s.above_ = all.sums.above;
    std::span<T> rest(buffer.get(), all.inside);
    for (std::size_t before = x.size(); rest.size() > few && rest.size() <= before / 2;) {
      before = rest.size();
      thresholds u{};
      for (std::size_t k = 0; k != u.size(); ++k) {
        u[k] = s.low_ + (s.high_ - s.low_) * (static_cast<T>(k + 1) / static_cast<T>(u.size() + 1));
      }
      s.narrow(u, tails(std::span<T const>(rest), u, where), before);
      all = look<false>(rest, rest.data(), 1, u, s.low_, s.high_, where);
      s.above_ = s.above_ + all.sums.above;
      rest = rest.first(all.inside);
    }
    return s.best_of(rest);
  }

 private:
  static constexpr std::size_t few = 1024;  // so many are sorted
  static constexpr std::size_t spread = 8;  // the first pass keeps at most one weight in so many
  using thresholds = std::array<T, tail_table::thresholds>;

  /// What a pass over the weights sums up: the tails where asked, and what is above the window.
  struct pass_sums {
    tail_table tails;
    tail above;
    pass_sums operator+(pass_sums const& o) const { return {tails + o.tails, above + o.above}; }
  };

  /// Keeps what is in the window (low, high], and takes the tails too where asked; see `keep_some`.
  template <bool Tails>
  static kept<pass_sums> look(std::span<T const> x, T* to, std::size_t share, thresholds const& t, T low, T high,
                              B const& where) {
    return keep_some<pass_sums>(x, to, share, where, [&](std::span<T const> piece, T* inside, pass_sums& sums) {
      if constexpr (Tails) sums.tails = sums.tails + B::kernels::template tails<T>(piece, t);
      return B::kernels::template split<T>(piece, low, high, inside, sums.above);
    });
  }

  static double quality(double a, double n) noexcept { return n > 0 ? a * a / n : 0; }

  /// A new window from the tails of n weights at ascending thresholds; below the old window there is none of them.
  void narrow(thresholds const& t, tail_table const& now, std::size_t n) {
    constexpr double off = tail_error<T>;
    double best = quality(above_.sum, above_.count);
    for (tail const& s : now.above) {
      best = std::max(best, quality(above_.sum + s.sum * (1 - off), above_.count + s.count));
    }
    best *= 1 - 1e-12;
    auto const maybe = [&](double sum, double count) {
      return quality(above_.sum + sum, above_.count + count) >= best;
    };
    T low = high_, high = low_, next = high_;
    tail beyond;
    auto const look_at = [&](T from_t, double sum, double count) {  // the weights above from_t, at most
      if (next > from_t) {
        auto const from = static_cast<double>(from_t), to = static_cast<double>(next);
        double const m = count - beyond.count, between = sum - beyond.sum * (1 - off);
        double const meet = std::clamp((between - m * from) / (to - from), 0.0, m);
        double const top = beyond.sum * (1 + off);
        if (maybe(top, beyond.count) || maybe(top + meet * to, beyond.count + meet) || maybe(sum - from, count - 1)) {
          low = from_t;
          high = std::max(high, next);
        }
      }
      next = from_t;
    };
    for (std::size_t k = t.size(); k-- != 0;) {
      look_at(t[k], now.above[k].sum * (1 + off), now.above[k].count);
      beyond = now.above[k];
    }
    double const m = static_cast<double>(n) - beyond.count;
    look_at(low_, beyond.sum * (1 + off) + m * static_cast<double>(next), static_cast<double>(n));
    low_ = low;
    high_ = high;
  }

  /// The best scale with all weights above the window and the largest of these; the first of equals.
  [[nodiscard]] double best_of(std::span<T> w) const {
    std::ranges::sort(w, [](T a, T b) { return a > b; });
    double a = above_.sum, n = above_.count, best = quality(a, n), scale = n > 0 ? a / n : 0;
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

  T low_ = 0, high_ = 0;  // the best threshold lies between
  tail above_;            // the magnitudes above high_
};

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
