// SPDX-License-Identifier: BSD-3-Clause
// How far apart two numbers are, counted in the doubles between them.
#ifndef SQWA_TESTS_SUPPORT_ULPS_HPP
#define SQWA_TESTS_SUPPORT_ULPS_HPP

#include <bit>
#include <cstdint>

namespace test {

/// The number of steps from one double to the other; both of one sign.
inline std::int64_t ulps(double a, double b) {
  auto const distance = std::bit_cast<std::int64_t>(a) - std::bit_cast<std::int64_t>(b);
  return distance < 0 ? -distance : distance;
}

}  // namespace test

#endif
