// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/adam.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/optimizer_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// One run of weights with a gradient each.
struct weights {
  std::vector<double> value = test::uniform(50'000, 1), gradient = test::uniform(50'000, 2);

  template <class F>
  void visit(F&& f) {
    f(nn::parameter<double>{"weight", {value.size()}, value, gradient, nn::role::weight});
  }
};

}  // namespace

TEST_CASE("adam: torch's parameters, step by step, at a rate that falls") {
  // torch.optim.Adam and AdamW in float64 with the gradients of test::torch_steps, weight_decay for the weights only
  test::torch_steps(nn::adam<double>{{.weight_decay = 0.0625F}},
                    {{0.8750000022222222, -0.3750000399999872, 0.12500000470588218, 0.3750000033333333},
                     {0.8126398648880763, -0.3138445617672932, 0.06591118984521614, 0.32308765915888493},
                     {0.7711536218952608, -0.2822302472264094, 0.027069650451916727, 0.30643639788310256},
                     {0.740036013848661, -0.25820243371729945, -0.0021484526362973537, 0.3099811912445446}});
  test::torch_steps(nn::adam<double>{{.beta1 = 0.75, .beta2 = 0.9375, .epsilon = 0.5}},
                    {{0.9375, -0.5, 0.20833333333333334, 0.44642857142857145},
                     {0.9027027996880839, -0.5, 0.1775038841608396, 0.4268431785540345},
                     {0.8772845990202693, -0.493058970550188, 0.1523342697422153, 0.42024963323002795},
                     {0.8566730004815779, -0.4812927032868615, 0.13082076992674202, 0.420987776122757}});
  test::torch_steps(nn::adam<double>{{.weight_decay = 0.0625F, .decoupled_decay = true}},
                    {{0.8671875025, -0.49609375, 0.1230468799999998, 0.3750000033333333},
                     {0.8015391500362857, -0.447648005653746, 0.06381119640173867, 0.32308765915888493},
                     {0.7580833445044112, -0.4197804837232493, 0.024979048049264103, 0.30643639788310256},
                     {0.7255910448296464, -0.39648010651983784, -0.004192429742306034, 0.3099811912445446}});
}

TEST_CASE("adam: the first step has the length of the rate whatever the gradient's size") {
  for (double size : {1e-6, 1.0, 1e6}) {
    test::four_parameters m;
    m.weight_gradient = {size, -size, 0};
    m.bias_gradient = {size};
    nn::adam<double>{{.epsilon = 1e-30}}.step(m, 0.125);
    CHECK(m.weight[0] == doctest::Approx(0.875));
    CHECK(m.weight[1] == doctest::Approx(-0.375));
    CHECK(m.weight[2] == 0.25);
    CHECK(m.bias[0] == doctest::Approx(0.375));
  }
}

TEST_CASE("adam: its state, written into another one, makes it continue to the same bits") {
  test::check_state([] { return nn::adam<double>{{.weight_decay = 0.25F}}; },
                    "first_moment[4] second_moment[4] steps ");
}

TEST_CASE("adam: every backend gives the same bits") {
  nn::adam_options const how{.weight_decay = 0.01F, .decoupled_decay = true};
  weights expected;
  nn::adam<double> a{how};
  for (int i = 0; i != 3; ++i) a.step(expected, 0.1);
  test::every_backend([&](auto where) {
    weights w;
    nn::adam<double> other{how};
    for (int i = 0; i != 3; ++i) other.step(w, 0.1, where);
    CHECK(w.value == expected.value);
  });
}

TEST_CASE("adam: figures that cannot be are refused") {
  CHECK(test::refuses([] { nn::adam<float>{{.beta1 = 1}}; }, "beta1 1"));
  CHECK(test::refuses([] { nn::adam<float>{{.beta1 = -0.5}}; }, "beta1 -0.5"));
  CHECK(test::refuses([] { nn::adam<float>{{.beta2 = std::nan("")}}; }, "beta2 nan"));
  CHECK(test::refuses([] { nn::adam<float>{{.epsilon = 0}}; }, "epsilon 0"));
  CHECK(test::refuses([] { nn::adam<float>{{.epsilon = std::numeric_limits<double>::infinity()}}; }, "epsilon inf"));
  CHECK(test::refuses([] { nn::adam<float>{{.weight_decay = -1}}; }, "weight decay -1"));
}

}  // namespace SQWA_TEST_FILE
