// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/relu.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("relu: gradients agree with finite differences") {
  test::check_gradients_everywhere(nn::relu<double>{}, {3, 2, 5}, 3);
}

TEST_CASE("relu: negative numbers become 0, NaN and infinity stay; the gradient at 0 is 0") {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::array<float, 6> const x{-1, 0, 2, inf, -inf, nan};
  std::array<float, 6> y{}, dx{};
  nn::relu layer;
  layer.forward(std::span<float const>(x), std::span<float>(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y[0] == 0);
  CHECK(y[1] == 0);
  CHECK(y[2] == 2);
  CHECK(y[3] == inf);
  CHECK(y[4] == 0);
  CHECK(std::isnan(y[5]));
  std::array<float, 6> const dy{1, 1, 1, 1, 1, 1};
  layer.backward(std::span<float const>(x), std::span<float const>(dy), std::span<float>(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::array<float, 6>{0, 0, 1, 1, 0, 0});
}

TEST_CASE("relu: working in place gives what working elsewhere gives") {
  auto const x = test::uniform<float>(20'000, 1), dy = test::uniform<float>(20'000, 2);
  std::vector<float> y(x.size()), dx(x.size());
  nn::relu layer;
  layer.forward(std::span<float const>(x), std::span(y), 20, nn::pass::train, sqwa::backend<>{});
  layer.backward(std::span<float const>(x), std::span<float const>(dy), std::span(dx), 20, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    auto values = x, errors = dy;
    layer.forward(std::span<float const>(values), std::span(values), 20, nn::pass::train, where);
    layer.backward(std::span<float const>(values), std::span<float const>(errors), std::span(errors), 20, where);
    CHECK(values == y);
    CHECK(errors == dx);
  });
}

}  // namespace SQWA_TEST_FILE
