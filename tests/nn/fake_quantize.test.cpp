// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/sgd.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/quant/activation_step.hpp>
#include <sqwa/quant/moving_range.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;
using sqwa::activation_step;
using sqwa::learned_clip;
using sqwa::moving_range;

namespace {

using test::stripes;

/// Low-bit activations behind a rectifier and, with points below zero, behind a normalization.
template <class After, class Before>
auto network(After const& after, Before const& before) {
  return nn::sequential{nn::conv2d{4, {.kernel = 3, .padding = 1, .bias = false}},
                        nn::batch_norm{},
                        nn::fake_quantize{before},
                        nn::relu{},
                        nn::fake_quantize{after},
                        nn::max_pool{2},
                        nn::dense{3}};
}

template <class Trainer>
std::vector<float> train(Trainer& t, int steps) {
  std::vector<float> losses;
  for (int i = 0; i != steps; ++i) {
    losses.push_back(t.backward());
    t.update(0.05F);
  }
  return losses;
}

template <class Trainer>
std::vector<float> state(Trainer& t) {
  std::vector<float> all;
  for (auto const& group : {t.parameters(), t.float_parameters(), t.statistics()}) {
    for (auto const& p : group) all.insert(all.end(), p.value.begin(), p.value.end());
  }
  return all;
}

template <class After, class Before>
void learns(After const& after, Before const& before) {
  auto const set = stripes(100), unseen = stripes(60, 2);
  nn::trainer t{network(after, before), set, {.batch = 20}};
  double const start = t.evaluate(set).loss;
  train(t, 80);
  t.refresh_statistics();
  CHECK(t.evaluate(set).loss < 0.2 * start);
  CHECK(t.evaluate(unseen).accuracy > 90);
  CHECK(t.model().template get<2>().bound() > 0);
  CHECK(t.model().template get<4>().bound() > 0);
}

template <class T, class Policy>
nn::fake_quantize<Policy, T> built(Policy policy, float initial = 0, std::size_t features = 6) {
  nn::fake_quantize<Policy, T> layer{policy, {.initial = initial}};
  CHECK(layer.build({features}, {}) == sqwa::shape{features});
  layer.reserve(4);
  return layer;
}

template <class Layer, class T>
std::vector<T> forward(Layer& layer, std::vector<T> const& x, std::size_t batch, nn::pass what = nn::pass::train) {
  std::vector<T> y(x.size(), T(99));
  layer.forward(std::span<T const>(x), std::span(y), batch, what, sqwa::backend<>{});
  return y;
}

template <class Layer, class T>
std::vector<T> backward(Layer& layer, std::vector<T> const& x, std::vector<T> const& dy, std::size_t batch) {
  std::vector<T> dx(x.size(), T(99));
  layer.backward(std::span<T const>(x), std::span<T const>(dy), std::span(dx), batch, sqwa::backend<>{});
  return dx;
}

/// Sets the bound as an optimizer or a file would.
template <class Layer>
void put(Layer& layer, double value) {
  layer.visit([&](auto const& p) { p.value[0] = static_cast<typename Layer::scalar>(value); });
}

template <class Layer>
double slope(Layer& layer) {
  double d = 0;
  layer.visit([&](auto const& p) { d = static_cast<double>(p.gradient[0]); });
  return d;
}

}  // namespace

TEST_CASE("fake_quantize: models learn with activations of 4 and of 2 bits") {
  SUBCASE("learned_clip") {
    learns(learned_clip{16}, activation_step{15, true});
    learns(learned_clip{4}, activation_step{15, true});
  }
  SUBCASE("activation_step") {
    learns(activation_step{16}, activation_step{15, true});
    learns(activation_step{4}, activation_step{3, true});
  }
  SUBCASE("moving_range") {
    learns(moving_range{16}, moving_range{15, true});
    learns(moving_range{4}, moving_range{15, true});
  }
}

TEST_CASE("fake_quantize: every backend gives the same bits in losses, parameters, statistics and scores") {
  auto const set = stripes(50);
  auto const same = [&](auto const& model) {
    nn::trainer t{model, set, {.batch = 19}};
    auto const losses = train(t, 6);
    t.refresh_statistics();
    auto const expected = state(t);
    auto const score = t.evaluate(set, "train");
    test::every_backend([&](auto where) {
      nn::trainer other{model, set, {.batch = 19}, where};
      CHECK(train(other, 6) == losses);
      other.refresh_statistics();
      CHECK(state(other) == expected);
      CHECK(other.evaluate(set, "train") == score);
    });
  };
  same(network(learned_clip{4}, activation_step{15, true}));
  same(network(moving_range{4}, activation_step{4}));
}

