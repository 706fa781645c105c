// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

using kernels = sqwa::scalar_kernels;

TEST_CASE_TEMPLATE("sum_codes: products and squares of the nearest codes, ties to even", T, float, double) {
  std::vector<T> const x{T(0.2), T(-0.5), T(0.6), T(-1.5), T(2.5), 9, 0};
  CHECK(kernels::sum_codes<T>(x, 1, 1) ==
        sqwa::code_products{static_cast<double>(T(0.6)) + 1.5 + 2.5 + 9, 4});  // 0.5 gives 0
  CHECK(kernels::sum_codes<T>(x, 1, 3) ==
        sqwa::code_products{static_cast<double>(T(0.6)) + 1.5 * 2 + 2.5 * 2 + 9 * 3, 1.0 + 4 + 4 + 9});
  CHECK(kernels::sum_codes<T>(std::vector<T>{}, 1, 3) == sqwa::code_products{});
}

TEST_CASE_TEMPLATE("split_codes: the magnitudes whose codes differ, and the sums of the first codes", T, float,
                   double) {
  std::vector<T> const x{T(0.4), T(-0.45), 1, T(2.3), 9, 0};
  std::vector<T> inside(x.size() + 32);
  sqwa::code_products sums{1, 1};
  CHECK(kernels::split_codes<T>(x, 1, T(1.2), 3, inside.data(), sums) == 2);  // 0.54 and 2.76 are nearer to 1 and 3
  CHECK(std::vector<T>(inside.begin(), inside.begin() + 2) == std::vector<T>{T(0.45), T(2.3)});
  CHECK(sums == sqwa::code_products{1.0 + 1 + 2 * static_cast<double>(T(2.3)) + 27, 1.0 + 1 + 4 + 9});
}

TEST_CASE_TEMPLATE("tails: sum and number of the magnitudes above each threshold, and the largest", T, float, double) {
  std::vector<T> const x{T(0.5), -1, 2, T(-4), 1, 0};
  auto const t = kernels::tails<T>(x, {0, T(0.5), 1, 2, 3, 4});
  CHECK(t.largest == 4);
  CHECK(t.above == std::array<sqwa::tail, 6>{{{8.5, 5}, {8, 4}, {6, 2}, {4, 1}, {4, 1}, {0, 0}}});
  CHECK(kernels::tails<T>(std::vector<T>{}, {}) == sqwa::tail_table{});
}

TEST_CASE_TEMPLATE("tails: as exact as promised, for 2,048 values", T, float, double) {
  std::vector<T> x(2048);
  double sum = 0;
  for (std::size_t i = 0; i != x.size(); ++i) {
    x[i] = static_cast<T>(sqwa::noise{.seed = 9}(i));
    sum += static_cast<double>(x[i]);
  }
  double const off = kernels::tails<T>(x, {}).above[0].sum - sum;
  CHECK(std::abs(off) <= sum * 64 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

TEST_CASE_TEMPLATE("split: what is in (low, high] in its order, and what is above", T, float, double) {
  std::vector<T> const x{T(0.5), -1, 2, T(-4), 1, 0, 3};
  std::vector<T> inside(x.size() + 32);
  sqwa::tail above{10, 1};
  CHECK(kernels::split<T>(x, T(0.5), 2, inside.data(), above) == 3);
  CHECK(above == sqwa::tail{17, 3});
  CHECK(std::vector<T>(inside.begin(), inside.begin() + 3) == std::vector<T>{1, 2, 1});
}

}  // namespace SQWA_TEST_FILE
