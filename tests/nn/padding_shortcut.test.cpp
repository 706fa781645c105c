// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/padding_shortcut.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("padding_shortcut: every second pixel, new channels on both sides") {
  nn::padding_shortcut layer{5, 2};  // of three new channels, one goes in front
  CHECK(layer.build({3, 4, 2}, {}) == sqwa::shape{2, 2, 5});
  std::vector<float> x(24), y(20, -1.0F);
  std::iota(x.begin(), x.end(), 1.0F);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<float>{0, 1, 2, 0, 0, 0, 5, 6, 0, 0, 0, 17, 18, 0, 0, 0, 21, 22, 0, 0});
  layer.add(std::span<float const>(x), std::span(y), 1, sqwa::backend<>{});
  CHECK(y == std::vector<float>{0, 2, 4, 0, 0, 0, 10, 12, 0, 0, 0, 34, 36, 0, 0, 0, 42, 44, 0, 0});
}

TEST_CASE("padding_shortcut: gradients agree with finite differences") {
  test::check_gradients(nn::padding_shortcut<double>{4, 2}, {5, 4, 2}, 2);
  test::check_gradients(nn::padding_shortcut<double>{2, 3}, {4, 3, 2}, 9);
  test::check_gradients(nn::padding_shortcut<double>{7}, {1, 2, 2}, 1);
}

TEST_CASE("padding_shortcut: back is the transpose of forth, added to what is there") {
  nn::padding_shortcut<double> layer{6, 2};
  sqwa::shape const in{5, 3, 3}, out = layer.build(in, {});
  auto const x = test::uniform(2 * in.size(), 1), w = test::uniform(2 * out.size(), 2);
  std::vector<double> y(w.size()), dx(x.size(), 1.0);
  layer.forward(std::span<double const>(x), std::span(y), 2, nn::pass::train, sqwa::backend<>{});
  layer.add_back(std::span<double const>(w), std::span(dx), 2, sqwa::backend<>{});
  for (double& d : dx) d -= 1;
  CHECK(std::inner_product(y.begin(), y.end(), w.begin(), 0.0) ==
        doctest::Approx(std::inner_product(dx.begin(), dx.end(), x.begin(), 0.0)).epsilon(1e-12));
}

TEST_CASE("padding_shortcut: every backend gives the same bits") {
  nn::padding_shortcut const layer{20, 2};
  auto const expected = test::training_pass(layer, {9, 8, 17}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {9, 8, 17}, 45, where) == expected); });
}

TEST_CASE("padding_shortcut: channels that do not fit are refused") {
  CHECK(test::refuses([] { nn::padding_shortcut{2}.build({4, 4, 3}, {}); }, "3 channels do not fit into 2"));
  CHECK(test::refuses([] { nn::padding_shortcut{2}.build({4, 4}, {}); }, "2 extents"));
  CHECK(test::refuses([] { nn::padding_shortcut{0}; }, "0 channels"));
}

}  // namespace SQWA_TEST_FILE
