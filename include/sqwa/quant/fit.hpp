// SPDX-License-Identifier: BSD-3-Clause
// How the scale of a block is chosen: the concept and the short rules; the best scale has a header of its own, l2.hpp.
#ifndef SQWA_QUANT_FIT_HPP
#define SQWA_QUANT_FIT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/magnitudes.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Chooses the scale of a block of weights for a format.
///
/// A fit that can also be called with a backend as third argument is given one by `fit_scales`.
/// Models: the scale is finite and at least 0, and so are its products with all points of the format; a zero point is a
/// code; the same block gives the same bits everywhere. A block that is empty or all zeros gives 0 (but for `fixed` and
/// scales that are stored in a format without 0). The block holds neither NaN nor infinity.
template <class Fit, class Format>
concept fit = std::semiregular<Fit> && number_format<Format> &&
    requires(Fit const f, std::span<float const> x, std::span<double const> y, Format const& format) {
  { f(x, format) } -> std::same_as<scale_of<Format>>;
  { f(y, format) } -> std::same_as<scale_of<Format>>;
};

namespace detail {

/// The float nearest to `scale` whose product with the outermost point is finite. Below float's range: 0.
inline float finite_scale(double scale, double outermost) noexcept {
  constexpr double largest = std::numeric_limits<float>::max();
  auto const s = static_cast<float>(std::min(scale, largest / std::max(outermost, 1.0)));
  return static_cast<double>(s) * outermost <= largest ? s : std::nextafter(s, 0.0F);
}

}  // namespace detail

/// The outermost points of the format fall on the largest magnitude: scale = max|w| / max_code.
///
/// Of a format that lists its points: max|w| / the largest magnitude among the points, on whichever side of zero each
/// of the two lies. Memory: none. Time: one pass.
struct max_abs {
  /// A block that holds NaN or infinity gives NaN: `fit_scales` need not look at the weights before.
  static constexpr bool tells_non_finite = true;

  template <real T, uniform_format F, any_backend B = backend<>>
  [[nodiscard]] float operator()(std::span<T const> block, F const&, B const& where = {}) const {
    return scale(block, F::max_code, where);
  }
  template <real T, point_format F, any_backend B = backend<>>
  [[nodiscard]] float operator()(std::span<T const> block, F const& format, B const& where = {}) const {
    return scale(block, static_cast<double>(outermost_point(format)), where);
  }

 private:
  template <real T, any_backend B>
  static float scale(std::span<T const> block, double outermost, B const& where) {
    auto const largest = static_cast<double>(detail::largest_finite_magnitude(block, where));
    return largest == largest ? detail::finite_scale(largest / outermost, outermost)
                              : std::numeric_limits<float>::quiet_NaN();
  }
};

/// The scale of ternary weight networks: the mean of those |w| that exceed 0.7 times the mean of all |w|.
///
/// F. Li, B. Zhang, B. Liu, "Ternary weight networks", arXiv 1605.04711, section 2.2. Codes are chosen by rounding as
/// for every other fit, so a weight becomes 0 below half the scale, not below 0.7 mean|w|. Formats of three levels
/// only. Memory: none. Time: two passes.
struct mean_abs {
  template <real T, uniform_format F>
    requires(F::levels == 3)
  [[nodiscard]] float operator()(std::span<T const> block, F const&) const noexcept {
    if (block.empty()) return 0;
    double all = 0;
    for (T w : block) all += static_cast<double>(std::abs(w));
    if (all > std::numeric_limits<double>::max()) return detail::finite_scale(all, F::max_code);  // far above floats
    double const threshold = 0.7 * (all / static_cast<double>(block.size()));
    double above = 0;
    double count = 0;
    for (T w : block) {
      auto const m = static_cast<double>(std::abs(w));
      if (m > threshold) {
        above += m;
        count += 1;
      }
    }
    return count == 0 ? 0 : detail::finite_scale(above / count, F::max_code);
  }
};

/// The same scale for every block, whatever it holds: a step that was chosen elsewhere.
struct fixed {
  float scale = 1;
  std::int32_t zero_point = 0;  ///< of affine formats; others do not look at it

  /// @pre scale is finite and >= 0, and so is scale * max_code
  template <real T, uniform_format F>
  [[nodiscard]] float operator()(std::span<T const>, F const&) const {
    expects(scale >= 0 && scale <= std::numeric_limits<float>::max() / static_cast<float>(F::max_code),
            "fixed: the scale {} with codes to {}", scale, F::max_code);
    return scale;
  }
  /// @pre scale is finite and >= 0, and so is its product with the outermost point
  template <real T, point_format F>
  [[nodiscard]] float operator()(std::span<T const>, F const& format) const {
    float const outermost = outermost_point(format);
    expects(scale >= 0 && scale <= largest && scale * outermost <= largest, "fixed: the scale {} with points to {}",
            scale, outermost);
    return scale;
  }
  /// @pre zero_point is a code; scale is finite and >= 0, and so is its product with the number of steps
  template <real T, affine_format F>
  [[nodiscard]] affine_scale operator()(std::span<T const>, F const&) const {
    constexpr int steps = F::highest_code - F::lowest_code;
    expects(scale >= 0 && scale <= largest / static_cast<float>(steps), "fixed: the scale {} with {} steps", scale,
            steps);
    expects(zero_point >= F::lowest_code && zero_point <= F::highest_code,
            "fixed: the zero point {} with codes {} to {}", zero_point, F::lowest_code, F::highest_code);
    return {scale, zero_point};
  }

 private:
  static constexpr float largest = std::numeric_limits<float>::max();
};

/// A scale that its own codes would choose again: codes <- the nearest, scale <- <w, c> / <c, c>, until it stands
/// still.
///
/// The classical rule, here for comparison: in large blocks `l2` is faster. May come to rest beside the best scale.
/// Starts from 2 mean|w| / max_code; a start at which every code is 0 is halved. Codes are those of the product with
/// the reciprocal of the scale. Stops after `max_rounds` at the latest.
///
/// Of a format that lists its points, the points take the place of the codes and the largest magnitude among them that
/// of max_code; where <w, points> is not positive, the scale is 0.
/// Memory: none; the points on the stack. Time: one pass a round; a few dozen rounds are common.
struct l2_alternating {
  int max_rounds = 100;

  template <real T, uniform_format F, any_backend B = backend<>>
  [[nodiscard]] float operator()(std::span<T const> block, F const&, B const& where = {}) const {
    return detail::finite_scale(detail::alternate(block, static_cast<T>(F::max_code), max_rounds, where), F::max_code);
  }

  /// @pre the points are finite and strictly ascending
  template <real T, point_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    point_chooser<F> const points(format);
    auto const outermost = static_cast<double>(outermost_point(format));
    double all = 0;
    for (T w : block) all += static_cast<double>(std::abs(w));
    double scale = block.empty() ? 0 : 2 * all / static_cast<double>(block.size()) / outermost;
    for (int round = 0; round < max_rounds && scale > 0; ++round) {
      double products = 0;
      double squares = 0;
      for (T w : block) {
        double const point = points.point(points.nearest(static_cast<double>(w) / scale));
        products += static_cast<double>(w) * point;
        squares += point * point;
      }
      double const next = squares > 0 ? std::max(products / squares, 0.0) : scale / 2;
      if (next == scale) break;
      scale = next;
    }
    return detail::finite_scale(scale, outermost);
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
