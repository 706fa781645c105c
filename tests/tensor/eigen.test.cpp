// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/granularity.hpp>
#include <sqwa/tensor/eigen.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using strided = Eigen::Map<Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

template <class T>
T& a();  // an object to name expressions of

}  // namespace

static_assert(sqwa::mutable_tensor<Eigen::MatrixXf> && sqwa::mutable_tensor<Eigen::ArrayXXd&>);
static_assert(sqwa::mutable_tensor<Eigen::VectorXd> && sqwa::mutable_tensor<Eigen::RowVector3f>);
static_assert(sqwa::mutable_tensor<Eigen::Matrix<float, 2, 3>> && sqwa::mutable_tensor<rows>);
static_assert(sqwa::tensor<Eigen::MatrixXf const&> && !sqwa::mutable_tensor<Eigen::MatrixXf const&>);
static_assert(sqwa::mutable_tensor<Eigen::Map<Eigen::MatrixXf>> && sqwa::tensor<Eigen::Map<Eigen::MatrixXf const>>);
static_assert(!sqwa::mutable_tensor<Eigen::Map<Eigen::MatrixXf const>>);
static_assert(sqwa::mutable_tensor<Eigen::Ref<Eigen::VectorXf>>);
static_assert(!sqwa::mutable_tensor<Eigen::Ref<Eigen::VectorXf const>>);
static_assert(!sqwa::tensor<Eigen::Ref<Eigen::MatrixXf>> && !sqwa::tensor<strided>);  // may hold strides
static_assert(!sqwa::tensor<Eigen::Map<Eigen::VectorXf, 0, Eigen::InnerStride<>>>);
static_assert(!sqwa::tensor<Eigen::Map<Eigen::VectorXf, 0, Eigen::InnerStride<2>>>);
static_assert(!sqwa::tensor<Eigen::MatrixXi> && !sqwa::tensor<Eigen::Array<bool, 3, 1>>);
static_assert(!sqwa::tensor<Eigen::MatrixXcf> && !sqwa::tensor<Eigen::Matrix<long double, 2, 2>>);

static_assert(sqwa::mutable_tensor<decltype(a<Eigen::MatrixXf>().col(1))>);
static_assert(sqwa::mutable_tensor<decltype(a<Eigen::MatrixXf>().middleCols(1, 2))>);
static_assert(sqwa::mutable_tensor<decltype(a<rows>().row(1))> && sqwa::mutable_tensor<decltype(a<rows>().topRows(1))>);
static_assert(sqwa::mutable_tensor<decltype(a<Eigen::VectorXf>().segment(1, 2))>);
static_assert(sqwa::tensor<decltype(a<Eigen::MatrixXf const>().col(1))>);
static_assert(!sqwa::mutable_tensor<decltype(a<Eigen::MatrixXf const>().col(1))>);
static_assert(!sqwa::tensor<decltype(a<Eigen::MatrixXf>().row(1))> && !sqwa::tensor<decltype(a<rows>().col(1))>);
static_assert(!sqwa::tensor<decltype(a<Eigen::MatrixXf>().topRows(1))>);
static_assert(!sqwa::tensor<decltype(a<Eigen::MatrixXf>().block(0, 0, 1, 1))>);
static_assert(!sqwa::tensor<decltype(a<strided>().middleCols(1, 2))>);  // whole columns, but of a matrix with gaps
static_assert(!sqwa::tensor<decltype(a<Eigen::MatrixXf>().diagonal())>);
static_assert(!sqwa::tensor<decltype(a<Eigen::VectorXf>().reverse())>);
static_assert(!sqwa::tensor<decltype(a<Eigen::VectorXf>() + a<Eigen::VectorXf>())>);
static_assert(!sqwa::tensor<decltype(2 * a<Eigen::MatrixXf>())>);

TEST_CASE("eigen: elements in the order of memory, extents slowest first") {
  Eigen::MatrixXf x(2, 3);
  x << 1, 2, 3, 4, 5, 6;
  CHECK(std::ranges::equal(sqwa::values(x), std::vector<float>{1, 4, 2, 5, 3, 6}));
  CHECK(sqwa::shape_of(x) == sqwa::shape{3, 2});
  rows const y = x;
  CHECK(std::ranges::equal(sqwa::values(y), std::vector<float>{1, 2, 3, 4, 5, 6}));
  CHECK(sqwa::shape_of(y) == sqwa::shape{2, 3});
  CHECK(sqwa::shape_of(Eigen::VectorXf(5)) == sqwa::shape{5});
  CHECK(sqwa::shape_of(Eigen::RowVectorXd(5)) == sqwa::shape{5});
  CHECK(sqwa::shape_of(Eigen::Array<float, 2, 3>()) == sqwa::shape{3, 2});
}

TEST_CASE("eigen: a channel of axis 0 is a column, where columns are contiguous") {
  Eigen::MatrixXf x(2, 3);
  for (Eigen::Index c = 0; c != 3; ++c) x.col(c).setConstant(static_cast<float>(c));
  auto const columns = sqwa::per_channel{.axis = 0}(sqwa::shape_of(x));
  CHECK(columns.count == 3);
  for (std::size_t i = 0; i != 6; ++i) CHECK(sqwa::values(x)[i] == static_cast<float>(columns.of(i)));
  for (Eigen::Index r = 0; r != 2; ++r) x.row(r).setConstant(static_cast<float>(r));
  auto const of_rows = sqwa::per_channel{.axis = 1}(sqwa::shape_of(x));
  CHECK(of_rows.count == 2);
  for (std::size_t i = 0; i != 6; ++i) CHECK(sqwa::values(x)[i] == static_cast<float>(of_rows.of(i)));
}

TEST_CASE("eigen: what is written into elements stands in the matrix, and nowhere else") {
  Eigen::MatrixXf x = Eigen::MatrixXf::Zero(2, 4);
  auto const write = [&](auto&& part) {
    x.setZero();
    for (float& e : sqwa::mutable_values(part)) e = 1;
    CHECK(part.sum() == static_cast<float>(part.size()));
    CHECK(x.sum() == static_cast<float>(part.size()));
  };
  write(x.col(2));
  write(x.middleCols(1, 2));
  write(x.col(3).head(1));
  write(Eigen::Map<Eigen::VectorXf>(x.data() + 1, 3));
  write(Eigen::Ref<Eigen::VectorXf>(x.col(1)));
  write(x);
  CHECK(sqwa::mutable_values(x).data() == x.data());
}

TEST_CASE("eigen: a matrix without elements has none") {
  Eigen::MatrixXd const x(0, 3);
  CHECK(sqwa::values(x).empty());
  CHECK(sqwa::shape_of(x) == sqwa::shape{3, 0});
}

}  // namespace SQWA_TEST_FILE
