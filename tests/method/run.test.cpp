// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/run.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/quant/activation_step.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/moving_range.hpp>
#include <sqwa/schedule/combine.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

recipe short_recipe() {
  return {.format = symmetric<3>{},
          .train = {cosine{.hi = 0.2F, .lo = 0, .length = 30}},
          .retrain = {cyclic{cosine{.hi = 0.2F, .lo = 0.02F, .length = 4}, 5}, 50},
          .capture = at_trough{.last = 7},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 12}}};
}

std::vector<std::string> names(report const& r) {
  std::vector<std::string> all;
  for (report_row const& row : r.rows) all.push_back(row.model);
  return all;
}

}  // namespace

TEST_CASE("run: the rows are the models of the five phases, in order, with their sizes") {
  test::toy_learner l;
  report const r = run(short_recipe(), l);
  CHECK(names(r) ==
        std::vector<std::string>{"float", "direct", "latent", "last_capture", "average", "requantized", "sqwa"});
  CHECK(r.captures == 7);
  CHECK(l.backwards == 30 + 50 + 12);
  CHECK(l.updates == l.backwards);
  CHECK(l.resets == 3);
  CHECK(r.find("float")->bits_per_weight == 32);
  CHECK(r.find("float")->bytes == 4 * (40 + 7 + 2 + 1));
  CHECK(r.find("sqwa")->bits_per_weight == doctest::Approx((47 * 2 + 2 * 32) / 47.0));
  CHECK(r.find("sqwa")->bytes == 10 + 2 + 4 * 2 + 4 * 3);
  CHECK(r.find("average")->bits_per_weight == doctest::Approx((47 * 4 + 2 * 32) / 47.0));
  CHECK(r.find("average")->bytes == 20 + 4 + 4 * 2 + 4 * 3);
  CHECK(r.find("nothing") == nullptr);
}

TEST_CASE("run: the model of the report gives the score of the last row, bit for bit") {
  test::toy_learner l;
  report const r = run(short_recipe(), l);
  test::toy_learner fresh;
  low_bit_weights weights(fresh, symmetric<3>{});
  weights.put(r.model);
  CHECK(fresh.evaluate()[0].loss == r.find("sqwa")->scores[0].loss);
  CHECK(weights.capture().weights == r.model.weights);
}

TEST_CASE("run: the control takes as many steps as the method, from the same float model") {
  test::toy_learner l, twin;
  recipe r = short_recipe();
  report const method = run(r, l);
  r.average = averaging::none;
  report const control = run(r, twin);
  CHECK(names(control) == std::vector<std::string>{"float", "direct", "control"});
  CHECK(twin.backwards == l.backwards);
  CHECK(control.find("direct")->scores[0].loss == method.find("direct")->scores[0].loss);
  CHECK(control.captures == 0);
}

TEST_CASE("run: the same recipe gives the same figures again, and every switch changes them") {
  auto const figure = [](recipe const& r) {
    test::toy_learner l;
    return run(r, l).find("sqwa")->scores[0].loss;
  };
  double const reference = figure(short_recipe());
  CHECK(figure(short_recipe()) == reference);
  recipe r = short_recipe();
  r.average = averaging::latent;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.scales = scale_rule::refitted;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.scales = scale_rule::learned;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.requantize = scale_rule::frozen;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.fine_tune_from = start_point::quantized;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.gradient = straight_through::clipped;
  CHECK(figure(r) != reference);
  r = short_recipe();
  r.capture = at_trough{.last = 3};
  CHECK(figure(r) != reference);
}

TEST_CASE("run: with frozen scales every capture has the scales of the direct quantization") {
  test::toy_learner l;
  recipe const r = short_recipe();
  run_float(r, l);
  low_bit_weights weights(l, r.format, r.seed);
  std::vector<float> const frozen(weights.scales(0).begin(), weights.scales(0).end());
  auto const captured = retrain(weights, r);
  auto const& average = captured.average();
  low_bit_model const& last = captured.last();
  CHECK(average.captures() == 7);
  CHECK(average.bits(0) == 4);
  CHECK(last.weights[0].weights.scales == frozen);
}

