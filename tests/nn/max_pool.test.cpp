// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/max_pool.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("max_pool: gradients agree with finite differences, for odd shapes, gaps and overlaps") {
  test::check_gradients(nn::max_pool<double>{2}, {4, 5, 3}, 2);
  test::check_gradients(nn::max_pool<double>{3, 2}, {6, 7, 2}, 3);  // windows overlap
  test::check_gradients(nn::max_pool<double>{2, 3}, {7, 5, 1}, 1);  // pixels between windows
  test::check_gradients(nn::max_pool<double>{1}, {2, 3, 17}, 9);
}

TEST_CASE("max_pool: the largest of each window, and of equals the first gets the gradient") {
  nn::max_pool layer{2};
  CHECK(layer.build({3, 4, 1}, {}) == sqwa::shape{1, 2, 1});
  layer.reserve(1);
  std::vector<float> const x{1, 5, 7, 7,  //
                             3, 5, 7, 2,  //
                             9, 9, 9, 9};
  std::vector<float> y(2), dx(12);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<float>{5, 7});
  std::vector<float> const dy{2, 3};
  layer.backward(std::span<float const>(x), std::span<float const>(dy), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<float>{0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("max_pool: every backend gives the same bits") {
  nn::max_pool const layer{3, 2};
  auto const expected = test::training_pass(layer, {7, 5, 21}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 21}, 45, where) == expected); });
}

TEST_CASE("max_pool: windows that do not fit are refused with their numbers") {
  CHECK(test::refuses([] { nn::max_pool{0}; }, "empty window"));
  CHECK(test::refuses([] { nn::max_pool{3}.build({5, 2, 1}, {}); }, "windows of 3 x 3 in an image of 5 x 2"));
  CHECK(test::refuses([] { nn::max_pool{2}.build({5}, {}); }, "1 extents"));
}

}  // namespace SQWA_TEST_FILE
