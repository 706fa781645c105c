// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/models/mlp.hpp>
#include "golden/models.hpp"
#include "support/model_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("mlp: outputs and gradients are torch's") {
  test::check_model(nn::mlp<double>({30, 20}, 10), {5, 4, 3}, golden::mlp_outputs, golden::mlp_gradients);
}

TEST_CASE("mlp: widths, names and numbers of parameters") {
  auto model = nn::mlp({256, 256}, 10);
  CHECK(model.build({28, 28, 1}, {.seed = 1}) == sqwa::shape{10});
  CHECK(test::trained_numbers(model) == 785 * 256 + 257 * 256 + 257 * 10);
  std::vector<std::string> names;
  for (auto const& p : model.parameters()) names.push_back(p.name);
  CHECK(names == std::vector<std::string>{"dense_1.weight", "dense_1.bias", "dense_3.weight", "dense_3.bias",
                                          "dense_5.weight", "dense_5.bias"});
}

TEST_CASE("mlp: without hidden layers, a linear classifier") {
  auto model = nn::mlp({}, 3);
  CHECK(model.size() == 1);
  CHECK(model.build({4}, {.seed = 1}) == sqwa::shape{3});
}

TEST_CASE("mlp: layers without outputs are refused") {
  CHECK(test::refuses([] { static_cast<void>(nn::mlp({8, 0}, 3)); }, "no outputs"));
  CHECK(test::refuses([] { static_cast<void>(nn::mlp({8}, 0)); }, "no outputs"));
}

}  // namespace SQWA_TEST_FILE
