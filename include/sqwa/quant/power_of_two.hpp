// SPDX-License-Identifier: BSD-3-Clause
// Zero and signed powers of two: a product with a weight is a shift.
#ifndef SQWA_QUANT_POWER_OF_TWO_HPP
#define SQWA_QUANT_POWER_OF_TWO_HPP

#include <sqwa/quant/point_format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

/// 0 and ±2^-k for k = 0 … 2^(Bits - 1) - 2; codes count from the lowest point, so zero is the middle code.
///
/// The largest point is 1: the scale is the largest value. Two bits are ternary weights, four reach from 2^-6 to 1,
/// eight from 2^-126. As in A. Zhou et al., "Incremental network quantization", arXiv 1702.03044, section 2.1, with as
/// many points as the bits hold on both sides of zero. One code of 2^Bits means nothing. Memory: none.
template <int Bits>
  requires(Bits >= 2 && Bits <= 8)
struct power_of_two {
  static constexpr int bits = Bits;
  static constexpr int levels = (1 << Bits) - 1;
  using code = std::uint8_t;

  [[nodiscard]] static constexpr std::array<float, std::size_t{levels}> points() noexcept {
    constexpr std::size_t zero = levels / 2;
    std::array<float, std::size_t{levels}> all{};
    float power = 1;
    for (std::size_t k = 0; k != zero; ++k, power /= 2) {
      all[k] = -power;
      all[2 * zero - k] = power;
    }
    return all;
  }

  bool operator==(power_of_two const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
