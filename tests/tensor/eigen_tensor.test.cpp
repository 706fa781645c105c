// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/eigen_tensor.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using tensor = Eigen::Tensor<float, 3>;
using rows = Eigen::Tensor<float, 3, Eigen::RowMajor>;
using fixed = Eigen::TensorFixedSize<double, Eigen::Sizes<2, 3>>;

}  // namespace

static_assert(sqwa::mutable_tensor<tensor> && sqwa::mutable_tensor<rows&> && sqwa::mutable_tensor<fixed>);
static_assert(sqwa::tensor<tensor const> && !sqwa::mutable_tensor<tensor const>);
static_assert(sqwa::mutable_tensor<Eigen::TensorMap<rows>> && sqwa::mutable_tensor<Eigen::TensorMap<tensor> const>);
static_assert(sqwa::tensor<Eigen::TensorMap<tensor const>> && !sqwa::mutable_tensor<Eigen::TensorMap<tensor const>>);
static_assert(!sqwa::tensor<Eigen::Tensor<int, 2>> && !sqwa::tensor<Eigen::Tensor<bool, 1>>);
static_assert(!sqwa::tensor<Eigen::TensorRef<tensor>>);
static_assert(!sqwa::tensor<decltype(std::declval<tensor&>() + std::declval<tensor&>())>);
static_assert(!sqwa::tensor<decltype(std::declval<tensor&>().chip(0, 0))>);

TEST_CASE("eigen_tensor: elements in the order of memory, extents slowest first") {
  tensor x(2, 3, 4);
  x.setZero();
  x(1, 2, 3) = 7;
  x(1, 0, 0) = 5;
  CHECK(sqwa::shape_of(x) == sqwa::shape{4, 3, 2});
  CHECK(sqwa::values(x).size() == 24);
  CHECK(sqwa::values(x)[23] == 7);
  CHECK(sqwa::values(x)[1] == 5);
  rows y(2, 3, 4);
  y.setZero();
  y(0, 0, 1) = 5;
  CHECK(sqwa::shape_of(y) == sqwa::shape{2, 3, 4});
  CHECK(sqwa::values(y)[1] == 5);
  CHECK(sqwa::shape_of(fixed()) == sqwa::shape{3, 2});
  CHECK(sqwa::shape_of(Eigen::Tensor<float, 0>()) == sqwa::shape{});
}

TEST_CASE("eigen_tensor: a map shows the memory that it borrows") {
  std::vector<float> memory(6);
  Eigen::TensorMap<Eigen::Tensor<float, 2>> const x(memory.data(), 2, 3);
  sqwa::mutable_values(x)[2] = 3;
  CHECK(memory[2] == 3);
  CHECK(x(0, 1) == 3);
}

}  // namespace SQWA_TEST_FILE
