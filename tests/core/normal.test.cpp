// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/normal.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::noise;
using sqwa::normal;

TEST_CASE("normal: the formula of Box and Muller, within its rounding") {
  noise const u{.seed = 5, .tensor = 2, .step = 9};
  for (std::size_t i = 0; i != 10'000; ++i) {
    long double const a = (static_cast<long double>(u.bits(2 * i)) + 1) * 0x1p-32L;
    long double const b = static_cast<long double>(u.bits(2 * i + 1)) * 0x1p-32L;
    long double const z = std::sqrt(-2 * std::log(a)) * std::cos(2 * std::numbers::pi_v<long double> * b);
    CHECK(std::abs(normal(u, i) - static_cast<double>(z)) < 1e-14);
  }
}

TEST_CASE("normal: its distribution function is that of the normal distribution") {
  std::size_t const n = 200'000;
  std::vector<double> z(n);
  for (std::size_t i = 0; i != n; ++i) z[i] = normal({.seed = 1}, i);
  std::ranges::sort(z);
  double farthest = 0;
  for (std::size_t i = 0; i != n; ++i) {
    double const expected = 0.5 * std::erfc(-z[i] / std::numbers::sqrt2);
    farthest = std::max(farthest, std::abs(expected - static_cast<double>(i) / static_cast<double>(n)));
  }
  CHECK(farthest < 1.63 / std::sqrt(static_cast<double>(n)));  // Kolmogorov and Smirnov, one in a hundred
}

TEST_CASE("normal: neighbours, tensors, steps and seeds are independent of each other") {
  std::size_t const n = 50'000;
  auto const correlation = [&](auto a, auto b) {
    double sum = 0;
    for (std::size_t i = 0; i != n; ++i) sum += a(i) * b(i);
    return std::abs(sum) / std::sqrt(static_cast<double>(n));
  };
  auto const one = [](std::size_t i) { return normal({.seed = 3}, i); };
  CHECK(correlation(one, [](std::size_t i) { return normal({.seed = 3}, i + 1); }) < 4);
  CHECK(correlation(one, [](std::size_t i) { return normal({.seed = 4}, i); }) < 4);
  CHECK(correlation(one, [](std::size_t i) { return normal({.seed = 3, .tensor = 1}, i); }) < 4);
  CHECK(correlation(one, [](std::size_t i) { return normal({.seed = 3, .step = 1}, i); }) < 4);
  CHECK(correlation(one, one) > 100);
}

}  // namespace SQWA_TEST_FILE
