// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/xtensor.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <vector>

namespace {

using fixed = xt::xtensor_fixed<float, xt::xshape<2, 3>>;
using adapted = decltype(xt::adapt(std::declval<std::vector<double>&>(), std::declval<std::vector<std::size_t>>()));
using dynamic = xt::xarray<float, xt::layout_type::dynamic>;

}  // namespace

static_assert(sqwa::mutable_tensor<xt::xtensor<float, 2>> && sqwa::mutable_tensor<xt::xarray<double>>);
static_assert(sqwa::tensor<xt::xtensor<float, 2> const> && !sqwa::mutable_tensor<xt::xtensor<float, 2> const>);
static_assert(sqwa::mutable_tensor<fixed> && sqwa::tensor<adapted>);
static_assert(sqwa::mutable_tensor<xt::xtensor<float, 2, xt::layout_type::column_major>>);
static_assert(!sqwa::tensor<xt::xtensor<int, 2>>);
static_assert(!sqwa::tensor<dynamic>);  // may hold strides
static_assert(!sqwa::tensor<decltype(xt::xtensor<float, 1>{} + xt::xtensor<float, 1>{})>);

TEST_CASE("xtensor: elements in the order of memory, extents as they are") {
  xt::xtensor<float, 2> x{{1, 2, 3}, {4, 5, 6}};
  CHECK(sqwa::shape_of(x) == sqwa::shape{2, 3});
  CHECK(sqwa::values(x).size() == 6);
  for (std::size_t i = 0; i != 6; ++i) CHECK(sqwa::values(x)[i] == static_cast<float>(i + 1));
  sqwa::mutable_values(x)[5] = 9;
  CHECK(x(1, 2) == 9);
}

TEST_CASE("xtensor: an adaptor shows the memory that it borrows") {
  std::vector<double> memory{1, 2, 3, 4};
  auto x = xt::adapt(memory, std::vector<std::size_t>{2, 2});
  CHECK(sqwa::values(x).data() == memory.data());
  CHECK(sqwa::shape_of(x) == sqwa::shape{2, 2});
}

TEST_CASE("xtensor: a tensor without elements has none") {
  xt::xtensor<float, 2> const x({0, 3});
  CHECK(sqwa::values(x).empty());
  CHECK(sqwa::shape_of(x) == sqwa::shape{0, 3});
}
