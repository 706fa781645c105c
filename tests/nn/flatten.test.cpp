// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/flatten.hpp>
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("flatten: gradients agree with finite differences") {
  test::check_gradients(nn::flatten<double>{}, {3, 2, 5}, 3);
}

TEST_CASE("flatten: one extent, the same elements in the same order") {
  nn::flatten layer;
  CHECK(layer.build({3, 2, 5}, {}) == sqwa::shape{30});
  auto const x = test::uniform<float>(60, 1);
  std::vector<float> y(60);
  layer.forward(std::span<float const>(x), std::span(y), 2, nn::pass::infer, sqwa::backend<>{});
  CHECK(x == y);
}

}  // namespace SQWA_TEST_FILE
