// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/models/lenet5.hpp>
#include "golden/models.hpp"
#include "support/model_check.hpp"

#include <doctest/doctest.h>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("lenet5: outputs and gradients are torch's") {
  test::check_model(nn::lenet5<double>(10), {28, 28, 1}, golden::lenet5_outputs, golden::lenet5_gradients);
}

TEST_CASE("lenet5: 61,706 parameters on grey images of 28 x 28") {
  auto model = nn::lenet5(10);
  CHECK(model.build({28, 28, 1}, {.seed = 1}) == sqwa::shape{10});
  CHECK(test::trained_numbers(model) == 26 * 6 + 151 * 16 + 401 * 120 + 121 * 84 + 85 * 10);
  CHECK(model.build({32, 32, 3}, {.seed = 1}) == sqwa::shape{10});
  CHECK(test::trained_numbers(model) == 76 * 6 + 151 * 16 + 577 * 120 + 121 * 84 + 85 * 10);
}

}  // namespace SQWA_TEST_FILE
