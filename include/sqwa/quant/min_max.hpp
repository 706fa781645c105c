// SPDX-License-Identifier: BSD-3-Clause
// The fit of affine formats that loses no weight: from the least to the largest.
#ifndef SQWA_QUANT_MIN_MAX_HPP
#define SQWA_QUANT_MIN_MAX_HPP

#include <sqwa/quant/format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// The outermost points fall on the least and the largest weight, after both were stretched to take in zero.
///
/// scale = (max(w, 0) - min(w, 0)) / (highest_code - lowest_code), zero_point = lowest_code - min(w, 0) / scale rounded
/// to the nearest code, ties to even (ONNX DynamicQuantizeLinear). Since the zero point is rounded, the outermost
/// weights may lie up to half a step beyond the points. An empty block and zeros give scale 0 and the lowest code. No
/// NaN, no infinity. Memory: none. Time: one pass.
struct min_max {
  template <real T, affine_format F>
  [[nodiscard]] affine_scale operator()(std::span<T const> block, F const&) const noexcept {
    constexpr double steps = F::highest_code - F::lowest_code;
    constexpr double largest = std::numeric_limits<float>::max();
    T low = 0;
    T high = 0;
    for (T w : block) {
      low = std::min(low, w);
      high = std::max(high, w);
    }
    double const least = std::max(static_cast<double>(low), -largest);
    double const range = std::min(static_cast<double>(high), largest) - least;
    auto scale = static_cast<float>(std::min(range / steps, largest / steps));
    if (static_cast<double>(scale) * steps > largest) scale = std::nextafter(scale, 0.0F);
    if (scale == 0) return {0, F::lowest_code};
    double const zero = std::rint(F::lowest_code - least / static_cast<double>(scale));
    return {scale, static_cast<std::int32_t>(std::min<double>(zero, F::highest_code))};
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
