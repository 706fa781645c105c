// SPDX-License-Identifier: BSD-3-Clause
// How the scale of a block is chosen: the concept and the simple rules. The least-squares optimum is in l2.hpp.
#ifndef SQWA_QUANT_FIT_HPP
#define SQWA_QUANT_FIT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Picks the scale of a block for a format.
///
/// Models: finite for finite values, never negative, 0 for an empty or all-zero block; the same bits on every machine.
template <class F, class Format>
concept fit = std::semiregular<F> && number_format<Format> &&
              requires(F const f, std::span<float const> block, std::span<double const> wide, Format const format) {
                { f(block, format) } -> std::same_as<float>;
                { f(wide, format) } -> std::same_as<float>;
              };

/// The scale at which the largest magnitude is the outermost point.
struct max_abs {
  template <real T, number_format Format>
  float operator()(std::span<T const> block, Format const&) const {
    T m = 0;
    for (T w : block) m = std::max(m, std::abs(w));
    return static_cast<float>(m / static_cast<T>(Format::max_code));
  }
};

/// The rule of ternary weight networks (Li, Zhang, Liu 2016, eq. 6): the mean magnitude of the weights above 0.7 mean |w|.
///
/// With this scale, rounding to nearest uses the threshold scale / 2 rather than the rule's own.
struct mean_abs {
  template <real T, number_format Format>
    requires(Format::levels == 3)
  float operator()(std::span<T const> block, Format const&) const {
    double total = 0;
    for (T w : block) total += std::abs(static_cast<double>(w));
    double const threshold = block.empty() ? 0 : 0.7 * total / static_cast<double>(block.size());
    double above = 0;
    double count = 0;
    for (T w : block) {
      double const m = std::abs(static_cast<double>(w));
      if (m > threshold) {
        above += m;
        count += 1;
      }
    }
    return count == 0 ? 0.0F : static_cast<float>(above / count);
  }
};

/// A scale given beforehand. All-zero blocks get it too.
struct fixed {
  float scale = 1;

  /// @pre scale is finite and not negative
  template <real T, number_format Format>
  float operator()(std::span<T const>, Format const&) const {
    expects(std::isfinite(scale) && scale >= 0, "fixed: a scale of {}", scale);
    return scale;
  }
};

/// Least squares by alternation: codes nearest at this scale, scale <w, c> / <c, c> at these codes, until the codes stand still.
///
/// Starts at mean |w| · 2 / max_code, at most 100 rounds. Ends at a fixed point, which need not be the optimum: see `l2`.
/// Memory: none. Time: two passes a round.
struct l2_alternating {
  template <real T, number_format Format>
  float operator()(std::span<T const> block, Format const&) const {
    double total = 0;
    for (T w : block) total += std::abs(static_cast<double>(w));
    if (total == 0) return 0;
    constexpr double limit = Format::max_code;
    double scale = 2 * total / static_cast<double>(block.size()) / limit;
    for (int round = 0; round != 100 && scale > 0; ++round) {
      double wc = 0;
      double cc = 0;
      for (T w : block) {
        double const m = std::abs(static_cast<double>(w));
        double const c = std::rint(std::min(m / scale, limit));
        wc += m * c;
        cc += c * c;
      }
      double const next = cc > 0 ? wc / cc : scale / 2;  // all codes zero: the scale was far too large
      if (next == scale) break;
      scale = next;
    }
    return static_cast<float>(scale);
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
