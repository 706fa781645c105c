// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/depthwise_conv2d.hpp>
#include <sqwa/nn/grouped_conv2d.hpp>
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class Layer>
void check_second_pass(Layer layer, sqwa::shape const& input) {
  std::size_t const batch = 17;
  sqwa::shape const output = layer.build(input, {.seed = 1});
  layer.reserve(batch);
  auto const x = test::uniform(batch * input.size(), 1), dy = test::uniform(batch * output.size(), 2);
  std::vector<double> y(dy.size()), dx(x.size());
  auto const gradients = [&] {
    layer.forward(std::span<double const>(x), std::span(y), batch, nn::pass::train, sqwa::backend<>{});
    layer.backward(std::span<double const>(x), std::span<double const>(dy), std::span(dx), batch, sqwa::backend<>{});
    std::vector<double> all = dx;
    layer.visit([&](nn::parameter<double> const& p) { all.insert(all.end(), p.gradient.begin(), p.gradient.end()); });
    return all;
  };
  auto const first = gradients();
  CHECK(gradients() == first);
}

}  // namespace

TEST_CASE("partial_convolution: gradients of a second pass hold nothing of the first") {
  check_second_pass(nn::depthwise_conv2d<double>{{.padding = 1}}, {4, 3, 5});
  check_second_pass(nn::grouped_conv2d<double>{4, 2, {.padding = 1}}, {4, 3, 6});
}

TEST_CASE("partial_convolution: weights begin in ±sqrt(6 / products of an output), biases at zero") {
  auto const check = [](auto layer, double products) {
    layer.build({8, 8, 60}, {.seed = 1});
    double largest = 0;
    for (double w : layer.weight()) largest = std::max(largest, std::abs(w));
    CHECK(largest <= std::sqrt(6 / products));
    CHECK(largest > 0.95 * std::sqrt(6 / products));
    CHECK(std::ranges::all_of(layer.bias(), [](double b) { return b == 0; }));
  };
  check(nn::depthwise_conv2d<double>{}, 9);
  check(nn::grouped_conv2d<double>{12, 3}, 9 * 20);
}

}  // namespace SQWA_TEST_FILE
