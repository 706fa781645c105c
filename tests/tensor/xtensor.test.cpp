// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/xtensor.hpp>

#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>
#endif

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using fixed = xt::xtensor_fixed<float, xt::xshape<2, 3>>;
using adapted = decltype(xt::adapt(std::declval<std::vector<double>&>(), std::declval<std::vector<std::size_t>>()));
using dynamic = xt::xarray<float, xt::layout_type::dynamic>;
using matrix = xt::xtensor<float, 2>;
using columns = xt::xtensor<float, 2, xt::layout_type::column_major>;

template <class Of, class... Slices>
using view = decltype(xt::view(std::declval<Of&>(), std::declval<Slices>()...));
using range = decltype(xt::range(0, 1));
using stepped = decltype(xt::range(0, 4, 2));
using all = decltype(xt::all());

/// Writes 1, 2, … through the view's elements and compares with its own iteration; what lies outside must stay 0.
template <class T, class View>
void check_view(T& of, View&& v) {
  of.fill(0);
  auto const elements = sqwa::mutable_values(v);
  REQUIRE(elements.size() == v.size());
  for (std::size_t i = 0; i != elements.size(); ++i) elements[i] = static_cast<float>(i + 1);
  constexpr auto order = std::remove_reference_t<View>::static_layout;
  float expected = 0;
  for (auto i = v.template begin<order>(); i != v.template end<order>(); ++i) CHECK(*i == ++expected);
  CHECK(std::ranges::count(of.storage(), 0.0F) == static_cast<std::ptrdiff_t>(of.size() - v.size()));
}

}  // namespace

static_assert(sqwa::mutable_tensor<xt::xtensor<float, 2>> && sqwa::mutable_tensor<xt::xarray<double>>);
static_assert(sqwa::tensor<xt::xtensor<float, 2> const> && !sqwa::mutable_tensor<xt::xtensor<float, 2> const>);
static_assert(sqwa::mutable_tensor<fixed> && sqwa::tensor<adapted>);
static_assert(sqwa::mutable_tensor<xt::xtensor<float, 2, xt::layout_type::column_major>>);
static_assert(!sqwa::tensor<xt::xtensor<int, 2>>);
static_assert(!sqwa::tensor<dynamic>);  // may hold strides
static_assert(!sqwa::tensor<decltype(xt::xtensor<float, 1>{} + xt::xtensor<float, 1>{})>);
static_assert(sqwa::mutable_tensor<view<matrix, int>> && sqwa::mutable_tensor<view<matrix, range>>);
static_assert(sqwa::mutable_tensor<view<matrix, int, range>> && sqwa::mutable_tensor<view<matrix, range, all>>);
static_assert(sqwa::tensor<view<matrix const, int>> && !sqwa::mutable_tensor<view<matrix const, int>>);
static_assert(sqwa::mutable_tensor<view<columns, all, range>>);
static_assert(!sqwa::tensor<view<matrix, all, int>> && !sqwa::tensor<view<matrix, range, range>>);
static_assert(!sqwa::tensor<view<matrix, stepped>> && !sqwa::tensor<view<columns, int>>);
static_assert(!sqwa::tensor<view<xt::xtensor<int, 2>, int>> && !sqwa::tensor<view<dynamic, int>>);
static_assert(!sqwa::tensor<decltype(xt::strided_view(std::declval<matrix&>(), {0, xt::all()}))>);
static_assert(!sqwa::tensor<decltype(xt::transpose(std::declval<matrix&>()))>);

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

TEST_CASE("xtensor: extents of a column-major tensor come slowest first, as its elements do") {
  columns x{{1, 2, 3}, {4, 5, 6}};
  CHECK(sqwa::shape_of(x) == sqwa::shape{3, 2});
  CHECK(std::ranges::equal(sqwa::values(x), std::vector<float>{1, 4, 2, 5, 3, 6}));
}

TEST_CASE("xtensor: a contiguous view shows its elements and no others") {
  xt::xtensor<float, 3> x({4, 3, 2});
  check_view(x, xt::view(x, 2));
  check_view(x, xt::view(x, xt::range(1, 3)));
  check_view(x, xt::view(x, 1, xt::range(1, 3), xt::all()));
  check_view(x, xt::view(x, 3, 1, xt::all()));
  check_view(x, xt::view(x, xt::all()));
  columns y({4, 5});
  check_view(y, xt::view(y, xt::all(), xt::range(1, 3)));
  CHECK(sqwa::shape_of(xt::view(y, xt::all(), xt::range(1, 3))) == sqwa::shape{2, 4});
  CHECK(sqwa::shape_of(xt::view(x, 2)) == sqwa::shape{3, 2});
  CHECK(sqwa::shape_of(xt::view(x, xt::range(1, 3))) == sqwa::shape{2, 3, 2});
}

}  // namespace SQWA_TEST_FILE
