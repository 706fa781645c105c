// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/depthwise_conv2d.hpp>
#include <sqwa/nn/grouped_conv2d.hpp>
#include "support/convolution_check.hpp"
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("depthwise_conv2d: gradients agree with finite differences, for odd shapes, strides and paddings") {
  using layer = nn::depthwise_conv2d<double>;
  test::check_gradients(layer{}, {4, 5, 3}, 2);
  test::check_gradients(layer{{.stride = 2, .padding = 1}}, {5, 4, 17}, 2);
  test::check_gradients(layer{{.kernel = 2, .stride = 3, .padding = 1, .bias = false}}, {4, 3, 5}, 9);  // two pieces
  test::check_gradients(layer{{.kernel = 1, .padding = 2}}, {1, 2, 2}, 1);  // windows that see no pixel
  test::check_gradients(layer{{.kernel = 5, .padding = 2}}, {2, 3, 1}, 2);  // larger than the image
}

TEST_CASE("depthwise_conv2d: torch's numbers") {
  nn::depthwise_conv2d<double> layer{{.stride = 2, .padding = 1}};
  auto const got = test::convolve(layer, {4, 3, 2}, {0.5, -1});
  CHECK(got.y == std::vector<double>{3.1875, -0.4375, 0, 0.375, -0.375, -3.9375, -0.3125, -3.375});
  CHECK(got.dx == std::vector<double>{0.75,    0,      -0.1875, 0,      -0.75,   0.375,  -0.625, 0.125,
                                      -1.1875, -1.375, 0.8125,  0.0625, -0.5,    0.75,   0.5,    -0.125,
                                      -0.25,   1.125,  0.5,     -0.25,  -0.4375, 1.4375, 0.25,   -0.375});
  CHECK(got.weight_gradient == std::vector<double>{0.125, 0.4375, 0.25, 0.875, 1.5625, -1.0625, 0.125, -1.0625, -0.875,
                                                   0.75, 1.3125, 0.5, -0.6875, -1.0625, -0.5, 0.0625, 0.0625, -0.125});
  CHECK(got.bias_gradient == std::vector<double>{0.75, -1.5});
}

TEST_CASE("depthwise_conv2d: the same as one group for each channel") {
  for (nn::conv2d_options const o :
       {nn::conv2d_options{.padding = 1}, nn::conv2d_options{.kernel = 2, .stride = 2, .bias = false}}) {
    auto const ours = test::training_pass(nn::depthwise_conv2d<float>{o}, {6, 7, 21}, 11, sqwa::backend<>{});
    CHECK(ours == test::training_pass(nn::grouped_conv2d<float>{21, 21, o}, {6, 7, 21}, 11, sqwa::backend<>{}));
  }
}

TEST_CASE("depthwise_conv2d: every backend gives the same bits") {
  nn::depthwise_conv2d const layer{{.stride = 2, .padding = 1}};
  auto const expected = test::training_pass(layer, {7, 5, 21}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 21}, 45, where) == expected); });
}

TEST_CASE("depthwise_conv2d: what does not fit is refused with its numbers") {
  CHECK(test::refuses([] { nn::depthwise_conv2d{{.kernel = 0}}; }, "kernel 0, stride 1"));
  CHECK(test::refuses([] { nn::depthwise_conv2d{{.stride = 0}}; }, "kernel 3, stride 0"));
  CHECK(test::refuses(
      [] {
        nn::depthwise_conv2d{}.build({4, 2, 1}, {});
      },
      "depthwise_conv2d: a kernel of 3 x 3 on an image of 4 x 2 with padding 0"));
  CHECK(test::refuses([] { nn::depthwise_conv2d{}.build({4, 4}, {}); }, "2 extents"));
  CHECK(test::refuses([] { nn::depthwise_conv2d{}.build({4, 4, 0}, {}); }, "4 x 4 pixels and 0 channels"));
  constexpr std::size_t many = std::size_t{1} << 62;
  CHECK(test::refuses([] { nn::depthwise_conv2d{{.padding = many * 2}}.build({3, 3, 1}, {}); }, "padding"));
  CHECK(test::refuses(
      [] {
        nn::depthwise_conv2d{{.kernel = many, .padding = many / 2}}.build({3, 3, 1}, {});
      },
      "too much for an image of 3 x 3"));
}

}  // namespace SQWA_TEST_FILE
