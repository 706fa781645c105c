// SPDX-License-Identifier: BSD-3-Clause
// What a number format is: how many points it has and how its codes are stored.
#ifndef SQWA_QUANT_FORMAT_HPP
#define SQWA_QUANT_FORMAT_HPP

#include <sqwa/core/config.hpp>

#include <concepts>

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

}  // namespace sqwa::inline SQWA_ABI

#endif
