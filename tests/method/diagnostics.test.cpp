// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/diagnostics.hpp>
#include <sqwa/method/run.hpp>
#include <sqwa/schedule/combine.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

recipe short_recipe() {
  return {.format = symmetric<3>{},
          .train = {cosine{.hi = 0.2F, .lo = 0, .length = 30}},
          .retrain = {cyclic{cosine{.hi = 0.4F, .lo = 0.02F, .length = 4}, 5}, 50},
          .capture = at_trough{.last = 7},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 12}}};
}

recipe everything() {
  recipe r = short_recipe();
  r.diagnose = {.captures = true, .paths = measured_paths::all, .oscillations = true};
  return r;
}

/// The captures of a run of the recipe.
std::vector<low_bit_model> captures_of(recipe const& r) {
  test::toy_learner l;
  train_float(l, r.train);
  low_bit_weights weights(l, r.format, r.seed);
  std::vector<low_bit_model> all;
  retrain(weights, r, {}, {.captured = [&](low_bit_model const& m) { all.push_back(m); }});
  return all;
}

}  // namespace

TEST_CASE("diagnostics: measuring changes no bit of the training, for any format and scale rule") {
  auto const same = [](recipe r) {
    test::toy_learner plain, watched;
    std::vector<double> losses, again;
    report const a = run(r, plain, [&](progress const& p) { losses.push_back(p.loss); });
    r.diagnose = {.captures = true, .keep = 3, .paths = measured_paths::all, .oscillations = true};
    report const b = run(r, watched, [&](progress const& p) { again.push_back(p.loss); });
    CHECK(!a.diagnosis);
    CHECK(b.diagnosis);
    CHECK(losses == again);
    CHECK(a.model == b.model);
    CHECK(plain.first == watched.first);
    CHECK(plain.second == watched.second);
    CHECK(plain.bias == watched.bias);
    CHECK(plain.mean == watched.mean);
    CHECK(plain.backwards == watched.backwards);
    CHECK(plain.resets == watched.resets);
    REQUIRE(a.rows.size() == b.rows.size());
    for (std::size_t i = 0; i != a.rows.size(); ++i) CHECK(a.rows[i].scores == b.rows[i].scores);
  };
  same(short_recipe());
  recipe r = short_recipe();
  r.scales = scale_rule::refitted;
  same(r);
  r.average = averaging::latent;
  same(r);
  r = short_recipe();
  r.format = quantizer{symmetric<5>{}, l2{}, per_group{8}, stochastic{}};
  same(r);
}

TEST_CASE("diagnostics: an average of nothing has nothing to diagnose") {
  recipe r = everything();
  r.average = averaging::none;
  test::toy_learner l;
  CHECK(!run(r, l).diagnosis);
}

TEST_CASE("diagnostics: distances, shares and paths are those of the captures, tensor by tensor") {
  recipe const r = everything();
  auto const captures = captures_of(r);
  REQUIRE(captures.size() == 7);
  test::toy_learner l;
  diagnosis const d = *run(r, l).diagnosis;
  CHECK(d.pairs.size() == 21);
  CHECK(d.paths.size() == 21);
  REQUIRE(d.tensors.size() == 2);
  CHECK(d.tensors[1].name == "weights_1");
  code_distance total, first;
  for (capture_pair const& p : d.pairs) {
    auto const expected = distance_of(captures[p.from], captures[p.to]);
    CHECK(p.distance == expected.total);
    total += expected.total;
    first += expected.tensors[0];
  }
  CHECK(d.distance == total);
  CHECK(d.tensors[0].distance == first);
  CHECK(d.distance.differing > 0);
  code_shares shares;
  for (low_bit_model const& m : captures) shares += shares_of(m.weights[1].weights);
  CHECK(d.tensors[1].shares == shares);
  CHECK(d.shares.weights == 7 * 47);
  for (loss_path const& p : d.paths) {
    test::toy_learner fresh;
    auto const expected = loss_between(fresh, r.format, captures[p.from], captures[p.to]);
    CHECK(p.points == expected.points);
  }
  CHECK(d.evidence.captures == 7);
  CHECK(d.verdict == judge(d.evidence));
  CHECK(!d.verdict.reason.empty());
}

TEST_CASE("diagnostics: the paths that the options name are walked, between the captures that are kept") {
  auto const pairs = [](measured_paths which, std::size_t keep) {
    recipe r = short_recipe();
    r.diagnose = {.captures = true, .keep = keep, .paths = which};
    test::toy_learner l;
    std::string all;
    report const result = run(r, l);
    for (loss_path const& p : result.diagnosis->paths) all += std::to_string(p.from) + std::to_string(p.to) + " ";
    return all;
  };
  CHECK(pairs(measured_paths::none, 16).empty());
  CHECK(pairs(measured_paths::first_and_last, 16) == "06 ");
  CHECK(pairs(measured_paths::first_and_last, 3) == "46 ");
  CHECK(pairs(measured_paths::first_and_last, 1).empty());
  CHECK(pairs(measured_paths::neighbours, 4) == "34 45 56 ");
  CHECK(pairs(measured_paths::all, 3) == "45 46 56 ");
}

