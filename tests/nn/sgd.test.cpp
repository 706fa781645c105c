// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/sgd.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/optimizer_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// A weight, a bias and a statistic, with a gradient each of a constant.
struct model {
  std::vector<double> weight{1.0}, bias{1.0}, statistic{1.0};
  std::vector<double> weight_gradient{0.5}, bias_gradient{0.5};

  template <class F>
  void visit(F&& f) {
    f(nn::parameter<double>{"weight", {weight.size()}, weight, weight_gradient, nn::role::weight});
    f(nn::parameter<double>{"statistic", {statistic.size()}, statistic, {}, nn::role::statistic});
    f(nn::parameter<double>{"bias", {bias.size()}, bias, bias_gradient, nn::role::bias});
  }
};

}  // namespace

TEST_CASE("sgd: two steps by hand, with momentum, Nesterov and weight decay on weights alone") {
  // All numbers are exact in binary: momentum 1/2, decay 1/4, rate 1/8.
  model m;
  nn::sgd<double> plain{{.momentum = 0}};
  plain.step(m, 0.125);
  CHECK(m.weight[0] == 1 - 0.0625);
  CHECK(m.statistic[0] == 1);

  m = {};
  nn::sgd<double> heavy{{.momentum = 0.5F, .weight_decay = 0.25F}};
  heavy.step(m, 0.125);  // g = 0.5 + 0.25 = 0.75 = v
  CHECK(m.weight[0] == 0.90625);
  CHECK(m.bias[0] == 0.9375);  // v = 0.5
  heavy.step(m, 0.125);        // g = 0.5 + 0.2265625, v = 0.375 + g
  CHECK(m.weight[0] == 0.90625 - 0.125 * (0.375 + 0.7265625));
  CHECK(m.bias[0] == 0.9375 - 0.125 * 0.75);

  m = {};
  nn::sgd<double> nesterov{{.momentum = 0.5F, .nesterov = true}};
  nesterov.step(m, 0.125);  // v = 0.5, g + v / 2 = 0.75
  CHECK(m.bias[0] == 1 - 0.125 * 0.75);
  nesterov.step(m, 0.125);  // v = 0.75, g + v / 2 = 0.875
  CHECK(m.bias[0] == 1 - 0.125 * (0.75 + 0.875));
}

TEST_CASE("sgd: after reset the next step is a first step") {
  model m, fresh;
  nn::sgd<double> s{{.momentum = 0.5F}};
  s.step(m, 0.125);
  s.step(m, 0.125);
  s.reset();
  m = {};
  s.step(m, 0.125);
  nn::sgd<double>{{.momentum = 0.5F}}.step(fresh, 0.125);
  CHECK(m.weight == fresh.weight);
}

TEST_CASE("sgd: torch's parameters, step by step, at a rate that falls") {
  // torch.optim.SGD in float64 with the gradients of test::torch_steps, weight_decay for the weights only
  test::torch_steps(nn::sgd<double>{{.momentum = 0.875F, .weight_decay = 0.0625F}},
                    {{0.9296875, -0.49609375, 0.216796875, 0.453125},
                     {0.850616455078125, -0.4923858642578125, 0.15662384033203125, 0.423095703125},
                     {0.7637220223744711, -0.47836538155873615, 0.07292236884435019, 0.40798187255859375},
                     {0.6698352497381469, -0.44428557103189326, -0.031302972347475574, 0.4060794711112976}});
  test::torch_steps(nn::sgd<double>{{.momentum = 0.875F, .nesterov = true, .weight_decay = 0.0625F}},
                    {{0.8681640625, -0.49267578125, 0.187744140625, 0.412109375},
                     {0.754723072052002, -0.48735737800598145, 0.09306347370147705, 0.3799171447753906},
                     {0.6432388488513728, -0.4630395898129791, -0.02251510318213452, 0.37260712683200836},
                     {0.5302116801455744, -0.4076574624043019, -0.15480497378302022, 0.3819319386238931}});
}

TEST_CASE("sgd: its state, written into another one, makes it continue to the same bits") {
  test::check_state([] { return nn::sgd<double>{{.momentum = 0.9F, .nesterov = true}}; }, "velocity[4] ");
}

TEST_CASE("sgd: every backend gives the same bits") {
  model start;
  start.weight = test::uniform(50'000, 1);
  start.weight_gradient = test::uniform(50'000, 2);
  nn::sgd_options const how{.momentum = 0.9F, .nesterov = true, .weight_decay = 0.01F};
  model expected = start;
  nn::sgd<double> s{how};
  for (int i = 0; i != 3; ++i) s.step(expected, 0.1);
  test::every_backend([&](auto where) {
    model m = start;
    nn::sgd<double> other{how};
    for (int i = 0; i != 3; ++i) other.step(m, 0.1, where);
    CHECK(m.weight == expected.weight);
    CHECK(m.bias == expected.bias);
  });
}

TEST_CASE("sgd: momentum outside [0, 1) and negative decay are refused") {
  CHECK(test::refuses([] { nn::sgd<float>{{.momentum = 1}}; }, "momentum 1"));
  CHECK(test::refuses([] { nn::sgd<float>{{.momentum = -0.5F}}; }, "momentum -0.5"));
  CHECK(test::refuses([] { nn::sgd<float>{{.weight_decay = -1}}; }, "weight decay of -1"));
  CHECK(test::refuses([] { nn::sgd<float>{{.weight_decay = std::numeric_limits<float>::infinity()}}; },
                      "weight decay of inf"));
}

}  // namespace SQWA_TEST_FILE
