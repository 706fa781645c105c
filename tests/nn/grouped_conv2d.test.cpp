// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/grouped_conv2d.hpp>
#include "support/convolution_check.hpp"
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("grouped_conv2d: gradients agree with finite differences, for odd shapes, strides and paddings") {
  using layer = nn::grouped_conv2d<double>;
  test::check_gradients(layer{4, 2}, {4, 5, 6}, 2);
  test::check_gradients(layer{6, 3, {.stride = 2, .padding = 1}}, {5, 4, 3}, 2);
  test::check_gradients(layer{4, 2, {.kernel = 2, .stride = 3, .padding = 1, .bias = false}}, {4, 3, 4}, 9);
  test::check_gradients(layer{36, 2, {.kernel = 1, .padding = 1}}, {1, 2, 2}, 1);  // a vector and more in each group
  test::check_gradients(layer{3, 3, {.kernel = 2}}, {3, 3, 6}, 1);
}

TEST_CASE("grouped_conv2d: torch's numbers") {
  nn::grouped_conv2d<double> layer{6, 2, {.kernel = 2, .stride = 2, .padding = 1, .bias = false}};
  auto const got = test::convolve(layer, {2, 3, 4}, {});
  CHECK(got.y == std::vector<double>{0.9375, -0.3125, -1.5625, -1.4375, 0.375,   1.375, -2.75,   2.125,
                                     2.125,  -2.5,    0.5625,  2,       0.625,   1.875, -0.9375, 0.625,
                                     1.375,  -1.125,  2.3125,  1.8125,  -1.9375, 0.75,  1.6875,  -1.4375});
  CHECK(got.dx == std::vector<double>{1.5,    -0.9375, -0.25,   -0.6875, -0.25,   1.3125,  -0.5, -0.375,
                                      -0.375, 1.1875,  -0.25,   0.6875,  0,       0.6875,  -0.5, 1.1875,
                                      -0.375, -0.75,   -0.9375, -0.9375, -0.3125, -0.6875, 1.5,  -0.9375});
  CHECK(got.weight_gradient == std::vector<double>{-0.25,   0.375,  -0.5,    -0.5,   0.25,    -0.125,  1.0625,  -0.25,
                                                   0.25,    -0.375, 0.5,     0.1875, -0.75,   0.375,   -0.375,  0.75,
                                                   -0.125,  0.1875, -0.25,   -0.875, 0,       0,       -0.9375, 0,
                                                   0.5625,  -0.375, 0.9375,  0,      0.5625,  -0.5625, -0.125,  -0.875,
                                                   0,       0,      -0.1875, 0.75,   -0.1875, 0.1875,  0.5625,  0.1875,
                                                   -0.5625, 0.375,  -0.875,  -0.25,  0.375,   -0.375,  -0.5,    -0.5});
}

TEST_CASE("grouped_conv2d: in one group, a convolution") {
  nn::conv2d_options const options{.kernel = 3, .stride = 2, .padding = 1};
  auto const ours = test::convolve(nn::grouped_conv2d<double>{5, 1, options}, {5, 4, 3}, {1, 2, 3, 4, 5});
  auto const theirs = test::convolve(nn::conv2d<double>{5, options}, {5, 4, 3}, {1, 2, 3, 4, 5});
  CHECK(ours.y == theirs.y);
  CHECK(ours.dx == theirs.dx);
  CHECK(ours.weight_gradient == theirs.weight_gradient);
  CHECK(ours.bias_gradient == theirs.bias_gradient);
}

TEST_CASE("grouped_conv2d: a filter sees the channels of its group alone") {
  nn::grouped_conv2d<double> layer{4, 2, {.kernel = 1, .bias = false}};
  layer.build({1, 1, 6}, {.seed = 1});
  CHECK(layer.weight().shape(3) == 3);
  for (std::size_t channel = 0; channel != 6; ++channel) {
    std::vector<double> x(6), y(4);
    x[channel] = 1;
    layer.forward(std::span<double const>(x), std::span(y), 1, nn::pass::infer, sqwa::backend<>{});
    for (std::size_t f = 0; f != 4; ++f) CHECK((y[f] != 0) == (f / 2 == channel / 3));
  }
}

TEST_CASE("grouped_conv2d: every backend gives the same bits") {
  nn::grouped_conv2d const layer{42, 2, {.padding = 1}};
  auto const expected = test::training_pass(layer, {7, 5, 6}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 6}, 45, where) == expected); });
}

TEST_CASE("grouped_conv2d: what does not fit is refused with its numbers") {
  CHECK(test::refuses([] { nn::grouped_conv2d{5, 2}; }, "5 filters in 2 groups"));
  CHECK(test::refuses([] { nn::grouped_conv2d{4, 0}; }, "4 filters in 0 groups"));
  CHECK(test::refuses([] { nn::grouped_conv2d{4, 2, {.kernel = 0}}; }, "kernel 0"));
  CHECK(test::refuses([] { nn::grouped_conv2d{4, 2}.build({4, 4, 3}, {}); }, "3 channels in 2 groups"));
  CHECK(test::refuses([] { nn::grouped_conv2d{4, 2}.build({2, 4, 2}, {}); }, "on an image of 2 x 4"));
  constexpr std::size_t many = std::size_t{1} << 62;
  CHECK(test::refuses([] { nn::grouped_conv2d{many, 2}.build({3, 3, 4}, {}); }, "filters are too many"));
}

}  // namespace SQWA_TEST_FILE
