// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/conv2d.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

static_assert(std::same_as<decltype(nn::conv2d{8, {.kernel = 3, .padding = 1}}), nn::conv2d<float>>);

TEST_CASE("conv2d: gradients agree with finite differences, for odd shapes, strides and padding") {
  using conv = nn::conv2d<double>;
  test::check_gradients_everywhere(conv{2, {.kernel = 3, .padding = 1}}, {4, 5, 3}, 2);
  test::check_gradients_everywhere(conv{3, {.kernel = 3, .stride = 2, .padding = 1}}, {5, 6, 2}, 2);
  test::check_gradients_everywhere(conv{2, {.kernel = 2, .stride = 3, .bias = false}}, {6, 7, 1},
                                   1);  // pixels between windows
  test::check_gradients_everywhere(conv{5, {.kernel = 1}}, {3, 2, 4}, 3);
  test::check_gradients_everywhere(conv{2, {.kernel = 1, .stride = 2, .padding = 2}}, {3, 3, 2},
                                   2);                                                   // padding > kernel - 1
  test::check_gradients_everywhere(conv{2, {.kernel = 5, .padding = 2}}, {2, 3, 1}, 1);  // kernel larger than the image
  test::check_gradients_everywhere(conv{1, {.kernel = 3}}, {3, 3, 1}, 11);               // one position, two pieces
}

TEST_CASE("conv2d: gradients agree with finite differences where Winograd's filters are used") {
  using conv = nn::conv2d<double>;
  test::check_gradients_everywhere(conv{4, {.kernel = 3, .padding = 1}}, {5, 6, 4}, 2);
  test::check_gradients_everywhere(conv{4, {.kernel = 3}}, {5, 9, 8}, 1);
  test::check_gradients_everywhere(conv{8, {.kernel = 3, .padding = 2, .bias = false}}, {2, 3, 4}, 9);
}

TEST_CASE("conv2d: fused kernels give the same bits on every executor") {
  nn::conv2d const layer{16, {.kernel = 3, .padding = 1}};
  std::vector<float> first;
  test::every_fused_backend([&](auto where) {
    auto const pass = test::training_pass(layer, {9, 7, 8}, 19, where);
    if (first.empty()) first = pass;
    CHECK(pass == first);
  });
}

TEST_CASE("conv2d: every backend gives the same bits") {
  for (std::size_t const stride : {1U, 2U}) {
    nn::conv2d const layer{21, {.kernel = 3, .stride = stride, .padding = 1}};
    auto const expected = test::training_pass(layer, {9, 7, 5}, 19, sqwa::backend<>{});
    test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {9, 7, 5}, 19, where) == expected); });
  }
}

TEST_CASE("conv2d: the result is the sum over the window, whatever the shape") {
  std::size_t const rows = 6, columns = 5, channels = 3, filters = 4, kernel = 3, stride = 2, padding = 1, batch = 3;
  nn::conv2d<double> layer{filters, {.kernel = kernel, .stride = stride, .padding = padding, .bias = false}};
  CHECK(layer.build({rows, columns, channels}, {.seed = 3}) == sqwa::shape{3, 3, filters});
  layer.reserve(batch);
  auto const x = test::uniform(batch * rows * columns * channels, 5);
  std::vector<double> y(batch * 3 * 3 * filters);
  layer.forward(std::span<double const>(x), std::span(y), batch, nn::pass::infer, sqwa::backend<>{});
  auto const pixel = [&](std::size_t s, std::size_t i, std::size_t j,
                         std::size_t c) {  // i and j count from the padding
    if (i < padding || j < padding || i - padding >= rows || j - padding >= columns) return 0.0;
    return x[((s * rows + i - padding) * columns + j - padding) * channels + c];
  };
  std::size_t at = 0;
  for (std::size_t s = 0; s != batch; ++s) {
    for (std::size_t i = 0; i != 3; ++i) {
      for (std::size_t j = 0; j != 3; ++j) {
        for (std::size_t o = 0; o != filters; ++o, ++at) {
          double sum = 0;
          for (std::size_t a = 0; a != kernel; ++a) {
            for (std::size_t b = 0; b != kernel; ++b) {
              for (std::size_t c = 0; c != channels; ++c) {
                sum += layer.weight()(o, a, b, c) * pixel(s, i * stride + a, j * stride + b, c);
              }
            }
          }
          CHECK(y[at] == doctest::Approx(sum).epsilon(1e-12).scale(1.0));
        }
      }
    }
  }
}

TEST_CASE("conv2d: a sample's result does not depend on the batch it is in") {
  nn::conv2d<float> layer{7, {.kernel = 3, .padding = 1}};
  layer.build({4, 4, 2}, {.seed = 3});
  layer.reserve(9);
  auto const x = test::uniform<float>(9 * 32, 5);
  std::vector<float> all(9 * 16 * 7), one(16 * 7);
  layer.forward(std::span<float const>(x), std::span(all), 9, nn::pass::infer, sqwa::backend<>{});
  for (std::size_t s = 0; s != 9; ++s) {
    layer.forward(std::span<float const>(x).subspan(s * 32, 32), std::span(one), 1, nn::pass::infer, sqwa::backend<>{});
    CHECK(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(s * one.size())));
  }
}

TEST_CASE("conv2d: impossible shapes are refused with their numbers") {
  CHECK(test::refuses([] { nn::conv2d{0}; }, "0 filters"));
  CHECK(test::refuses([] { nn::conv2d{1, {.stride = 0}}; }, "stride 0"));
  CHECK(test::refuses([] { nn::conv2d{1}.build({9, 9}, {}); }, "2 extents"));
  CHECK(test::refuses([] { nn::conv2d{1}.build({2, 9, 1}, {}); }, "3 x 3 on an image of 2 x 9"));
}

TEST_CASE("conv2d: padding and filters that the address space does not hold are refused") {
  constexpr std::size_t many = std::size_t{1} << 62;
  CHECK(test::refuses([] { nn::conv2d{1, {.padding = many * 2}}.build({3, 3, 1}, {}); }, "padding"));
  CHECK(test::refuses([] { nn::conv2d{1, {.padding = many}}.build({3, 3, 1}, {}); }, "padding"));
  CHECK(test::refuses([] { nn::conv2d{many}.build({3, 3, 4}, {}); }, "filters"));
}

}  // namespace SQWA_TEST_FILE
