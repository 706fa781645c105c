// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/math.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace SQWA_TEST_FILE {

namespace maths = sqwa::detail;

static_assert(maths::power(3, 4) == 81 && maths::power(0, 0) == 1 && maths::power(-2, 3) == -8);
static_assert(maths::power(2, 1'000) == 0x1p1000);
static_assert(maths::exp(0) == 1 && maths::exp(-800) == 0);
static_assert(maths::cos_pi(0.5) == 0);
static_assert(maths::log(1) == 0);

TEST_CASE("cos_pi: the cosine within 2^-52 on [0, 1], antisymmetric around one half") {
  for (int i = 0; i <= 1000; ++i) {
    double const x = i / 1000.0;
    CHECK(std::abs(maths::cos_pi(x) - static_cast<double>(std::cos(std::numbers::pi_v<long double> * x))) <= 0x1p-52);
  }
  for (int i = 0; i <= 64; ++i) CHECK(maths::cos_pi(i / 64.0) == -maths::cos_pi(1 - i / 64.0));  // 1 - x is exact here
}

TEST_CASE("exp: the C library's within 2^-50 relatively, from the smallest to the largest argument") {
  for (double x = -700; x <= 700; x += 0.37) {
    CHECK(std::abs(maths::exp(x) / static_cast<double>(std::exp(static_cast<long double>(x))) - 1) <= 0x1p-50);
  }
}

TEST_CASE("exp: small arguments keep their digits; NaN stays NaN; infinities end where the range does") {
  double const inf = std::numeric_limits<double>::infinity();
  CHECK(maths::exp(1e-9) == std::exp(1e-9));
  CHECK(std::isnan(maths::exp(std::numeric_limits<double>::quiet_NaN())));
  CHECK(maths::exp(inf) == maths::exp(700));
  CHECK(maths::exp(-inf) == 0);
}

TEST_CASE("log: the C library's within 2^-51, from the smallest normal number to the largest") {
  auto const check = [](double x) {
    auto const expected = static_cast<double>(std::log(static_cast<long double>(x)));
    INFO(x);
    CHECK(std::abs(maths::log(x) - expected) <= 0x1p-51 * std::max(1.0, std::abs(expected)));
  };
  for (double x = std::numeric_limits<double>::min(); x < 0x1p1020; x *= 1.37) check(x);
  for (int i = -2'000; i <= 2'000; ++i) check(1 + i / 4'000.0);
  check(std::numeric_limits<double>::max());
}

TEST_CASE("power: agrees with the C library's") {
  for (int n = 0; n != 200; ++n) CHECK(maths::power(1.01, n) == doctest::Approx(std::pow(1.01, n)).epsilon(1e-13));
}

}  // namespace SQWA_TEST_FILE
