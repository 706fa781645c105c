// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/winograd.hpp>
#include "support/winograd_check.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>

namespace SQWA_TEST_FILE {

namespace {

/// A vector of one lane: the algebra of the transforms without any instruction set.
template <class T>
struct lane {
  using value_type = T;
  static constexpr std::size_t size = 1;
  T value;
  explicit lane(T v = 0) : value(v) {}
  static lane load_unaligned(T const* p) { return lane(*p); }
  void store_unaligned(T* p) const { *p = value; }
  friend lane operator+(lane a, lane b) { return lane(a.value + b.value); }
  friend lane operator-(lane a, lane b) { return lane(a.value - b.value); }
  friend lane operator*(lane a, lane b) { return lane(a.value * b.value); }
  friend lane fma(lane a, lane b, lane c) { return lane(std::fma(a.value, b.value, c.value)); }
};

}  // namespace

TEST_CASE("winograd: outputs and gradients are those of the direct sums, for any extents") {
  using W = sqwa::detail::winograd<lane<double>>;
  test::check_winograd<W>({.rows = 8, .columns = 8, .inputs = 3, .outputs = 2}, 1e-13);
  test::check_winograd<W>({.rows = 5, .columns = 7, .inputs = 1, .outputs = 5}, 1e-13);  // tiles that are cut
  test::check_winograd<W>({.rows = 1, .columns = 1, .inputs = 2, .outputs = 1}, 1e-13);
  test::check_winograd<W>({.rows = 17, .columns = 13, .inputs = 9, .outputs = 33}, 1e-13);  // more than one block
  test::check_winograd<sqwa::detail::winograd<lane<float>>>({.rows = 9, .columns = 6, .inputs = 4, .outputs = 3}, 2e-5);
}

}  // namespace SQWA_TEST_FILE