TEST_CASE("diagnostics: the predicted error is that of the average which the run re-quantizes") {
  recipe r = short_recipe();
  r.diagnose = {.captures = true, .paths = measured_paths::none};
  test::toy_learner l;
  diagnosis const d = *run(r, l).diagnosis;
  auto const captures = captures_of(r);
  double energy = 0, frozen = 0, spread = 0;
  for (std::size_t t = 0; t != 2; ++t) {
    packed const& first = captures[0].weights[t].weights;
    auto const scale = static_cast<double>(first.scales[0]);
    std::vector<double> mean(first.size());
    std::vector<std::vector<double>> decoded;
    for (low_bit_model const& m : captures) {
      decoded.emplace_back(first.size());
      m.weights[t].weights.decode(std::span(decoded.back()));
      for (std::size_t i = 0; i != mean.size(); ++i) mean[i] += decoded.back()[i] / 7;
    }
    for (std::size_t i = 0; i != mean.size(); ++i) {
      double const code = std::abs(mean[i]) > scale / 2 ? (mean[i] > 0 ? 1 : -1) : 0;
      energy += mean[i] * mean[i];
      frozen += (mean[i] - code * scale) * (mean[i] - code * scale);
      for (auto const& c : decoded) spread += (c[i] - mean[i]) * (c[i] - mean[i]) / 7;
    }
  }
  REQUIRE(d.requantization);
  CHECK(d.requantization->energy == doctest::Approx(energy).epsilon(1e-9));
  CHECK(d.requantization->frozen == doctest::Approx(frozen).epsilon(1e-9));
  CHECK(d.requantization->captures == doctest::Approx(spread).epsilon(1e-9));
  CHECK(*d.evidence.requantization == doctest::Approx(d.requantization->refitted / spread));
  CHECK(!d.evidence.barrier);
  CHECK(d.verdict.what == advice::undecided);

  r.scales = scale_rule::refitted;  // no common scales, no sums
  test::toy_learner other;
  CHECK(!run(r, other).diagnosis->requantization);
  r = short_recipe();
  r.diagnose = {.captures = true};
  r.average = averaging::latent;
  CHECK(!run(r, other).diagnosis->requantization);
}

TEST_CASE("diagnostics: oscillations are those of the codes after each step of retraining") {
  recipe r = short_recipe();
  r.diagnose = {.oscillations = true, .momentum = 0.1F, .threshold = 0.1};
  test::toy_learner l;
  diagnosis const d = *run(r, l).diagnosis;
  REQUIRE(d.oscillations);
  CHECK(d.oscillations->steps == 49);
  CHECK(d.oscillations->weights == 47);
  CHECK(d.oscillations->flips > 0);
  CHECK(d.pairs.empty());
  CHECK(d.paths.empty());

  test::toy_learner by_hand;
  train_float(by_hand, r.train);
  low_bit_weights weights(by_hand, r.format, r.seed);
  oscillation_tracker<> seen(0.1F);
  for (step_index t = 0; t != 50; ++t) {
    if (t == 0) by_hand.reset_optimizer();
    weights.step(r.retrain.rate(t), r.gradient);
    auto const model = weights.capture();
    std::vector<packed> const codes = {model.weights[0].weights, model.weights[1].weights};
    seen.update(std::span<packed const>(codes));
  }
  CHECK(*d.oscillations == seen.summary(0.1));
  CHECK(*d.tensors[1].oscillations == seen.summary(1, 0.1));
}

namespace {

struct least_learner {
  std::vector<std::vector<float>> weights = {{0.9F, -0.2F, 0.4F}};
  std::vector<std::vector<float>>& parameters() { return weights; }
  double backward() { return 0.5; }
  void update(float rate) {
    for (float& w : weights[0]) w -= rate * w;
  }
};

}  // namespace

TEST_CASE("diagnostics: a learner that cannot evaluate itself gets the numbers that need no loss") {
  least_learner l;
  diagnosis const d = *run(everything(), l).diagnosis;
  CHECK(d.paths.empty());
  CHECK(d.pairs.size() == 21);
  CHECK(d.shares.weights == 21);
  CHECK(d.verdict.what != advice::average);
}

TEST_CASE("diagnostics: options that cannot be are refused before retraining") {
  auto const refused = [](diagnosis_options o, char const* words) {
    recipe r = short_recipe();
    r.train = {};
    r.diagnose = o;
    test::toy_learner l;
    CHECK(test::refuses([&] { run(r, l); }, words));
    CHECK(l.backwards == 0);
  };
  refused({.captures = true, .keep = 0}, "at least one capture is kept");
  refused({.oscillations = true, .momentum = 0}, "the momentum 0");
  refused({.captures = true, .rule = {.near = -1}}, "a line at -1");
}

}  // namespace SQWA_TEST_FILE
