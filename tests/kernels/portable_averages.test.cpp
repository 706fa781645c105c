// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using kernels = sqwa::scalar_kernels;

namespace {

// -1 0 1 1 and 0 0 1 -1, two bits each, and the same with the second field 3
constexpr std::array a{std::byte{0xA4}}, b{std::byte{0x25}}, bad{std::byte{0xAC}};

}  // namespace

TEST_CASE("add_codes: adds, takes back, and tells of fields that are no code") {
  std::vector<std::int8_t> sums{10, 20, 30, 40};
  CHECK(kernels::add_codes(sums, a.data(), 2, 1));
  CHECK(sums == std::vector<std::int8_t>{9, 20, 31, 41});
  CHECK(!kernels::add_codes(sums, bad.data(), 2, 1));
  CHECK(!kernels::add_codes(sums, bad.data(), 2, 1, -1));
  CHECK(kernels::add_codes(sums, a.data(), 2, 1, -1));
  CHECK(sums == std::vector<std::int8_t>{10, 20, 30, 40});
}

TEST_CASE_TEMPLATE("mean_codes: the mean of the codes times the scale, rounded once", T, float, double) {
  std::array const both{a.data(), b.data()};
  std::vector<T> y(4);
  CHECK(kernels::mean_codes<T>(y, both, 2, 1, 0.1));
  CHECK(y == std::vector<T>{static_cast<T>(-1 * 0.1 / 2), 0, static_cast<T>(2 * 0.1 / 2), 0});
  std::array const broken{a.data(), bad.data()};
  CHECK(!kernels::mean_codes<T>(y, broken, 2, 1, 0.1));
}

}  // namespace SQWA_TEST_FILE
