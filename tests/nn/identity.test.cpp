// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/identity.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("identity: the input, its extents and its gradient") {
  nn::identity layer;
  CHECK(layer.build({2, 3, 1}, {}) == sqwa::shape{2, 3, 1});
  std::vector<float> const x{1, -2, 3, -4, 5, -6};
  std::vector<float> y(6);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == x);
  test::check_gradients(nn::identity<double>{}, {2, 3, 1}, 2);
  test::check_gradients(nn::sequential{nn::dense<double>{3}, nn::identity<double>{}, nn::dense<double>{2}}, {4}, 2);
}

TEST_CASE("identity: adds to what is there, the same on every backend") {
  auto const x = test::uniform<float>(20'000, 1), y = test::uniform<float>(20'000, 2);
  auto const check = [&](auto where) {
    std::vector<float> sum = y, back = y;
    nn::identity<float>{}.add(std::span<float const>(x), std::span(sum), 1, where);
    nn::identity<float>{}.add_back(std::span<float const>(x), std::span(back), 1, where);
    for (std::size_t i = 0; i != x.size(); ++i) CHECK((sum[i] == x[i] + y[i] && back[i] == sum[i]));
  };
  check(sqwa::backend<>{});
  test::every_backend(check);
}

}  // namespace SQWA_TEST_FILE
