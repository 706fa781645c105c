// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/kernel_table.hpp>
#ifdef SQWA_TEST_XSIMD
#include <sqwa/kernels/avx512.hpp>
#endif
#include "support/average_kernels.hpp"
#include "support/code_kernels.hpp"
#include "support/fit_kernels.hpp"

#include <doctest/doctest.h>
#include <array>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

#ifdef SQWA_TEST_XSIMD
using chosen = sqwa::native_kernels;
#else
using chosen = sqwa::scalar_kernels;
#endif

constexpr sqwa::kernel_table table = sqwa::kernel_table::of<chosen>();
sqwa::kernel_table const& choose() noexcept { return table; }
using kernels = sqwa::table_kernels<choose>;
static_assert(sqwa::kernel_set<kernels>);

}  // namespace

TEST_CASE_TEMPLATE("table_kernels: codes, fits and averages are those of the plain loops", T, float, double) {
  test::rounding_is_exact<kernels, T>();
  test::nan_is_told<kernels, T>();
  test::lsq_backward_is_plain<kernels, T>();
  test::fields_are_plain<kernels, T>();
  test::fits_are_plain<kernels, T>();
  test::averages_are_plain<kernels, T>();
}

TEST_CASE_TEMPLATE("table_kernels: sums and products are those of the chosen set", T, float, double) {
  std::vector<T> const x{1, -2, 3, T(-4.5), 5}, y{2, 3, 5, 7, 11};
  CHECK(kernels::dot<T>(x, y) == chosen::dot<T>(x, y));
  CHECK(kernels::sum<T>(x) == chosen::sum<T>(x));
  CHECK(kernels::max_abs<T>(x) == 5);
  auto a = y, b = y;
  kernels::axpy<T>(a, x, T(0.3));
  chosen::axpy<T>(b, x, T(0.3));
  CHECK(a == b);
  kernels::lerp<T>(a, x, T(0.3));
  chosen::lerp<T>(b, x, T(0.3));
  CHECK(a == b);
  std::vector<T> c(4), d(4);
  sqwa::matrix<T const> const left{x.data(), 2, 2}, right{y.data(), 2, 2};
  kernels::gemm<T>({c.data(), 2, 2}, left, right);
  chosen::gemm<T>({d.data(), 2, 2}, left, right);
  CHECK(c == d);
}

}  // namespace SQWA_TEST_FILE