TEST_CASE_TEMPLATE("fake_quantize: what passes are points, and the gradients are the policy's", Policy, learned_clip,
                   activation_step, moving_range) {
  Policy const policy{.levels = 4};
  auto layer = built<double>(policy, 0.5F, 33);
  auto const x = test::uniform<double>(99, 1), dy = test::uniform<double>(99, 2);
  auto const y = forward(layer, x, 3);
  CHECK(std::set<double>(y.begin(), y.end()).size() <= 4);
  std::vector<double> expected(99), dx(99);
  std::span<double const> const values(x), errors(dy);
  policy.forward(values, std::span(expected), layer.bound());
  CHECK(y == expected);
  double const d = policy.backward(values, errors, std::span(dx), layer.bound(), 33);
  CHECK(backward(layer, x, dy, 3) == dx);
  if constexpr (Policy::learned) {
    CHECK(slope(layer) == d);
    CHECK(d != 0);
    put(layer, 0.5);
    forward(layer, x, 3);
    layer.backward(values, errors, std::span<double>(), 3, sqwa::backend<>{});  // without dx
    CHECK(slope(layer) == d);
  }
}

TEST_CASE("fake_quantize: the first training batch sets a bound that was not given") {
  std::vector<float> const x{-3, 1, 2, -1, 3, 2}, more{9, 9, 9, 9, 9, 9};
  auto clip = built<float>(learned_clip{4});
  auto step = built<float>(activation_step{5});
  CHECK(forward(clip, x, 1, nn::pass::infer) == x);  // not set: passes as it is
  CHECK(forward(clip, x, 1, nn::pass::refresh) == x);
  CHECK(clip.bound() == 0);
  CHECK(forward(clip, x, 1) == std::vector<float>{0, 1, 2, 0, 3, 2});
  CHECK(clip.bound() == 3);
  forward(step, x, 1);
  CHECK(step.bound() == 2);  // 2 * mean 2 / sqrt(4)
  forward(clip, more, 1);
  forward(step, more, 1);
  CHECK(clip.bound() == 3);  // only the first
  CHECK(step.bound() == 2);
  auto given = built<float>(learned_clip{4}, 1.5F);
  CHECK(given.bound() == 1.5F);
  CHECK(forward(given, x, 1, nn::pass::infer) == std::vector<float>{0, 1, 1.5F, 0, 1.5F, 1.5F});
  forward(given, x, 1);
  CHECK(given.bound() == 1.5F);
  clip.build({6}, {});
  CHECK(forward(clip, x, 1, nn::pass::infer) == x);  // anew
  CHECK(clip.bound() == 0);
}

TEST_CASE_TEMPLATE("fake_quantize: a batch that tells nothing passes, forward and back", Policy, learned_clip,
                   activation_step, moving_range) {
  auto layer = built<float>(Policy{.levels = 4});
  std::vector<float> const none(6), dy{1, 2, 3, 4, 5, 6};
  CHECK(forward(layer, none, 1) == none);
  CHECK(layer.bound() == 0);
  layer.visit([](auto const& p) { std::ranges::fill(p.gradient, 99.0F); });  // overwritten
  CHECK(backward(layer, none, dy, 1) == dy);
  if constexpr (Policy::learned) CHECK(slope(layer) == 0);
}

TEST_CASE("fake_quantize: a measured bound follows the batches, and a refresh measures it anew") {
  auto layer = built<float>(moving_range{4});
  std::vector<float> const low(6, 1), high(6, 3), higher(12, 6);
  forward(layer, low, 1);
  CHECK(layer.bound() == 1);
  CHECK(forward(layer, high, 1)[0] == doctest::Approx(1.02));
  CHECK(layer.bound() == doctest::Approx(1.02));
  forward(layer, higher, 2, nn::pass::infer);
  CHECK(layer.bound() == doctest::Approx(1.02));
  layer.begin_refresh();
  CHECK(forward(layer, high, 1, nn::pass::refresh) == high);  // by its own bound
  forward(layer, higher, 2, nn::pass::refresh);
  CHECK(layer.bound() == doctest::Approx(1.02));
  layer.end_refresh();
  CHECK(layer.bound() == 5);  // (3 + 2 * 6) / 3
  layer.begin_refresh();
  layer.end_refresh();
  CHECK(layer.bound() == 5);  // nothing seen
}

TEST_CASE("fake_quantize: a learned bound stays as it is in a refresh") {
  auto layer = built<float>(learned_clip{4}, 2);
  layer.begin_refresh();
  CHECK(forward(layer, std::vector<float>(6, 7), 1, nn::pass::refresh) == std::vector<float>(6, 2));
  layer.end_refresh();
  CHECK(layer.bound() == 2);
}

TEST_CASE("fake_quantize: refreshed statistics depend on the parameters alone") {
  auto const set = stripes(50);
  nn::trainer t{network(moving_range{4}, moving_range{15, true}), set, {.batch = 16}};
  train(t, 3);
  t.refresh_statistics();
  auto const expected = state(t);
  t.backward();  // moves the running statistics, not the parameters
  CHECK(state(t) != expected);
  t.refresh_statistics();
  CHECK(state(t) == expected);
}