TEST_CASE("run: learned scales stand still from the first capture on where codes are averaged, and nowhere else") {
  auto const captured = [](averaging what, int& bits) {
    recipe r = short_recipe();
    r.scales = scale_rule::learned;
    r.average = what;
    test::toy_learner l;
    run_float(r, l);
    low_bit_weights weights(l, r.format, r.seed);
    float const fitted = weights.scales(0)[0];
    std::vector<float> scales;
    auto const done =
        retrain(weights, r, {},
                {.captured = [&](low_bit_model const& m) { scales.push_back(m.weights[0].weights.scales[0]); }});
    auto const& average = done.average();
    bits = average.bits(0);
    CHECK(scales.front() != fitted);
    average.put(weights);
    requantize(weights, r);
    float const requantized = weights.scales(0)[0];
    fine_tune(weights, r);
    CHECK(weights.scales(0)[0] != requantized);
    return scales;
  };
  int bits = 0;
  auto const codes = captured(averaging::codes, bits);
  CHECK(codes == std::vector<float>(7, codes[0]));
  CHECK(bits == 4);
  auto const values = captured(averaging::values, bits);
  CHECK(values.front() == codes.front());
  CHECK(values.back() != values.front());
  CHECK(bits == 32);

  recipe control = short_recipe();
  control.average = averaging::none;
  test::toy_learner a, b;
  run(control, a);
  control.scales = scale_rule::learned;
  run(control, b);
  CHECK(a.first != b.first);
}

TEST_CASE("run: learned scales that cannot be are refused before anything is trained") {
  recipe r = short_recipe();
  r.requantize = scale_rule::learned;
  test::toy_learner l;
  CHECK(test::refuses([&] { run(r, l); }, "requantize is learned"));
  CHECK(l.backwards == 0);
}

TEST_CASE("run: the observer sees every step of every phase with its rate") {
  test::toy_learner l;
  recipe const r = short_recipe();
  std::vector<std::string> phases;
  run(r, l, [&](progress const& p) {
    if (phases.empty() || phases.back() != p.phase) phases.emplace_back(p.phase);
    if (std::string_view(p.phase) == "retrain") CHECK(p.rate == r.retrain.rate(p.step));
    CHECK(p.step < p.steps);
    CHECK(std::isfinite(p.loss));
  });
  CHECK(phases == std::vector<std::string>{"train", "retrain", "fine_tune"});
}

TEST_CASE("run: a recipe that captures nothing is refused before anything is trained") {
  test::toy_learner l;
  recipe r = short_recipe();
  r.retrain.steps = 4;
  CHECK(test::refuses([&] { run(r, l); }, "no snapshot"));
  CHECK(l.backwards == 0);
}

TEST_CASE("run: a loss that is not a number ends the run with the step, in float training too") {
  test::toy_learner l;
  l.diverge_at = 3;
  CHECK_THROWS_WITH_AS(run(short_recipe(), l), doctest::Contains("at step 3"), nn::training_error);
  CHECK(l.updates == 3);
}

TEST_CASE("run: a gate captures at those troughs where the recent loss is low, and averages these") {
  recipe r = short_recipe();
  loss_gated const gate{at_trough{}, 1.0, 0.05, std::numeric_limits<double>::infinity(), 3};
  r.capture = gate;
  test::toy_learner l;
  loss_trend seen;
  std::size_t expected = 0, candidates = 0;
  report const result = run(r, l, [&](progress const& p) {
    if (std::string_view(p.phase) != "retrain") return;
    seen = gate.next(seen, p.loss);
    expected += gate.admits(seen) && gate.candidate(r.retrain.rate, p.step, p.steps);
    candidates += gate.candidate(r.retrain.rate, p.step, p.steps);
  });
  CHECK(result.captures == expected);
  CHECK(expected > 0);
  CHECK(expected < candidates);
}

