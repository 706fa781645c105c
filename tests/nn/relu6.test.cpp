// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/relu6.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("relu6: values and gradients at the bounds, inside and beyond, as torch has them") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> const x{-infinity, -1, 0, 3, 6, 7, infinity}, dy{1, 1, 1, 2, 1, 1, 1};
  std::vector<float> y(7), dx(7);
  nn::relu6 layer;
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<float>{0, 0, 0, 3, 6, 6, 6});
  layer.backward(std::span<float const>(x), std::span<float const>(dy), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<float>{0, 0, 0, 2, 0, 0, 0});
  std::vector<float> in_place = x;
  layer.forward(std::span<float const>(in_place), std::span(in_place), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(in_place == y);
  dx = dy;  // and from what forward left, in place, the same gradient
  layer.backward(std::span<float const>(in_place), std::span<float const>(dx), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<float>{0, 0, 0, 2, 0, 0, 0});
}

TEST_CASE("relu6: NaN stays NaN") {
  std::vector<float> const x{std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> y(1);
  nn::relu6{}.forward(std::span<float const>(x), std::span(y), 1, nn::pass::infer, sqwa::backend<>{});
  CHECK(std::isnan(y[0]));
}

TEST_CASE("relu6: gradients agree with finite differences, below and above both bounds, among other layers") {
  nn::sequential model{nn::dense<double>{24}, nn::relu6<double>{}, nn::relu<double>{}, nn::dense<double>{2}};
  model.build({3}, {.seed = 1});
  model.reserve(4);
  auto x = test::uniform(12, 1);
  for (double& v : x) v *= 16;
  // The weights are in [-1.5, 1.5): sums reach far beyond 6.
  std::vector<double> hidden(4 * 24);
  nn::dense<double> first = model.get<0>();
  first.forward(std::span<double const>(x), std::span(hidden), 4, nn::pass::infer, sqwa::backend<>{});
  CHECK(std::ranges::count_if(hidden, [](double v) { return v > 6; }) > 8);
  CHECK(std::ranges::count_if(hidden, [](double v) { return v > 0 && v < 6; }) > 8);

  std::vector<double> const dy{1, -2, 3, -4, 5, -6, 7, -8};
  std::vector<double> y(8), dx(12);
  auto const loss = [&] {
    model.forward(std::span<double const>(x), std::span(y), 4, nn::pass::train, sqwa::backend<>{});
    double sum = 0;
    for (std::size_t i = 0; i != 8; ++i) sum += y[i] * dy[i];
    return sum;
  };
  loss();
  model.backward(std::span<double const>(x), std::span<double const>(dy), std::span(dx), 4, sqwa::backend<>{});
  for (std::size_t i = 0; i != 12; ++i) {
    double const kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double const up = loss();
    x[i] = kept - h;
    CHECK(dx[i] == doctest::Approx((up - loss()) / (2 * h)).epsilon(1e-6));
    x[i] = kept;
  }
}

TEST_CASE("relu6: every backend gives the same bits") {
  auto const expected = test::training_pass(nn::relu6<float>{}, {501, 31}, 2, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    CHECK(test::training_pass(nn::relu6<float>{}, {501, 31}, 2, where) == expected);
  });
}

}  // namespace SQWA_TEST_FILE
