// SPDX-License-Identifier: BSD-3-Clause
// Floating-point numbers of at most eight bits.
#ifndef SQWA_QUANT_MINIFLOAT_HPP
#define SQWA_QUANT_MINIFLOAT_HPP

#include <sqwa/quant/point_format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sqwa::inline SQWA_ABI {

/// Which patterns of a minifloat are no finite number.
enum class specials {
  none,      ///< all are finite
  nan_only,  ///< exponent and mantissa all ones: NaN; there is no infinity
  ieee,      ///< exponent all ones: infinity where the mantissa is 0, else NaN
};

/// Sign, exponent and mantissa, from the highest bit to the lowest; denormals as in IEEE 754, bias 2^(Exponent - 1)
/// - 1.
///
/// The points are the finite values; a code is the pattern. Zero is coded as +0; -0, infinities and NaN are decoded but
/// never made: what lies beyond the largest finite value becomes that value (the OCP specification's saturating
/// conversion). So `nearest_even` is rounding to the even mantissa. Memory: none.
template <int Exponent, int Mantissa, specials Specials = specials::none>
  requires(Exponent >= 1 && Mantissa >= 0 && Exponent + Mantissa <= 7 && (Specials == specials::none || Mantissa >= 1))
struct minifloat {
  static constexpr int exponent_bits = Exponent;
  static constexpr int mantissa_bits = Mantissa;
  static constexpr int bits = 1 + Exponent + Mantissa;
  static constexpr int bias = (1 << (Exponent - 1)) - 1;
  /// How many finite values are above zero.
  static constexpr int positives = (1 << (Exponent + Mantissa)) - 1 -
                                   (Specials == specials::none       ? 0
                                    : Specials == specials::nan_only ? 1
                                                                     : 1 << Mantissa);
  static constexpr int levels = 2 * positives + 1;
  /// The exponent of the largest finite value: floor(log2).
  static constexpr int max_exponent = (positives >> Mantissa) - bias;
  using code = std::uint8_t;

  [[nodiscard]] static constexpr std::array<float, std::size_t{levels}> points() noexcept {
    std::array<float, std::size_t{levels}> all{};
    for (std::size_t i = 1; i <= positives; ++i) {
      all[positives + i] = magnitude(static_cast<unsigned>(i));
      all[positives - i] = -magnitude(static_cast<unsigned>(i));
    }
    return all;
  }

  /// The code of point i.
  /// Models: i < levels
  [[nodiscard]] static constexpr code pattern(std::size_t i) noexcept {
    return static_cast<code>(i >= positives ? i - positives : sign | (positives - i));
  }

  /// The point of a code, the same for both zeros; `levels` for infinity, NaN and patterns above `bits` bits.
  [[nodiscard]] static constexpr std::size_t index(code c) noexcept {
    std::size_t const m = c & (sign - 1);
    if (m > positives || c >= 2 * sign) return levels;
    return (c & sign) != 0 ? positives - m : positives + m;
  }

  /// What a code means: a finite value, -0, infinity or NaN. Bits above `bits` are not looked at.
  [[nodiscard]] static constexpr float value(code c) noexcept {
    unsigned const m = c & (sign - 1);
    float const v = m <= positives                                     ? magnitude(m)
                    : Specials == specials::ieee && m == positives + 1 ? std::numeric_limits<float>::infinity()
                                                                       : std::numeric_limits<float>::quiet_NaN();
    return (c & sign) != 0 ? -v : v;
  }

  bool operator==(minifloat const&) const = default;

 private:
  static constexpr unsigned sign = 1U << (Exponent + Mantissa);

  static constexpr float magnitude(unsigned m) noexcept {
    constexpr unsigned one = 1U << Mantissa;
    unsigned const e = m >> Mantissa;
    auto v = static_cast<float>(e == 0 ? m : one + m % one);  // in units of the last place
    for (int k = Mantissa + bias - (e == 0 ? 1 : static_cast<int>(e)); k != 0; k += k > 0 ? -1 : 1) {
      v = k > 0 ? v / 2 : v * 2;
    }
    return v;
  }
};

/// 8 bits with infinity and NaN, to 57,344 (OCP 8-bit floating point specification; IEEE 754 in the small).
using e5m2 = minifloat<5, 2, specials::ieee>;
/// 8 bits with NaN and without infinity, to 448 (OCP 8-bit floating point specification; elsewhere "e4m3fn").
using e4m3 = minifloat<4, 3, specials::nan_only>;
/// 6 bits, all finite, to 28 (OCP microscaling formats specification).
using e3m2 = minifloat<3, 2>;
/// 6 bits, all finite, to 7.5 (OCP microscaling formats specification).
using e2m3 = minifloat<2, 3>;
/// 4 bits, all finite: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives (OCP microscaling formats specification).
using e2m1 = minifloat<2, 1>;

}  // namespace sqwa::inline SQWA_ABI

#endif
