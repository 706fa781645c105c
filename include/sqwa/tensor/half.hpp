// SPDX-License-Identifier: BSD-3-Clause
// Floats of 16 bits, which are read and never computed with; and what a float snapshot is: a tensor of any float type.
#ifndef SQWA_TENSOR_HALF_HPP
#define SQWA_TENSOR_HALF_HPP

#include <sqwa/tensor/adapter.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// IEEE 754 half precision: 11 digits, 2^-24 to 65,504, signed zeros, infinities and NaN. Equal means equal bits.
struct float16 {
  std::uint16_t bits = 0;

  /// The nearest half, ties to even; from 65,520 on infinity. A NaN stays one.
  [[nodiscard]] static constexpr float16 nearest(float x) noexcept {
    auto const all = std::bit_cast<std::uint32_t>(x);
    std::uint32_t const sign = all >> 16 & 0x8000U;
    std::uint32_t const a = all & 0x7FFF'FFFFU;
    std::uint32_t h = 0x7C00U;
    if (a > 0x7F80'0000U) {
      h = 0x7E00U | (a >> 13 & 0x3FFU);
    } else if (a < 0x3880'0000U) {  // below 2^-14 halves are 2^-24 apart, as are floats from 0.5 on
      h = std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + 0.5F) - 0x3F00'0000U;
    } else if (a < 0x477F'F000U) {
      h = ((a + 0xFFFU + (a >> 13 & 1U)) >> 13) - (112U << 10);
    }
    return {static_cast<std::uint16_t>(h | sign)};
  }

  /// Exactly this number.
  explicit constexpr operator float() const noexcept {
    std::uint32_t const m = bits & 0x7FFFU;
    std::uint32_t const sign = (bits & 0x8000U) << 16;
    float const v = m < 0x400U    ? static_cast<float>(m) * 0x1p-24F
                    : m < 0x7C00U ? std::bit_cast<float>((m << 13) + (112U << 23))
                                  : std::bit_cast<float>(0x7F80'0000U | (m & 0x3FFU) << 13);
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) | sign);
  }
  bool operator==(float16 const&) const = default;
};

/// The upper half of a float: 8 digits and float's range. Equal means equal bits.
struct bfloat16 {
  std::uint16_t bits = 0;

  /// The nearest bfloat16, ties to even; beyond the largest one infinity. A NaN stays one.
  [[nodiscard]] static constexpr bfloat16 nearest(float x) noexcept {
    auto const all = std::bit_cast<std::uint32_t>(x);
    if ((all & 0x7FFF'FFFFU) > 0x7F80'0000U) return {static_cast<std::uint16_t>(all >> 16 | 0x40U)};
    return {static_cast<std::uint16_t>((all + 0x7FFFU + (all >> 16 & 1U)) >> 16)};
  }

  /// Exactly this number.
  explicit constexpr operator float() const noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
  bool operator==(bfloat16 const&) const = default;
};

/// A float of 16 bits: `float16`, `bfloat16`, the compiler's own, or that of another library. No integer is one.
///
/// Models: converting to float is exact.
template <class T>
concept half = std::is_trivially_copyable_v<T> && sizeof(T) == 2 && !std::integral<T> && !std::is_enum_v<T> &&
               requires(T const x) {
  static_cast<float>(x);
};

namespace detail {

template <class S>
inline constexpr bool half_span = false;
template <class T>
  requires half<std::remove_const_t<T>>
inline constexpr bool half_span<std::span<T>> = true;

/// An element of a snapshot as float or double, exactly. T is not narrower than the element.
template <real T, class E>
[[nodiscard]] constexpr T widened(E x) noexcept {
  if constexpr (real<E>) {
    return static_cast<T>(x);
  } else {
    return static_cast<T>(static_cast<float>(x));
  }
}

}  // namespace detail

/// A type whose elements can be read as one run of 16-bit floats. It is no `tensor`: nothing computes in 16 bits.
template <class T>
concept half_tensor = detail::adapted < std::remove_reference_t<T>
const > &&detail::half_span<detail::elements_of<std::remove_reference_t<T> const>>;

/// What averages take in: a tensor of float or double, or one of 16-bit floats.
template <class T>
concept float_snapshot = tensor<T> || half_tensor<T>;

/// What a snapshot is made of: float, double or a 16-bit float.
template <float_snapshot T>
using snapshot_element =
    std::remove_const_t<typename detail::elements_of<std::remove_reference_t<T> const>::element_type>;

/// All elements of a snapshot, to read. The span lives as long as the elements do.
template <float_snapshot T>
[[nodiscard]] constexpr auto snapshot_values(T const& t) noexcept {
  return std::span<snapshot_element<T> const>(adapter<std::remove_cvref_t<T>>::elements(t));
}

}  // namespace sqwa::inline SQWA_ABI

#endif
