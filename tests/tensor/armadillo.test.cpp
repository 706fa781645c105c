// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/granularity.hpp>
#include <sqwa/tensor/armadillo.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

template <class T>
T& a();  // an object to name expressions of

}  // namespace

static_assert(sqwa::mutable_tensor<arma::fmat> && sqwa::mutable_tensor<arma::mat&>);
static_assert(sqwa::mutable_tensor<arma::fvec> && sqwa::mutable_tensor<arma::rowvec>);
static_assert(sqwa::mutable_tensor<arma::fmat::fixed<2, 3>> && sqwa::mutable_tensor<arma::vec::fixed<3>>);
static_assert(sqwa::mutable_tensor<arma::fcube> && sqwa::mutable_tensor<arma::cube::fixed<2, 3, 4>>);
static_assert(sqwa::tensor<arma::fmat const> && !sqwa::mutable_tensor<arma::fmat const>);
static_assert(sqwa::tensor<arma::cube const&> && !sqwa::mutable_tensor<arma::cube const&>);
static_assert(!sqwa::tensor<arma::imat> && !sqwa::tensor<arma::uvec> && !sqwa::tensor<arma::cx_fmat>);
static_assert(!sqwa::tensor<arma::sp_fmat> && !sqwa::tensor<arma::field<float>>);
static_assert(!sqwa::tensor<decltype(a<arma::fmat>().col(1))> && !sqwa::tensor<decltype(a<arma::fmat>().row(1))>);
static_assert(!sqwa::tensor<decltype(a<arma::fmat>().submat(0, 0, 1, 1))>);
static_assert(!sqwa::tensor<decltype(a<arma::fvec>().subvec(0, 1))> && !sqwa::tensor<decltype(a<arma::fmat>().diag())>);
static_assert(!sqwa::tensor<decltype(a<arma::fmat>() + a<arma::fmat>())>);
static_assert(!sqwa::tensor<decltype(a<arma::fcube>().slices(0, 1))> && !sqwa::tensor<decltype(2 * a<arma::fcube>())>);
static_assert(sqwa::mutable_tensor<decltype(a<arma::fcube>().slice(1))>);  // a matrix

TEST_CASE("armadillo: elements in the order of memory, extents slowest first") {
  arma::fmat x{{1, 2, 3}, {4, 5, 6}};
  CHECK(std::ranges::equal(sqwa::values(x), std::vector<float>{1, 4, 2, 5, 3, 6}));
  CHECK(sqwa::shape_of(x) == sqwa::shape{3, 2});
  sqwa::mutable_values(x)[3] = 9;
  CHECK(x(1, 1) == 9);
  CHECK(sqwa::shape_of(arma::fmat::fixed<2, 3>()) == sqwa::shape{3, 2});
  CHECK(sqwa::shape_of(arma::vec(5)) == sqwa::shape{5});
  CHECK(sqwa::shape_of(arma::frowvec::fixed<5>()) == sqwa::shape{5});
  arma::cube y(2, 3, 4, arma::fill::zeros);
  CHECK(sqwa::shape_of(y) == sqwa::shape{4, 3, 2});
  sqwa::mutable_values(y)[1 + 2 * 2 + 3 * 6] = 7;
  CHECK(y(1, 2, 3) == 7);
}

TEST_CASE("armadillo: a channel of axis 0 is a column, of axis 1 a row") {
  arma::fmat x(2, 3);
  for (arma::uword c = 0; c != 3; ++c) x.col(c).fill(static_cast<float>(c));
  auto const columns = sqwa::per_channel{.axis = 0}(sqwa::shape_of(x));
  CHECK(columns.count == 3);
  for (std::size_t i = 0; i != 6; ++i) CHECK(sqwa::values(x)[i] == static_cast<float>(columns.of(i)));
  for (arma::uword r = 0; r != 2; ++r) x.row(r).fill(static_cast<float>(r));
  auto const rows = sqwa::per_channel{.axis = 1}(sqwa::shape_of(x));
  CHECK(rows.count == 2);
  for (std::size_t i = 0; i != 6; ++i) CHECK(sqwa::values(x)[i] == static_cast<float>(rows.of(i)));
}

TEST_CASE("armadillo: borrowed memory is shown, a column is a span, no elements are none") {
  std::vector<float> memory{1, 2, 3, 4};
  arma::fmat x(memory.data(), 2, 2, false, true);
  CHECK(sqwa::values(x).data() == memory.data());
  CHECK(sqwa::values(std::span(x.colptr(1), x.n_rows))[0] == 3);
  CHECK(sqwa::values(arma::mat()).empty());
  CHECK(sqwa::shape_of(arma::mat(0, 3)) == sqwa::shape{3, 0});
}

}  // namespace SQWA_TEST_FILE
