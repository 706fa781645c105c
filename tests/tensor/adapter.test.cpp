// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/adapter.hpp>

#include <doctest/doctest.h>
#include <array>
#include <concepts>
#include <list>
#include <span>
#include <string>
#include <vector>

namespace {

/// A foreign tensor that knows nothing of this library…
struct picture {
  int width, height;
  std::vector<double> pixels;
};

}  // namespace

// …until its owner shows the elements.
template <>
struct sqwa::adapter<picture> {
  static std::span<double> elements(picture& p) { return p.pixels; }
  static std::span<double const> elements(picture const& p) { return p.pixels; }
  static std::array<int, 2> shape(picture const& p) { return {p.height, p.width}; }
};

namespace SQWA_TEST_FILE {

static_assert(sqwa::real<float> && sqwa::real<double> && !sqwa::real<int> && !sqwa::real<long double>);
static_assert(sqwa::tensor<std::vector<float>> && sqwa::mutable_tensor<std::vector<float>>);
static_assert(sqwa::tensor<std::vector<float>&> && sqwa::mutable_tensor<std::vector<float>&>);
static_assert(sqwa::tensor<std::vector<float> const&> && !sqwa::mutable_tensor<std::vector<float> const&>);
static_assert(sqwa::tensor<std::array<double, 3>> && sqwa::mutable_tensor<std::array<double, 3>>);
static_assert(sqwa::mutable_tensor<std::span<float>> && sqwa::mutable_tensor<std::span<float> const>);
static_assert(sqwa::tensor<std::span<float const>> && !sqwa::mutable_tensor<std::span<float const>>);
static_assert(!sqwa::tensor<std::vector<int>> && !sqwa::tensor<std::vector<long double>>);
static_assert(!sqwa::tensor<std::list<float>> && !sqwa::tensor<std::vector<bool>>);
static_assert(!sqwa::tensor<float> && !sqwa::tensor<float*> && !sqwa::tensor<std::string>);
static_assert(sqwa::tensor<picture> && sqwa::mutable_tensor<picture&> && !sqwa::mutable_tensor<picture const&>);
static_assert(std::same_as<sqwa::element_of<std::vector<float>>, float>);
static_assert(std::same_as<sqwa::element_of<std::span<double const> const&>, double>);

TEST_CASE("values: all elements, in place") {
  std::vector<float> x{1, 2, 3};
  CHECK(sqwa::values(x).data() == x.data());
  CHECK(sqwa::values(x).size() == 3);
  sqwa::mutable_values(x)[1] = 5;
  CHECK(x[1] == 5);
  sqwa::mutable_values(std::span(x))[2] = 6;  // a view that is gone at once
  CHECK(x[2] == 6);
  CHECK(sqwa::values(std::vector<float>{}).empty());
}

TEST_CASE("shape_of: the tensor's own extents, or its size") {
  CHECK(sqwa::shape_of(std::vector<float>(5)) == sqwa::shape{5});
  picture const p{2, 3, std::vector<double>(6)};
  CHECK(sqwa::shape_of(p) == sqwa::shape{3, 2});
  CHECK(sqwa::values(p).size() == sqwa::shape_of(p).size());
}

}  // namespace SQWA_TEST_FILE
