// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/positive_step.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <limits>

namespace SQWA_TEST_FILE {

using sqwa::positive_range;
using sqwa::positive_step;

static_assert(positive_step(1.0F, 1.2F) == 1.2F);
static_assert(positive_step(1.0, -7.0) == 0.5 && positive_step(1.0, 7.0) == 2.0);
static_assert(positive_range{}.holds(1.0F) && !positive_range{}.holds(0.0) && !positive_range{}.holds(-1.0F));
static_assert(!positive_range{}.holds(0x1p-127) && !positive_range{}.holds(std::numeric_limits<float>::quiet_NaN()));

TEST_CASE_TEMPLATE("positive_step: halves or doubles at most, whatever is proposed", T, float, double) {
  T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(positive_step(T(3), -inf) == T(1.5));
  CHECK(positive_step(T(3), inf) == T(6));
  CHECK(positive_step(T(3), nan) == T(3));
  CHECK(positive_step(T(3), T(0)) == T(1.5));
  CHECK(positive_step(T(3), T(-0.0)) == T(1.5));
  CHECK(positive_step(T(3), T(1.5)) == T(1.5));
  CHECK(positive_step(T(3), T(1.4)) == T(1.5));
  CHECK(positive_step(T(3), T(6.1)) == T(6));
}

TEST_CASE_TEMPLATE("positive_step: stays in its range, and comes back from either end", T, float, double) {
  T const inf = std::numeric_limits<T>::infinity(), least = T(0x1p-126), most = T(0x1p126);
  T s = 1;
  for (int i = 0; i != 300; ++i) s = positive_step(s, -inf);
  CHECK(s == least);
  CHECK(std::isnormal(s));
  CHECK(std::isnormal(1 / s));
  for (int i = 0; i != 300; ++i) s = positive_step(s, inf);
  CHECK(s == most);
  CHECK(std::isnormal(1 / s));
  int steps = 0;
  for (s = T(1e-6); s < 1; ++steps) s = positive_step(s, T(1));
  CHECK(s == 1);
  CHECK(steps == 20);
  CHECK(positive_step(T(0), T(5)) == least);
  CHECK(positive_step(T(0), T(-5)) == least);
  CHECK(positive_step(T(8), T(20), {.least = 1, .most = 10}) == T(10));
}

TEST_CASE("positive_step: the range of a scale ends where its product with the largest code does") {
  for (int const max_code : {1, 3, 4, 127, 255, 32767}) {
    auto const codes = static_cast<float>(max_code);
    positive_range const scale = sqwa::detail::scale_range(max_code), bound = sqwa::detail::bound_range(max_code);
    CHECK(std::isnormal(scale.most));
    CHECK(std::isnormal(1 / scale.most));
    CHECK(std::isfinite(scale.most * codes));
    CHECK(scale.most > 0x1p110F);
    CHECK(bound.least / codes == scale.least);
    CHECK(std::isfinite(bound.most));
  }
}

}  // namespace SQWA_TEST_FILE
