// SPDX-License-Identifier: BSD-3-Clause
// Normally distributed random numbers as a pure function of where they are used, with the same bits everywhere.
#ifndef SQWA_CORE_NORMAL_HPP
#define SQWA_CORE_NORMAL_HPP

#include <sqwa/core/math.hpp>
#include <sqwa/core/noise.hpp>

#include <cmath>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

/// A number of the standard normal distribution, within ±6.67: entry i of a table that is never stored.
///
/// It is made of the entries 2 i and 2 i + 1 of `u`: sqrt(-2 ln a) cos(2 pi b) for a in (0, 1] and b in [0, 1),
/// multiples of 2^-32. G. Box, M. Muller, "A note on the generation of random normal deviates", 1958.
///
/// i below 2^49 give distinct entries. Memory: none. Time: two Philox blocks for each call.
[[nodiscard]] inline double normal(noise const& u, std::uint64_t i) noexcept {
  double const radius = std::sqrt(-2 * detail::log((static_cast<double>(u.bits(2 * i)) + 1) * 0x1p-32));
  double const half_turns = static_cast<double>(u.bits(2 * i + 1)) * 0x1p-31;
  return radius * detail::cos_pi(half_turns <= 1 ? half_turns : 2 - half_turns);
}

}  // namespace sqwa::inline SQWA_ABI

#endif
