// SPDX-License-Identifier: BSD-3-Clause
// The symmetric uniform format: an odd number of evenly spaced points around zero.
#ifndef SQWA_QUANT_SYMMETRIC_HPP
#define SQWA_QUANT_SYMMETRIC_HPP

#include <sqwa/quant/format.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Evenly spaced points around zero: value = code * scale with codes -(Levels - 1) / 2 … (Levels - 1) / 2.
///
/// Three levels are ternary weights, {-1, 0, +1} * scale. The scale multiplies the code; zero is always a point, so
/// there is no zero point. Memory: none.
template <int Levels>
  requires(Levels >= 3 && Levels <= 65535 && Levels % 2 == 1)
struct symmetric {
  static constexpr int levels = Levels;
  static constexpr int max_code = (Levels - 1) / 2;
  /// The width of a stored code: 2 for three levels, 3 for five and seven, 8 for 255.
  static constexpr int bits = static_cast<int>(std::bit_width(static_cast<unsigned>(Levels - 1)));
  /// The narrowest signed integer that holds every code.
  using code = std::conditional_t<(Levels <= 255), std::int8_t, std::int16_t>;

  /// All points of the format for one scale, in ascending order.
  [[nodiscard]] static constexpr std::array<float, Levels> grid(float scale) noexcept {
    std::array<float, Levels> points{};
    for (int c = -max_code; c <= max_code; ++c) {
      points[static_cast<std::size_t>(c + max_code)] = static_cast<float>(c) * scale;
    }
    return points;
  }

  bool operator==(symmetric const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
