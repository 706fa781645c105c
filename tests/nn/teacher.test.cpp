// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/teacher.hpp>
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("teacher: says what the model says in inference, also of a part of a batch, and changes nothing in it") {
  nn::sequential model{nn::dense{5}, nn::batch_norm{}, nn::dense{3}};
  model.build({4}, {.seed = 3});
  model.reserve(8);
  auto const x = test::uniform<float>(8 * 4, 1);
  std::vector<float> y(8 * 3);
  model.forward(std::span<float const>(x), std::span(y), 8, nn::pass::train, sqwa::backend<>{});  // moves statistics
  model.forward(std::span<float const>(x), std::span(y), 8, nn::pass::infer, sqwa::backend<>{});

  nn::teacher<> none, expert(model, {4}, 3, 8);
  CHECK(!none);
  REQUIRE(expert);
  for (int i = 0; i != 2; ++i) {
    auto copy = expert;
    CHECK(std::ranges::equal(copy(x, 8, {}), y));
    CHECK(std::ranges::equal(expert(std::span(x).first(5 * 4), 5, {}), std::span(y).first(5 * 3)));
  }
}

TEST_CASE("teacher: a model of other samples or classes is refused, and one that was never built") {
  nn::sequential model{nn::dense{5}, nn::dense{3}};
  auto const refused = [&](sqwa::shape const& sample, std::size_t classes, char const* words) {
    return test::refuses([&] { nn::teacher<>(model, sample, classes, 8); }, words);
  };
  CHECK(refused({4}, 3, "tensor 0 of the model, a weight, has 0 elements, for these samples 20"));
  model.build({4}, {});
  CHECK(refused({4}, 2, "the model has 3 outputs for 2 classes"));
  CHECK(refused({7}, 3, "tensor 0 of the model, a weight, has 20 elements, for these samples 35"));
  CHECK(!refused({2, 2}, 3, ""));
}

}  // namespace SQWA_TEST_FILE
