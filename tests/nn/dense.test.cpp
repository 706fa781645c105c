// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/dense.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <array>
#include <concepts>
#include <span>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

static_assert(nn::layer<nn::dense<float>> && nn::layer<nn::dense<double>> && !nn::layer<int>);
static_assert(std::same_as<decltype(nn::dense{10}), nn::dense<float>>);

TEST_CASE("dense: gradients agree with finite differences, for any extents, batch 1 and several pieces") {
  test::check_gradients_everywhere(nn::dense<double>{3}, {5}, 1);
  test::check_gradients_everywhere(nn::dense<double>{1}, {1}, 2);
  test::check_gradients_everywhere(nn::dense<double>{10, {.bias = false}}, {3, 2, 3}, 3);
  test::check_gradients_everywhere(nn::dense<double>{19}, {17}, 11);
}

TEST_CASE("dense: every backend gives the same bits") {
  auto const expected = test::training_pass(nn::dense<float>{37}, {7, 5, 3}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    CHECK(test::training_pass(nn::dense<float>{37}, {7, 5, 3}, 45, where) == expected);
  });
}

TEST_CASE("dense: y = W x + bias") {
  nn::dense layer{2};
  layer.build({2}, {});
  layer.visit([](nn::parameter<float> const& p) {
    for (std::size_t i = 0; i != p.value.size(); ++i)
      p.value[i] = static_cast<float>(i + 1);  // W = [1 2; 3 4], bias = [1 2]
  });
  std::array<float, 2> const x{10, 100};
  std::array<float, 2> y{};
  layer.reserve(1);
  layer.forward(std::span<float const>(x), std::span<float>(y), 1, nn::pass::infer, sqwa::backend<>{});
  CHECK(y == std::array<float, 2>{211, 432});
}

TEST_CASE("dense: no outputs and no inputs are refused") {
  CHECK(test::refuses([] { nn::dense{0}; }, "no outputs"));
  CHECK(test::refuses([] { nn::dense{3}.build({0, 2, 1}, {}); }, "no elements"));
}

TEST_CASE("dense: more weights than the address space holds are refused") {
  constexpr std::size_t many = std::size_t{1} << 62;
  CHECK(test::refuses([] { nn::dense{many}.build({4}, {}); }, "outputs of 4 inputs are too many"));
  CHECK(test::refuses([] { nn::dense{many}.build({1}, {}); }, "outputs of 1 inputs are too many"));
  CHECK(test::refuses([] { nn::dense{1}.build({many, 4}, {}); }, "an input of more elements than fit"));
}

}  // namespace SQWA_TEST_FILE
