// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/optimizer.hpp>
#include "support/optimizer_check.hpp"

#include <doctest/doctest.h>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("optimizer: steps and state are those of the one that the options name") {
  auto const same = [](nn::optimizer_options const& options, auto expected) {
    nn::optimizer<double> chosen(options);
    test::four_parameters a, b;
    for (int i = 0; i != 3; ++i) {
      a.pull(i);
      b.pull(i);
      chosen.step(a, 0.125);
      expected.step(b, 0.125);
      CHECK(a == b);
    }
    CHECK(test::optimizer_state(chosen).names == test::optimizer_state(expected).names);
    CHECK(test::optimizer_state(chosen).arrays == test::optimizer_state(expected).arrays);
  };
  nn::sgd_options const sgd{.momentum = 0.5F, .nesterov = true, .weight_decay = 0.25F};
  same(sgd, nn::sgd<double>(sgd));
  nn::adam_options const adam{.beta1 = 0.5, .weight_decay = 0.25F, .decoupled_decay = true};
  same(adam, nn::adam<double>(adam));
  same({}, nn::sgd<double>());
}

TEST_CASE("optimizer: its state, written into another one, makes it continue to the same bits") {
  test::check_state([] { return nn::optimizer<double>{nn::adam_options{}}; },
                    "first_moment[4] second_moment[4] steps ");
  test::check_state([] { return nn::optimizer<double>{nn::sgd_options{}}; }, "velocity[4] ");
}

}  // namespace SQWA_TEST_FILE
