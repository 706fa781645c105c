// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/average_pool.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include "support/convolution_check.hpp"
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("average_pool: gradients agree with finite differences, for odd shapes, gaps and overlaps") {
  test::check_gradients(nn::average_pool<double>{2}, {4, 5, 3}, 2);
  test::check_gradients(nn::average_pool<double>{3, 2}, {6, 7, 2}, 3);  // windows overlap
  test::check_gradients(nn::average_pool<double>{2, 3}, {7, 5, 1}, 1);  // pixels between windows
  test::check_gradients(nn::average_pool<double>{1}, {2, 3, 17}, 9);
}

TEST_CASE("average_pool: torch's numbers") {
  auto const got = test::convolve(nn::average_pool<double>{2, 1}, {5, 4, 2}, {});
  CHECK(got.y == std::vector<double>{0.1875, -0.625, 0.625,  -0.1875, 0.375, 0.25,  -0.125, -0.25,
                                     -0.375, 0.1875, -0.625, 0.625,   0.25,  0.125, 0,      -0.125,
                                     -0.25,  -0.375, 0.625,  -0.1875, 0.375, 0.25,  0.125,  0});
  CHECK(got.dx == std::vector<double>{-0.1875, 0,       0,      -0.0625, 0.3125,  -0.1875, 0.125,  -0.125,
                                      -0.125,  -0.1875, 0.0625, -0.0625, 0.25,    0.125,   0.0625, 0,
                                      -0.0625, -0.125,  -0.25,  0.0625,  -0.0625, 0.25,    0.125,  0.0625,
                                      0,       -0.0625, -0.125, -0.25,   0.0625,  -0.0625, 0.1875, 0.125,
                                      0.125,   -0.125,  0.1875, -0.3125, 0.0625,  0,       0,      0.1875});
}

TEST_CASE("average_pool: what no window covers is not looked at, and gets no gradient") {
  nn::average_pool<double> layer{2};
  CHECK(layer.build({3, 3, 1}, {}) == sqwa::shape{1, 1, 1});
  std::vector<double> const x{1, 2, 99, 3, 6, 99, 99, 99, 99}, dy{4};
  std::vector<double> y(1), dx(9, 7.0);
  layer.forward(std::span<double const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<double>{3});
  layer.backward(std::span<double const>(x), std::span<double const>(dy), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<double>{1, 1, 0, 1, 1, 0, 0, 0, 0});
}

TEST_CASE("average_pool: one window over the whole image is global_average_pool") {
  auto const ours = test::training_pass(nn::average_pool<double>{4}, {4, 4, 19}, 11, sqwa::backend<>{});
  auto const theirs = test::training_pass(nn::global_average_pool<double>{}, {4, 4, 19}, 11, sqwa::backend<>{});
  CHECK(ours == theirs);
}

TEST_CASE("average_pool: every backend gives the same bits") {
  nn::average_pool const layer{3, 2};
  auto const expected = test::training_pass(layer, {7, 5, 21}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 21}, 45, where) == expected); });
}

TEST_CASE("average_pool: windows that do not fit are refused with their numbers") {
  CHECK(test::refuses([] { nn::average_pool{0}; }, "empty window"));
  CHECK(test::refuses([] { nn::average_pool{3}.build({5, 2, 1}, {}); }, "windows of 3 x 3 in an image of 5 x 2"));
  CHECK(test::refuses([] { nn::average_pool{2}.build({5}, {}); }, "1 extents"));
}

}  // namespace SQWA_TEST_FILE