TEST_CASE_TEMPLATE("fake_quantize: whatever an optimizer writes, the bound is positive when next seen", Policy,
                   learned_clip, activation_step) {
  double const inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  auto const after = [](double proposed) {
    auto layer = built<float>(Policy{.levels = 4}, 3);
    put(layer, proposed);
    return layer.bound();
  };
  CHECK(after(-5) == 1.5F);
  CHECK(after(0) == 1.5F);
  CHECK(after(-inf) == 1.5F);
  CHECK(after(1e-45) == 1.5F);
  CHECK(after(nan) == 3);
  CHECK(after(inf) == 6);
  CHECK(after(1e-3) == 1e-3F);  // good: taken as it is, a file may have brought it
  CHECK(after(100) == 100);

  auto layer = built<float>(Policy{.levels = 4}, 3);
  float* kept = nullptr;
  layer.visit([&](auto const& p) { kept = p.value.data(); });
  *kept = -1;  // behind the layer's back
  std::vector<float> const x(6, 9);
  CHECK(forward(layer, x, 1, nn::pass::infer)[0] > 0);
  CHECK(*kept == 1.5F);

  for (float const rate : {1e30F, std::numeric_limits<float>::infinity(), -1e30F}) {
    nn::sgd<float> optimizer;
    auto wild = built<float>(Policy{.levels = 4}, 3);
    for (int i = 0; i != 300; ++i) {
      auto const y = forward(wild, x, 1);
      CHECK(std::isfinite(y[0]));
      backward(wild, x, std::vector<float>(6, 1e10F), 1);
      optimizer.step(wild, rate);
      CHECK(wild.policy().range().holds(wild.bound()));
    }
  }
}

TEST_CASE_TEMPLATE("fake_quantize: a bound that became tiny grows again", Policy, learned_clip, activation_step) {
  auto layer = built<float>(Policy{.levels = 4}, 1e-30F);
  nn::sgd<float> optimizer;
  std::vector<float> const x{0.5F, 1, 2, 3, 1, 2};
  for (int i = 0; i != 200; ++i) {
    auto y = forward(layer, x, 1);
    for (std::size_t k = 0; k != x.size(); ++k) y[k] -= x[k];  // the loss is ||y - x||² / 2
    backward(layer, x, y, 1);
    optimizer.step(layer, 0.02F);
  }
  CHECK(layer.bound() > 0.3F);
  CHECK(layer.bound() < 10);
}

TEST_CASE(
    "fake_quantize: a learned bound is trained but neither quantized nor decayed, a measured one is a statistic") {
  auto const set = stripes(48);
  auto const names = [](auto const& list) {
    std::string all;
    for (auto const& p : list) all += p.name + " ";
    return all;
  };
  nn::trainer learned{network(learned_clip{}, activation_step{15, true}), set};
  CHECK(names(learned.parameters()) == "conv2d_1.weight dense_7.weight ");
  CHECK(names(learned.float_parameters()) ==
        "batch_norm_2.scale batch_norm_2.shift fake_quantize_3.scale fake_quantize_5.bound dense_7.bias ");
  nn::trainer measured{network(moving_range{}, moving_range{15, true}), set};
  CHECK(names(measured.statistics()) ==
        "batch_norm_2.running_mean batch_norm_2.running_var fake_quantize_3.bound fake_quantize_5.bound ");

  auto layer = built<float>(learned_clip{4}, 3);
  nn::sgd<float> optimizer{{.momentum = 0, .weight_decay = 0.5F}};
  std::vector<float> const x(6, 1);
  forward(layer, x, 1);
  backward(layer, x, std::vector<float>(6, 1), 1);  // all inside: no gradient
  optimizer.step(layer, 1);
  CHECK(layer.bound() == 3);
}

TEST_CASE("fake_quantize: an unset bound of a copy, and a bound of the wrong kind") {
  auto layer = built<float>(learned_clip{4});
  auto copy = layer;
  forward(layer, std::vector<float>(6, 2), 1);
  CHECK(copy.bound() == 0);
  put(copy, -4);
  CHECK(copy.bound() == 0);  // none was ever good
  put(copy, 2.5);            // a file's
  forward(copy, std::vector<float>(6, 2), 1);
  CHECK(copy.bound() == 2.5F);
  CHECK(test::refuses([] { nn::fake_quantize<>({}, {.initial = -1}); }, "fake_quantize: the bound -1 is not within"));
  CHECK(test::refuses([] { nn::fake_quantize<>({.levels = 1}); }, "learned_clip: 1 levels"));
}

}  // namespace SQWA_TEST_FILE
