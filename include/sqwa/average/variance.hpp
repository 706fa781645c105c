// SPDX-License-Identifier: BSD-3-Clause
// Which variance is meant: of the snapshots that were seen, or of those that might have been.
#ifndef SQWA_AVERAGE_VARIANCE_HPP
#define SQWA_AVERAGE_VARIANCE_HPP

#include <sqwa/core/config.hpp>

#include <cstdint>

namespace sqwa::inline SQWA_ABI {

/// What the sum of the squared deviations of n snapshots is divided by.
enum class variance : std::uint8_t {
  population,  ///< n: the variance of these snapshots
  unbiased     ///< n - 1: the estimate for the distribution that they come from; 0 for fewer than two
};

namespace detail {

/// The factor that turns summed squares of n snapshots into a variance; 0 where that is none.
constexpr double variance_factor(variance which, double n) noexcept {
  double const divisor = which == variance::population ? n : n - 1;
  return divisor > 0 ? 1 / divisor : 0;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
