// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::matrix;
using kernels = sqwa::scalar_kernels;

static_assert(sqwa::kernel_set<kernels> && !sqwa::kernel_set<int>);

namespace {

struct without_convolve : kernels {
  template <class T>
  static void convolve(int) noexcept {}  // hides the kernel by something else
};
struct throwing : kernels {
  template <class T>
  static T sum(std::span<T const>) {  // may throw
    return 0;
  }
};
static_assert(!sqwa::kernel_set<without_convolve> && !sqwa::kernel_set<throwing>);

float const inf = std::numeric_limits<float>::infinity();
float const not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("portable: sums of nothing are 0") {
  CHECK(kernels::dot<float>({}, {}) == 0);
  CHECK(kernels::sum<float>({}) == 0);
  CHECK(kernels::max_abs<float>({}) == 0);
}

TEST_CASE("portable: max_abs sees signs and infinities, not NaN") {
  auto const largest = [](std::vector<float> const& x) { return kernels::max_abs<float>(x); };
  CHECK(largest({1, -3, not_a_number, 2}) == 3);
  CHECK(largest({1, -inf, not_a_number}) == inf);
  CHECK(largest({not_a_number, not_a_number}) == 0);
}

TEST_CASE("portable: axpy adds a multiple, lerp moves a part of the way") {
  std::array const x{1.0, 2.0, -4.0};
  std::array y{10.0, 20.0, 30.0};
  kernels::axpy<double>(y, x, 0.5);
  CHECK(y == std::array{10.5, 21.0, 28.0});
  kernels::lerp<double>(y, x, 0.5);
  CHECK(y == std::array{5.75, 11.5, 12.0});
}

TEST_CASE("portable: round_to_grid rounds ties to even, keeps within the limit, and may work in place") {
  std::array x{-9.0F, -0.75F, -0.25F, 0.25F, 0.3F, 0.75F, 1.25F, inf};
  kernels::round_to_grid<float>(x, x, 0.5F, 2.0F);
  CHECK(x == std::array{-1.0F, -1.0F, 0.0F, 0.0F, 0.5F, 1.0F, 1.0F, 1.0F});
}

TEST_CASE("matrix: transposing twice gives the matrix, once exchanges the indices") {
  std::array const data{1, 2, 3, 4, 5, 6};
  matrix<int const> const m{data.data(), 2, 3};
  CHECK(m(1, 0) == 4);
  CHECK(m.transposed()(0, 1) == 4);
  CHECK(m.transposed().rows == 3);
  CHECK(m.transposed().transposed()(1, 2) == m(1, 2));
}

TEST_CASE("portable: gemm adds a b to c") {
  std::array const a{1.0, 2.0, 3.0, 4.0}, b{5.0, 6.0, 7.0, 8.0};
  std::array c{1.0, 1.0, 1.0, 1.0};
  kernels::gemm<double>({c.data(), 2, 2}, {a.data(), 2, 2}, {b.data(), 2, 2});
  CHECK(c == std::array{20.0, 23.0, 44.0, 51.0});
  kernels::gemm<double>({c.data(), 2, 2}, matrix<double const>{a.data(), 2, 2}.transposed(), {b.data(), 2, 2});
  CHECK(c == std::array{20.0 + 26, 23.0 + 30, 44.0 + 38, 51.0 + 44});
}

TEST_CASE("portable: convolutions are products with the matrix of windows, and with its transpose") {
  std::vector<float> image(40);
  for (std::size_t i = 0; i != image.size(); ++i) image[i] = static_cast<float>(i * i % 17);
  std::vector<std::uint32_t> const offsets{0, 1, 9, 2, 20};
  sqwa::windows<float> const view{image.data(), offsets, 2, 3, 8};
  CHECK(view.rows() == 5);
  CHECK(view.columns() == 6);
  CHECK(view(2, 4) == image[9 + 8 + 1]);
  std::vector<float> copied(30);
  for (std::size_t i = 0; i != 5; ++i) {
    for (std::size_t k = 0; k != 6; ++k) copied[i * 6 + k] = view(i, k);
  }
  std::vector<float> const b(30, 0.5F);
  std::vector<float> y(30), z(30);
  kernels::convolve<float>({y.data(), 5, 5}, view, {b.data(), 6, 5});
  kernels::gemm<float>({z.data(), 5, 5}, {copied.data(), 5, 6}, {b.data(), 6, 5});
  CHECK(y == z);
  kernels::convolve_transposed<float>({y.data(), 6, 5}, view, {b.data(), 5, 5});
  kernels::gemm<float>({z.data(), 6, 5}, matrix<float const>{copied.data(), 5, 6}.transposed(), {b.data(), 5, 5});
  CHECK(y == z);
}

}  // namespace SQWA_TEST_FILE
