// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/xsimd.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::matrix;
using sqwa::scalar_kernels;
using sqwa::windows;
using sqwa::xsimd_kernels;

namespace {

using fast = xsimd_kernels<>;

template <class T>
constexpr std::size_t lanes = fast::batch<T>::size;

template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t seed) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 8 * static_cast<T>(sqwa::noise{.seed = seed}(i)) - 4;
  return x;
}

/// Calls f(n, offset) for sizes around the number of lanes, and for pointers that are not aligned.
template <class T, class F>
void sizes(F f) {
  for (std::size_t const n : {std::size_t{0}, std::size_t{1}, lanes<T> - 1, lanes<T>, lanes<T> + 1, 2 * lanes<T>,
                              2 * lanes<T> + 1, std::size_t{1000}}) {
    for (std::size_t const offset : {0U, 1U, 3U}) f(n, offset);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("xsimd: element-wise kernels and max_abs equal the plain loops in every bit", T, float, double) {
  sizes<T>([](std::size_t n, std::size_t offset) {
    auto const x = numbers<T>(n + offset, 1);
    auto const from = std::span<T const>(x).subspan(offset);
    auto const same = [&](auto plain, auto vectors) {
      auto y = numbers<T>(n + offset, 2), z = y;
      plain(std::span(y).subspan(offset));
      vectors(std::span(z).subspan(offset));
      CHECK(y == z);
    };
    same([&](std::span<T> y) { scalar_kernels::axpy<T>(y, from, T(0.3)); },
         [&](std::span<T> y) { fast::axpy<T>(y, from, T(0.3)); });
    same([&](std::span<T> y) { scalar_kernels::lerp<T>(y, from, T(0.3)); },
         [&](std::span<T> y) { fast::lerp<T>(y, from, T(0.3)); });
    same([&](std::span<T> y) { scalar_kernels::round_to_grid<T>(y, from, T(0.25), T(7)); },
         [&](std::span<T> y) { fast::round_to_grid<T>(y, from, T(0.25), T(7)); });
    CHECK(scalar_kernels::max_abs<T>(from) == fast::max_abs<T>(from));
  });
}

TEST_CASE_TEMPLATE("xsimd: ties round to even and infinities to the ends, as in the plain loop", T, float, double) {
  T const inf = std::numeric_limits<T>::infinity();
  std::vector<T> x{-inf, T(-2.5), T(-1.5), T(-0.5), 0, T(0.5), T(1.5), T(2.5), T(3.5), inf};
  while (x.size() < 4 * lanes<T>) x.insert(x.end(), x.begin(), x.begin() + 10);
  std::vector<T> y(x.size()), z(x.size());
  scalar_kernels::round_to_grid<T>(y, std::span<T const>(x), T(1), T(3));
  fast::round_to_grid<T>(z, std::span<T const>(x), T(1), T(3));
  CHECK(y == z);
  CHECK(z[0] == -3);
  CHECK(z[1] == -2);
  CHECK(z[5] == 0);
  CHECK(z[7] == 2);
  CHECK(z[9] == 3);
}

TEST_CASE_TEMPLATE("xsimd: NaN does not count as the largest", T, float, double) {
  for (std::size_t at = 0; at != 3 * lanes<T>; ++at) {
    auto x = numbers<T>(3 * lanes<T>, 1);
    x[at] = std::numeric_limits<T>::quiet_NaN();
    CHECK(fast::max_abs<T>(std::span<T const>(x)) == scalar_kernels::max_abs<T>(std::span<T const>(x)));
  }
}

TEST_CASE_TEMPLATE("xsimd: dot and sum differ from the exact result by rounding alone", T, float, double) {
  sizes<T>([](std::size_t n, std::size_t offset) {
    auto const all = numbers<T>(n + offset, 1), others = numbers<T>(n + offset, 2);
    auto const x = std::span<T const>(all).subspan(offset), y = std::span<T const>(others).subspan(offset);
    long double sum = 0, dot = 0;
    for (std::size_t i = 0; i != n; ++i) {
      sum += static_cast<long double>(x[i]);
      dot += static_cast<long double>(x[i]) * static_cast<long double>(y[i]);
    }
    auto const limit = static_cast<long double>(16 * n) * static_cast<long double>(n) *
                       static_cast<long double>(std::numeric_limits<T>::epsilon());
    CHECK(std::abs(static_cast<long double>(fast::sum<T>(x)) - sum) <= limit);
    CHECK(std::abs(static_cast<long double>(fast::dot<T>(x, y)) - dot) <= limit);
  });
}

TEST_CASE_TEMPLATE("xsimd: gemm equals the plain loops in every bit, for all sizes and strides", T, float, double) {
  for (std::size_t const rows : {0U, 1U, 3U, 8U, 13U}) {
    for (std::size_t const inner : {0U, 1U, 5U}) {
      for (std::size_t columns = 0; columns != 2 * lanes<T> + 8; ++columns) {
        auto const a = numbers<T>((rows + 3) * (inner + 3), 1), b = numbers<T>(inner * (columns + 2) + 1, 2);
        auto y = numbers<T>(rows * (columns + 3) + 1, 3), z = y;
        matrix<T const> const straight{a.data(), rows, inner, inner + 3};
        matrix<T const> const across = matrix<T const>{a.data(), inner, rows, rows + 1}.transposed();
        matrix<T const> const other{b.data() + 1, inner, columns, columns + 2};  // not aligned
        for (auto const& left : {straight, across}) {
          scalar_kernels::gemm<T>({y.data() + 1, rows, columns, columns + 3}, left, other);
          fast::gemm<T>({z.data() + 1, rows, columns, columns + 3}, left, other);
          CHECK(y == z);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("xsimd: convolutions equal the plain loops in every bit, with overlapping windows", T, float,
                   double) {
  std::size_t const length = 5, runs = 3, stride = 17;
  for (std::size_t const count : {1U, 7U, 8U, 21U}) {
    std::vector<std::uint32_t> offsets(count);
    for (std::size_t i = 0; i != count; ++i) offsets[i] = sqwa::noise{.seed = 4}.below(i, 30);
    auto const image = numbers<T>(30 + runs * stride, 1);
    windows<T> const view{image.data(), offsets, runs, length, stride};
    for (std::size_t columns = 1; columns != 2 * lanes<T> + 5; ++columns) {
      auto const b = numbers<T>(std::max(view.columns(), count) * columns, 2);
      auto y = numbers<T>(std::max(view.columns(), count) * columns, 3), z = y;
      scalar_kernels::convolve<T>({y.data(), count, columns}, view, {b.data(), view.columns(), columns});
      fast::convolve<T>({z.data(), count, columns}, view, {b.data(), view.columns(), columns});
      CHECK(y == z);
      scalar_kernels::convolve_transposed<T>({y.data(), view.columns(), columns}, view, {b.data(), count, columns});
      fast::convolve_transposed<T>({z.data(), view.columns(), columns}, view, {b.data(), count, columns});
      CHECK(y == z);
    }
  }
}

}  // namespace SQWA_TEST_FILE