TEST_CASE("run: a gate that admits everything changes nothing") {
  recipe r = short_recipe();
  test::toy_learner plain, gated;
  report const a = run(r, plain);
  r.capture = loss_gated{at_trough{.last = 7}, std::numeric_limits<double>::infinity()};
  report const b = run(r, gated);
  CHECK(a.model == b.model);
  CHECK(plain.first == gated.first);
}

TEST_CASE("run: a gate that admits nothing ends the run with both losses, and the learner keeps what it has learned") {
  recipe r = short_recipe();
  r.capture = loss_gated{at_trough{.last = 7}, 1.1, 0.0, -1.0};
  test::toy_learner l;
  CHECK_THROWS_WITH_AS(run(r, l), doctest::Contains("admitted none of 7 captures; the recent loss is "),
                       nn::training_error);
  CHECK(l.updates == 80);
}

namespace {

/// The three members, and nothing else.
struct least_learner {
  std::vector<std::vector<float>> weights = {{0.9F, -0.2F, 0.4F}};
  std::vector<std::vector<float>>& parameters() { return weights; }
  double backward() { return 0.5; }
  void update(float rate) {
    for (float& w : weights[0]) w -= rate * w;
  }
};

}  // namespace

TEST_CASE("run: three members make a learner") {
  least_learner l;
  report const result = run(short_recipe(), l);
  CHECK(result.rows.size() == 7);
  CHECK(result.rows.back().scores.empty());
  CHECK(result.model.weights[0].name == "weights_0");

  recipe r = short_recipe();
  r.scales = scale_rule::learned;
  CHECK(test::refuses([&] { run(r, l); }, "recipe: without gradients()"));
  r = short_recipe();
  r.gradient = straight_through::clipped;
  CHECK(test::refuses([&] { run(r, l); }, "recipe: without gradients()"));
}

TEST_CASE_TEMPLATE("run: low-bit activations go through all phases with the weights", Policy, learned_clip,
                   activation_step, moving_range) {
  auto const set = test::stripes(60), unseen = test::stripes(60, 2);
  auto const build = [&] {
    nn::trainer t{nn::sequential{nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                                 nn::fake_quantize{Policy{.levels = 4}}, nn::max_pool{2}, nn::dense{3}},
                  set,
                  {.batch = 20}};
    t.watch("train", set);
    t.watch("unseen", unseen);
    return t;
  };
  auto learner = build();
  std::vector<float> bounds;  // of the captures
  recipe r = short_recipe();
  r.scales = scale_rule::learned;
  report result = run_float(r, learner);
  CHECK(learner.model().template get<3>().bound() > 0);
  auto const bound_of = [](low_bit_model const& m) {
    for (float_tensor const& t : m.floats) {
      if (t.name.starts_with("fake_quantize_4.")) return t.values.at(0);
    }
    return -1.0F;
  };

  auto twin = learner;  // phases 3 and 4 by themselves: the average has the mean of the learned bounds
  low_bit_weights weights(twin, r.format, r.seed);
  auto const captured =
      retrain(weights, r, {}, {.captured = [&](low_bit_model const& m) { bounds.push_back(bound_of(m)); }});
  captured.average().put(weights);
  REQUIRE(bounds.size() == 7);
  CHECK(bounds.front() > 0);
  if (Policy::learned) {
    double const mean = std::accumulate(bounds.begin(), bounds.end(), 0.0) / 7;
    CHECK(twin.model().template get<3>().bound() == doctest::Approx(mean).epsilon(1e-6));
  }

  result = run_low_bit(r, learner);
  CHECK(result.find("sqwa")->scores[1].accuracy > 85);
  CHECK(bound_of(result.model) > 0);
  auto fresh = build();
  low_bit_weights put(fresh, r.format, r.seed);
  put.put(result.model);
  CHECK(fresh.model().template get<3>().bound() == bound_of(result.model));
  CHECK(fresh.evaluate() == result.find("sqwa")->scores);
}

}  // namespace SQWA_TEST_FILE
