// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/fused.hpp>
#include "support/winograd_check.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

/// The Winograd members of the fused kernels under the names of `sqwa::detail::winograd`.
template <class Number>
struct fused {
  using T = Number;
  using K = sqwa::fused_kernels<>;
  static void filters(auto... a) { K::winograd_filters<T>(a...); }
  static void filter_gradient(auto... a) { K::winograd_filter_gradient<T>(a...); }
  static void convolve(sqwa::winograd_canvas<T> x, auto... a) { K::winograd_convolve<T>(x, a...); }
  static void add_gradient(sqwa::winograd_canvas<T> x, std::span<sqwa::winograd_tile const> t,
                           sqwa::winograd_canvas<T> e, auto... a) {
    K::winograd_add_gradient<T>(x, t, e, a...);
  }
};

}  // namespace

TEST_CASE("fused_kernels: winograd's filters for every number of channels that they take") {
  using K = sqwa::fused_kernels<>;
  CHECK(!K::has_winograd<float>(0, 16));
  CHECK(!K::has_winograd<float>(3, 16));  // no vector has three lanes
  for (std::size_t const channels : {16U, 8U, 4U, 48U, 20U}) {
    CHECK(K::has_winograd<float>(channels, 16));
    test::check_winograd<fused<float>>({.rows = 10, .columns = 6, .inputs = channels, .outputs = 16}, 2e-5);
    test::check_winograd<fused<float>>({.rows = 6, .columns = 9, .inputs = 16, .outputs = channels}, 2e-5);
    test::check_winograd<fused<double>>({.rows = 4, .columns = 5, .inputs = channels, .outputs = 12}, 1e-13);
  }
}

TEST_CASE("fused_kernels: products differ from the plain ones by their stated bound at most") {
  using K = sqwa::fused_kernels<>;
  std::size_t const rows = 13, inner = 57, columns = 39;
  std::vector<float> a(rows * inner), b(inner * columns), c(rows * columns);
  for (std::size_t i = 0; i != a.size(); ++i) a[i] = static_cast<float>(sqwa::noise{.seed = 1}(i)-0.5);
  for (std::size_t i = 0; i != b.size(); ++i) b[i] = static_cast<float>(sqwa::noise{.seed = 2}(i)-0.5);
  std::vector<std::uint32_t> offsets(rows);
  for (std::size_t i = 0; i != rows; ++i) offsets[i] = static_cast<std::uint32_t>(i * inner);
  auto const compare = [&](char const* what) {
    for (std::size_t i = 0; i != rows; ++i) {
      for (std::size_t j = 0; j != columns; ++j) {
        double sum = 0, size = 0;
        for (std::size_t k = 0; k != inner; ++k) {
          double const p = static_cast<double>(a[i * inner + k]) * static_cast<double>(b[k * columns + j]);
          sum += p;
          size += std::abs(p);
        }
        INFO(what, " ", i, " ", j);
        CHECK(std::abs(static_cast<double>(c[i * columns + j]) - sum) <= static_cast<double>(inner) * 0x1p-24 * size);
      }
    }
    c.assign(c.size(), 0.0F);
  };
  sqwa::matrix<float const> const other{b.data(), inner, columns};
  K::gemm<float>({c.data(), rows, columns}, {a.data(), rows, inner}, other);
  compare("gemm");
  K::convolve<float>({c.data(), rows, columns}, {a.data(), offsets, 1, inner, inner}, other);
  compare("convolve");
  std::vector<float> turned(a.size());  // the windows of the transposed product are its inner index
  for (std::size_t i = 0; i != rows; ++i) {
    for (std::size_t k = 0; k != inner; ++k) turned[k * rows + i] = a[i * inner + k];
  }
  offsets.resize(inner);
  for (std::size_t k = 0; k != inner; ++k) offsets[k] = static_cast<std::uint32_t>(k * rows);
  K::convolve_transposed<float>({c.data(), rows, columns}, {turned.data(), offsets, 1, rows, rows}, other);
  compare("convolve_transposed");
}

}  // namespace SQWA_TEST_FILE
