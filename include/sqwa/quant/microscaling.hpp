// SPDX-License-Identifier: BSD-3-Clause
// Block floating point: blocks that share a power of two, as in the OCP microscaling formats.
#ifndef SQWA_QUANT_MICROSCALING_HPP
#define SQWA_QUANT_MICROSCALING_HPP

#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/magnitudes.hpp>
#include <sqwa/quant/minifloat.hpp>  // IWYU pragma: export
#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// The largest power of two by which the block's largest magnitude and the format's largest point have the same
/// exponent: scale = 2^(floor(log2 max|w|) - floor(log2 max|point|)).
///
/// OCP microscaling formats specification 1.0, section 6.3. With `mx_groups`, `nearest_even` and the formats e5m2,
/// e4m3, e3m2, e2m3 and e2m1 that is MXFP8, MXFP6 and MXFP4; with symmetric<2^b - 1> it is block floating point with a
/// sign and b - 1 digits. Magnitudes between the outermost point and the next power of two become the outermost point.
/// `e8m0` holds every result: a block that is empty, all zeros or too small gives 2^-127, since there is no 0; above,
/// the scale ends where its product with the outermost point would not be finite. No NaN, no infinity. Memory: none.
/// Time: one pass.
struct mx_scale {
  template <real T, class F>
    requires requires(F const& format) {
      { outermost_point(format) } -> std::same_as<float>;
    }
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    auto const most = static_cast<double>(detail::largest_magnitude(block));
    if (most == 0) return e8m0::decode(0);
    int const power = std::min(std::ilogb(most), 127) - std::ilogb(outermost_point(format));
    return std::ldexp(1.0F, std::clamp(power, -127, 127));
  }
};

/// The blocks of the OCP microscaling formats: 32 consecutive values.
inline constexpr per_group mx_groups{.size = 32};

}  // namespace sqwa::inline SQWA_ABI

#endif
