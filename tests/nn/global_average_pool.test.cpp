// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/global_average_pool.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("global_average_pool: gradients agree with finite differences") {
  test::check_gradients(nn::global_average_pool<double>{}, {3, 5, 2}, 3);
  test::check_gradients(nn::global_average_pool<double>{}, {1, 1, 19}, 1);
}

TEST_CASE("global_average_pool: each channel becomes its mean") {
  nn::global_average_pool layer;
  CHECK(layer.build({2, 2, 17}, {}) == sqwa::shape{17});
  std::vector<float> x(4 * 17), y(17);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<float>(i % 17) + static_cast<float>(i / 17);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::infer, sqwa::backend<>{});
  for (std::size_t c = 0; c != 17; ++c) CHECK(y[c] == static_cast<float>(c) + 1.5F);
}

TEST_CASE("global_average_pool: every backend gives the same bits") {
  nn::global_average_pool const layer;
  auto const expected = test::training_pass(layer, {7, 5, 21}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 21}, 45, where) == expected); });
}

TEST_CASE("global_average_pool: what is not an image is refused") {
  CHECK(test::refuses([] { nn::global_average_pool{}.build({7}, {}); }, "1 extents"));
  CHECK(test::refuses([] { nn::global_average_pool{}.build({0, 3, 1}, {}); }, "0 elements"));
}

}  // namespace SQWA_TEST_FILE
