// SPDX-License-Identifier: BSD-3-Clause
// Functions of `<cmath>` as constant expressions that give the same bits with every C library.
#ifndef SQWA_CORE_MATH_HPP
#define SQWA_CORE_MATH_HPP

#include <sqwa/core/config.hpp>

#include <bit>
#include <cstdint>
#include <numbers>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// cos(pi x) for x in [0, 1], within 2 ulp of double near ±1 and 2^-52 absolutely: the sine's series around pi / 2.
constexpr double cos_pi(double x) noexcept {
  double const angle = std::numbers::pi * (0.5 - x);
  double const square = angle * angle;
  double sum = 1;
  for (int n = 20; n >= 2; n -= 2) sum = 1 - square / (n * (n + 1)) * sum;
  return angle * sum;
}

/// e^x, relative error below 2^-50. Below -700 the result is 0, above 700 that of 700. NaN: NaN.
///
/// x = k ln 2 + r with |r| ≤ ln(2) / 2, and the exponential series of r.
constexpr double exp(double x) noexcept {
  if (x != x) return x;
  if (x < -700) return 0;
  if (x > 700) x = 700;
  double const scaled = x * std::numbers::log2e;
  auto const k = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  auto const n = static_cast<double>(k);
  double const r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;  // ln 2 in two parts: n * high is exact
  double sum = 1;
  for (int i = 14; i >= 1; --i) sum = 1 + r / i * sum;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// The natural logarithm of a normal x > 0, absolute error below 2^-51 near 1 and relative error below 2^-51 elsewhere.
///
/// x = 2^k m with m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh((m - 1) / (m + 1)) by its series.
constexpr double log(double x) noexcept {
  auto const bits = std::bit_cast<std::uint64_t>(x);
  auto k = static_cast<std::int64_t>(bits >> 52) - 1023;
  auto m = std::bit_cast<double>((bits & 0x000F'FFFF'FFFF'FFFF) | 0x3FF0'0000'0000'0000);
  if (m > std::numbers::sqrt2) {
    m /= 2;
    ++k;
  }
  double const z = (m - 1) / (m + 1);
  double sum = 0;
  for (int i = 23; i >= 1; i -= 2) sum = sum * (z * z) + 1.0 / i;
  auto const n = static_cast<double>(k);
  return n * 0x1.62e42fee00000p-1 + (n * 0x1.a39ef35793c76p-33 + 2 * z * sum);  // ln 2 in two parts: n * high is exact
}

/// x^n for n ≥ 0 by repeated squaring, relative error below about n 2^-53.
constexpr double power(double x, std::int64_t n) noexcept {
  double result = 1;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= x;
    if (n > 1) x *= x;  // a last square that nobody needs could overflow, which no constant expression may
  }
  return result;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
