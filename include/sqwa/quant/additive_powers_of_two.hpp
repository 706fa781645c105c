// SPDX-License-Identifier: BSD-3-Clause
// Signed sums of a few powers of two: close together at zero, yet not too far apart at the ends.
#ifndef SQWA_QUANT_ADDITIVE_POWERS_OF_TWO_HPP
#define SQWA_QUANT_ADDITIVE_POWERS_OF_TWO_HPP

#include <sqwa/quant/point_format.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

/// Plus or minus a sum of `Terms` powers of two, each chosen by `Base` bits.
///
/// Y. Li, X. Dong, W. Wang, "Additive powers-of-two quantization", arXiv 1909.13144, eq. 5: with n terms of k bits,
/// term i is one of 0, 2^-i, 2^-(i + n), …, 2^-(i + (2^k - 2) n). All 2^(kn) sums differ; with a bit for the sign that
/// makes 2 * 2^(kn) - 1 points. The paper's factor that brings the largest sum to 1 is left to the scale, so that the
/// points are exact. Codes count from the lowest point, so zero is the middle code; one code means nothing.
/// `additive_powers_of_two<1, n>` is evenly spaced, `<k, 1>` is `power_of_two<k + 1>`. Memory: none.
template <int Base, int Terms>
  requires(Base >= 1 && Terms >= 1 && Base * Terms <= 7)
struct additive_powers_of_two {
  static constexpr int bits = Base * Terms + 1;
  static constexpr int levels = (1 << bits) - 1;
  using code = std::uint8_t;

  [[nodiscard]] static constexpr std::array<float, std::size_t{levels}> points() noexcept {
    constexpr std::size_t zero = levels / 2;
    std::array<float, zero + 1> sums{};
    std::size_t count = 1;  // the sums of the terms so far
    float start = 1;
    for (int i = 0; i != Terms; ++i, start /= 2) {
      std::size_t const before = count;
      float power = start;
      for (int choice = 1; choice != 1 << Base; ++choice) {
        for (std::size_t s = 0; s != before; ++s) sums[count++] = sums[s] + power;
        for (int n = 0; n != Terms; ++n) power /= 2;
      }
    }
    std::ranges::sort(sums);
    std::array<float, std::size_t{levels}> all{};
    for (std::size_t i = 1; i <= zero; ++i) {
      all[zero + i] = sums[i];
      all[zero - i] = -sums[i];
    }
    return all;
  }

  bool operator==(additive_powers_of_two const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
