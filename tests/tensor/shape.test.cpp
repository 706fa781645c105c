// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/shape.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <array>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::shape;

static_assert(shape{}.size() == 1 && shape{}.rank() == 0);
static_assert(shape{}.addressable<double>() && shape{std::size_t{1} << 60}.addressable<float>());
static_assert(!shape{std::size_t{1} << 60}.addressable<double>() &&
              !shape{1 << 30, 1 << 30, 1 << 3}.addressable<char>());
static_assert(shape{SIZE_MAX, 0, SIZE_MAX}.addressable<double>());
static_assert(shape{2, 3, 4}.size() == 24 && shape{2, 3, 4}[1] == 3 && shape{5, 0, 2}.size() == 0);
static_assert(shape{2, 3} == shape(std::array{2, 3}) && shape{2, 3} != shape{3, 2} && shape{2} != shape{2, 1});

TEST_CASE("shape: from any range of integers, and back as a range") {
  std::vector<long> const extents{7, 1, 5};
  shape const s(extents);
  CHECK(std::vector<long>(s.begin(), s.end()) == extents);
}

TEST_CASE("shape: eight extents fit, a ninth is refused") {
  CHECK(shape(std::vector<int>(8, 2)).size() == 256);
  CHECK(test::refuses([] { shape(std::vector<int>(9, 2)); }, "more than 8"));
}

}  // namespace SQWA_TEST_FILE
