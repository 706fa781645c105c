// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/xsimd_order.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

using namespace sqwa;

namespace SQWA_TEST_FILE {

TEST_CASE_TEMPLATE("larger, smaller: the second operand where either is NaN", T, float, double) {
  using batch = xsimd::batch<T>;
  T const nan = std::numeric_limits<T>::quiet_NaN();
  T const infinity = std::numeric_limits<T>::infinity();
  std::array const values{T(-2), T(0), T(3), infinity, -infinity, nan};
  for (T const a : values) {
    for (T const b : values) {
      std::array<T, batch::size> larger, smaller;
      detail::larger(batch(a), batch(b)).store_unaligned(larger.data());
      detail::smaller(batch(a), batch(b)).store_unaligned(smaller.data());
      for (std::size_t lane = 0; lane != batch::size; ++lane) {
        T const most = a > b ? a : b;
        T const least = a < b ? a : b;
        CHECK((std::isnan(most) ? std::isnan(larger[lane]) : larger[lane] == most));
        CHECK((std::isnan(least) ? std::isnan(smaller[lane]) : smaller[lane] == least));
      }
    }
  }
}

}  // namespace SQWA_TEST_FILE
