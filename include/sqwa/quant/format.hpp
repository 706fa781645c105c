// SPDX-License-Identifier: BSD-3-Clause
// What a number format is: how many points it has and how its codes are stored.
#ifndef SQWA_QUANT_FORMAT_HPP
#define SQWA_QUANT_FORMAT_HPP

#include <sqwa/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// A low-bit number format: how many points a weight can take, and the bits in which the choice is stored.
///
/// A format holds parameters, never data. It neither chooses scales (see `fit`) nor rounds (see `rounding`).
/// Models: `levels` codes fit into `bits` bits.
template <class F>
concept number_format = requires {  // before semiregular: it must not ask a type that takes any format to copy itself
  { F::levels } -> std::convertible_to<int>;
  { F::bits } -> std::convertible_to<int>;
}
&&std::semiregular<F>;

/// A `number_format` whose points are the multiples `code * scale`, `code` being an integer within ±`max_code`.
template <class F>
concept uniform_format = number_format<F> && std::signed_integral<typename F::code> && requires {
  { F::max_code } -> std::convertible_to<int>;
};

/// A `number_format` with value = (code - zero_point) * scale, the codes within lowest_code … highest_code.
template <class F>
concept affine_format = number_format<F> && std::unsigned_integral<typename F::code> && requires {
  { F::lowest_code } -> std::convertible_to<int>;
  { F::highest_code } -> std::convertible_to<int>;
};

/// What an affine format stores for a block. The zero point is the code of the value 0.
struct affine_scale {
  float scale = 0;
  std::int32_t zero_point = 0;

  bool operator==(affine_scale const&) const = default;
};

/// What a format stores for a block beside its codes, and what a fit chooses: a float, or an `affine_scale`.
template <class F>
using scale_of = std::conditional_t<affine_format<F>, affine_scale, float>;

}  // namespace sqwa::inline SQWA_ABI

#endif
