// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/ternary_matrix.hpp>
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

struct example {
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  packed weights;
};

example ternary(std::size_t rows, std::size_t columns, bool by_row) {
  example e;
  for (std::size_t i = 0; i != rows * columns; ++i) {
    e.codes.push_back(static_cast<std::int8_t>(static_cast<int>(noise{.seed = 1}.below(i, 3)) - 1));
  }
  shape const extents{rows, columns};
  blocks const layout = by_row ? per_channel{}(extents) : per_tensor{}(extents);
  for (std::size_t i = 0; i != layout.count; ++i) e.scales.push_back(0.25F + noise{.seed = 2}(i));
  e.weights = pack_tensor(std::span<std::int8_t const>(e.codes), layout, e.scales, 3);
  return e;
}

template <class F>
void for_all_backends(F f) {
  f(backend<>{});
  test::every_backend(f);
}

constexpr std::size_t rows[] = {1, 3, 8, 65, 130};
constexpr std::size_t columns[] = {1, 5, 255, 256, 300, 2304, 4100};

}  // namespace

TEST_CASE("ternary_matrix: products with int8 are the sums of the plain loop, for every shape, on every backend") {
  for (std::size_t const m : rows) {
    for (std::size_t const k : columns) {
      if (m * k > 200'000) continue;
      example const e = ternary(m, k, false);
      ternary_matrix const w(e.weights, m);
      CHECK(w.rows() == m);
      CHECK(w.columns() == k);
      for (std::size_t const n : {0U, 1U, 3U, 4U, 6U, 7U, 13U}) {
        std::vector<std::int8_t> a(n * k);
        for (std::size_t i = 0; i != a.size(); ++i) {
          a[i] = static_cast<std::int8_t>(static_cast<int>(noise{.seed = 3}.below(i, 256)) - 128);
        }
        std::vector<std::int32_t> expected(n * m), c(n * m);
        for (std::size_t j = 0; j != n; ++j) {
          for (std::size_t i = 0; i != m; ++i) {
            for (std::size_t l = 0; l != k; ++l) expected[j * m + i] += e.codes[i * k + l] * a[j * k + l];
          }
        }
        for_all_backends([&](auto where) {
          c.assign(c.size(), 77);
          w.multiply(std::span<std::int8_t const>(a), std::span(c), where);
          CHECK(c == expected);
        });
      }
    }
  }
}

TEST_CASE("ternary_matrix: the extreme sums do not overflow") {
  std::size_t const k = 70'000;
  for (int const code : {-1, 1}) {
    std::vector<std::int8_t> const codes(k, static_cast<std::int8_t>(code));
    float const one = 1;
    ternary_matrix const w(pack_tensor(std::span<std::int8_t const>(codes), per_tensor{}({k}), std::span(&one, 1), 3),
                           1);
    std::vector<std::int8_t> const a(4 * k, -128);
    for_all_backends([&](auto where) {
      std::vector<std::int32_t> c(4);
      w.multiply(std::span<std::int8_t const>(a), std::span(c), where);
      CHECK(c == std::vector<std::int32_t>(4, -128 * code * static_cast<int>(k)));
      w.multiply(std::span<std::int8_t const>(a).first(k), std::span(c).first(1), where);
      CHECK(c[0] == -128 * code * static_cast<int>(k));
    });
  }
}

TEST_CASE("ternary_matrix: products with float are near those in double, and the same bits on every backend") {
  for (std::size_t const m : rows) {
    for (std::size_t const k : columns) {
      if (m * k > 200'000) continue;
      example const e = ternary(m, k, true);
      ternary_matrix const w(e.weights, m);
      std::vector<float> a(2 * k), y(2 * m), first(2 * m);
      for (std::size_t i = 0; i != a.size(); ++i) a[i] = 2 * noise{.seed = 3}(i)-1;
      w.multiply(std::span<float const>(a), std::span(first));
      for (std::size_t j = 0; j != 2; ++j) {
        for (std::size_t i = 0; i != m; ++i) {
          double sum = 0, size = 0;
          for (std::size_t l = 0; l != k; ++l) {
            double const p = double{e.scales[i]} * e.codes[i * k + l] * double{a[j * k + l]};
            sum += p;
            size += std::abs(p);
          }
          CHECK(std::abs(first[j * m + i] - sum) <= 1e-6 * size);
        }
      }
      test::every_backend([&](auto where) {
        w.multiply(std::span<float const>(a), std::span(y), where);
        bool same = true;
        for (std::size_t i = 0; i != y.size(); ++i) {
          same = same && std::bit_cast<std::uint32_t>(y[i]) == std::bit_cast<std::uint32_t>(first[i]);
        }
        CHECK(same);
      });
    }
  }
}

TEST_CASE("ternary_matrix: a NaN and an infinity among the activations reach the sums they belong to") {
  example const e = ternary(5, 300, false);
  ternary_matrix const w(e.weights, 5);
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> a(600, 0.5F), y(10);
    a[299] = bad;
    for_all_backends([&](auto where) {
      w.multiply(std::span<float const>(a), std::span(y), where);
      for (std::size_t i = 0; i != 10; ++i) CHECK(std::isfinite(y[i]) == (i >= 5));
    });
  }
}

TEST_CASE("ternary_matrix: refuses what is no ternary matrix and activations of another size") {
  example e = ternary(4, 6, true);
  CHECK(test::refuses([&] { ternary_matrix(e.weights, 5); }, "24 codes in 5 rows"));
  CHECK(test::refuses([&] { ternary_matrix(e.weights, 0); }, "24 codes in 0 rows"));
  CHECK(test::refuses([&] { ternary_matrix(e.weights, 3); }, "4 scales in runs of 6 for 3 rows of 8"));
  packed five = e.weights;
  five.levels = 5;
  CHECK(test::refuses([&] { ternary_matrix(five, 4); }, "5 levels"));
  ternary_matrix const w(e.weights, 4);
  std::vector<float> a(6), y(4);
  CHECK(test::refuses([&] { w.multiply(std::span<float const>(a).first(5), std::span(y)); },
                      "5 activations and 4 results for a matrix of 4 x 6"));
  CHECK(test::refuses([&] { w.multiply(std::span<float const>(a), std::span(y).first(3)); }, "6 activations and 3"));
  e.weights.bytes[2] |= std::byte{0x0C};
  CHECK(test::refuses([&] { ternary_matrix(e.weights, 4); }, "at 9"));
}

}  // namespace SQWA_TEST_FILE
