// SPDX-License-Identifier: BSD-3-Clause
// The number formats in which scales are stored, and fits whose scales those formats hold exactly.
#ifndef SQWA_QUANT_SCALE_FORMAT_HPP
#define SQWA_QUANT_SCALE_FORMAT_HPP

#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// How a scale is stored.
///
/// `encode` rounds to the nearest scale, ties to the even code, and to the largest there is beyond it; `decode` is
/// exact.
/// Models: codes of larger scales are larger; encode(decode(c)) == c for every code of a finite scale >= 0
template <class S>
concept scale_format = std::semiregular<S> && std::unsigned_integral<typename S::code> &&
    requires(float scale, typename S::code c) {
  { S::bits } -> std::convertible_to<int>;
  { S::encode(scale) }
  noexcept->std::same_as<typename S::code>;
  { S::decode(c) }
  noexcept->std::same_as<float>;
};

/// 32 bits: every scale as it is.
struct f32 {
  static constexpr int bits = 32;
  using code = std::uint32_t;
  /// Models: scale is finite and >= 0
  [[nodiscard]] static constexpr code encode(float scale) noexcept { return std::bit_cast<code>(scale + 0.0F); }
  [[nodiscard]] static constexpr float decode(code c) noexcept { return std::bit_cast<float>(c); }
};

/// IEEE 754 half precision: 11 digits, 2^-24 to 65,504. What lies below 2^-25 becomes 0.
struct f16 {
  static constexpr int bits = 16;
  using code = std::uint16_t;

  /// Models: scale is finite and >= 0
  [[nodiscard]] static constexpr code encode(float scale) noexcept {
    constexpr std::uint32_t rebias = (127U - 15U) << 10;
    auto const x = std::bit_cast<std::uint32_t>(scale + 0.0F);
    if (scale < 0x1p-14F) return static_cast<code>(std::bit_cast<std::uint32_t>(scale + 0.5F) - 0x3F00'0000U);
    std::uint32_t const c = ((x + 0xFFFU + (x >> 13 & 1U)) >> 13) - rebias;
    return static_cast<code>(c < 0x7C00U ? c : 0x7BFFU);
  }

  /// Negative numbers, infinity and NaN are decoded too, though they are no scales.
  [[nodiscard]] static constexpr float decode(code c) noexcept {
    std::uint32_t const m = c & 0x7FFFU;
    std::uint32_t const sign = (c & 0x8000U) << 16;
    float const v = m < 0x400U    ? static_cast<float>(m) * 0x1p-24F
                    : m < 0x7C00U ? std::bit_cast<float>((m << 13) + ((127U - 15U) << 23))
                                  : std::bit_cast<float>(0x7F80'0000U | (m & 0x3FFU) << 13);
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) | sign);
  }
};

/// The upper half of a float: 8 digits, float's range.
struct bf16 {
  static constexpr int bits = 16;
  using code = std::uint16_t;

  /// Models: scale is finite and >= 0
  [[nodiscard]] static constexpr code encode(float scale) noexcept {
    auto const x = std::bit_cast<std::uint32_t>(scale + 0.0F);
    std::uint32_t const c = (x + 0x7FFFU + (x >> 16 & 1U)) >> 16;
    return static_cast<code>(c < 0x7F80U ? c : 0x7F7FU);
  }
  [[nodiscard]] static constexpr float decode(code c) noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(c) << 16);
  }
};

/// A power of two in 8 bits, 2^(code - 127); code 255 is NaN (OCP microscaling formats specification).
///
/// There is no zero: what lies below becomes 2^-127. Nearest in value: 1.5 times a power is a tie.
struct e8m0 {
  static constexpr int bits = 8;
  using code = std::uint8_t;

  /// Models: scale is finite and >= 0
  [[nodiscard]] static constexpr code encode(float scale) noexcept {
    auto const x = std::bit_cast<std::uint32_t>(scale + 0.0F);
    std::uint32_t const power = x >> 23;
    std::uint32_t const rest = x & 0x7F'FFFFU;
    if (power == 0) return rest > 0x60'0000U ? 1 : 0;  // 2^-127 and 2^-126 are 0x40'0000 and 0x80'0000 units
    std::uint32_t const c = power + (rest > 0x40'0000U || (rest == 0x40'0000U && power % 2 != 0) ? 1 : 0);
    return static_cast<code>(c < 255 ? c : 254);
  }
  [[nodiscard]] static constexpr float decode(code c) noexcept {
    return c == 255 ? std::numeric_limits<float>::quiet_NaN()
           : c == 0 ? 0x1p-127F
                    : std::bit_cast<float>(static_cast<std::uint32_t>(c) << 23);
  }
};

/// The nearest scale that a format holds, ties to the even code. Beyond the largest one: that.
/// Models: scale is finite and >= 0
template <scale_format S>
[[nodiscard]] constexpr float round_scale(float scale, S const& = {}) noexcept {
  return S::decode(S::encode(scale));
}

/// The fit's scale, rounded to what a scale format holds exactly.
///
/// Where the product of the rounded scale and the outermost point is not finite, the next lower scale is taken. A
/// block of zeros gives 0 but in `e8m0`, which has no 0. Zero points stay as they are. A fit that takes a backend gets
/// one. Memory and time: those of the fit.
template <scale_format Stored, class Fit>
struct stored_as {
  Stored stored{};
  Fit inner{};

  template <real T, class F>
    requires requires(Fit const f, std::span<T const> x, F const& format) {
      { f(x, format) } -> std::same_as<float>;
      outermost_point(format);
    }
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    return rounded(inner(block, format), outermost_point(format));
  }
  template <real T, affine_format F>
    requires fit<Fit, F>
  [[nodiscard]] affine_scale operator()(std::span<T const> block, F const& format) const {
    auto const [scale, zero] = inner(block, format);
    return {rounded(scale, static_cast<float>(F::highest_code - F::lowest_code)), zero};
  }
  template <real T, class F, class Backend>
    requires requires(Fit const f, std::span<T const> x, F const& format, Backend const& where) {
      { f(x, format, where) } -> std::same_as<float>;
      outermost_point(format);
    }
  [[nodiscard]] float operator()(std::span<T const> block, F const& format, Backend const& where) const {
    return rounded(inner(block, format, where), outermost_point(format));
  }

 private:
  static float rounded(float scale, float outermost) noexcept {
    auto c = Stored::encode(scale);
    if (!std::isfinite(Stored::decode(c) * outermost)) --c;
    return Stored::decode(c);
  }
};
template <class Stored, class Fit>
stored_as(Stored, Fit) -> stored_as<Stored, Fit>;

}  // namespace sqwa::inline SQWA_ABI

#endif
