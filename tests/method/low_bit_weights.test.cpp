// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/low_bit_weights.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

TEST_CASE("low_bit_weights: the gradient is taken at the low-bit weights, and moves the latent ones") {
  test::toy_learner l;
  low_bit_weights weights(l, symmetric<3>{});
  auto const latent = l.first;
  weights.step(0.125F, straight_through::plain);
  REQUIRE(l.seen.size() == latent.size());
  double const scale = static_cast<double>(weights.scales(0)[0]);
  for (std::size_t i = 0; i != latent.size(); ++i) {
    CHECK((l.seen[i] == 0 || std::abs(l.seen[i]) == scale));
    CHECK(l.first[i] == latent[i] - 0.125 * l.g_first[i]);
  }
}

TEST_CASE("low_bit_weights: clipping stops exactly the weights beyond the outermost point") {
  test::toy_learner clipped, plain;
  low_bit_weights a(clipped, symmetric<3>{}), b(plain, symmetric<3>{});
  auto const latent = clipped.first;
  a.step(0.5F, straight_through::clipped);
  b.step(0.5F, straight_through::plain);
  double const edge = static_cast<double>(a.scales(0)[0]);
  int outside = 0;
  for (std::size_t i = 0; i != latent.size(); ++i) {
    bool const beyond = std::abs(latent[i]) > edge;
    outside += beyond;
    CHECK(clipped.first[i] == (beyond ? latent[i] : plain.first[i]));
  }
  CHECK(outside > 0);
}

TEST_CASE("low_bit_weights: learned scales move as learned_step says, and the weights as without") {
  quantizer const rule{symmetric<5>{}, fixed{0.25F}, per_group{8}};  // weights beyond 0.5 lie outside
  straight_through how = straight_through::plain;
  SUBCASE("plain") {}
  SUBCASE("clipped") { how = straight_through::clipped; }
  test::toy_learner l, twin;
  low_bit_weights weights(l, rule), frozen(twin, rule);
  auto const latent = l.first;
  std::vector<float> scales(weights.scales(0).begin(), weights.scales(0).end());
  auto const before = scales;
  weights.step(0.5F, how, true);
  frozen.step(0.5F, how);
  CHECK(l.first == twin.first);
  CHECK(l.second == twin.second);

  test::toy_learner fresh;  // the gradient before it was clipped
  low_bit_weights other(fresh, rule);
  other.in_place([&] { fresh.backward(); });
  std::vector<double> slopes(scales.size());
  learned_step{}.backward(std::span(fresh.g_first), std::span<double const>(latent), rule.grain(shape{40}),
                          std::span<float const>(scales), rule.format, std::span(slopes));
  learned_step{}.update(std::span(scales), std::span(slopes), rule.format, 0.5F);
  CHECK(std::vector<float>(weights.scales(0).begin(), weights.scales(0).end()) == scales);
  CHECK(scales != before);
  CHECK(std::vector<float>(frozen.scales(0).begin(), frozen.scales(0).end()) == before);
}

TEST_CASE("low_bit_weights: a learned scale that began far too large finds back") {
  auto const distance = [](bool learn) {
    test::toy_learner l;
    low_bit_weights weights(l, quantizer{symmetric<3>{}, fixed{16}});
    for (int i = 0; i != 200; ++i) weights.step(0.05F, straight_through::plain, learn);
    CHECK(weights.scales(0)[0] > 0);
    double sum = 0;
    weights.in_place([&] { sum = l.evaluate()[0].loss; });
    return sum;
  };
  CHECK(distance(true) < 0.6 * distance(false));
}

TEST_CASE("low_bit_weights: an exception in backward puts the latent weights back") {
  test::toy_learner l;
  l.fail_at = 0;
  low_bit_weights weights(l, symmetric<3>{});
  auto const latent = l.first;
  CHECK_THROWS_AS(weights.step(0.1F, straight_through::clipped), std::runtime_error);
  CHECK(l.first == latent);
  CHECK(l.updates == 0);
}

TEST_CASE("low_bit_weights: a loss that is not a number stops before the update, and names the step") {
  test::toy_learner l;
  l.diverge_at = 2;
  low_bit_weights weights(l, symmetric<3>{});
  weights.step(0.1F, straight_through::plain);
  weights.step(0.1F, straight_through::plain);
  auto const latent = l.first;
  CHECK_THROWS_WITH_AS(weights.step(0.1F, straight_through::plain), doctest::Contains("at step 2"), nn::training_error);
  CHECK(l.first == latent);
}

TEST_CASE("low_bit_weights: a capture put back is captured again bit for bit") {
  test::toy_learner l;
  low_bit_weights weights(l, quantizer{symmetric<7>{}, max_abs{}, per_group{8}});
  auto const model = weights.capture();
  CHECK(model.weights.size() == 2);
  CHECK(model.weights[0].weights.scales.size() == 5);
  CHECK(model.floats.size() == 2);  // bias and statistic
  weights.step(0.3F, straight_through::plain);
  CHECK(weights.capture() != model);
  weights.put(model);
  CHECK(weights.capture() == model);
}

TEST_CASE("low_bit_weights: a model of another learner is refused, and nothing is changed") {
  test::toy_learner l;
  low_bit_weights weights(l, symmetric<3>{});
  auto model = weights.capture();
  auto const before = l.first;
  model.floats[0].values.push_back(1);
  CHECK(test::refuses([&] { weights.put(model); }, "3 values in the model, 2 in the learner"));
  model = weights.capture();
  model.weights.pop_back();
  CHECK(test::refuses([&] { weights.put(model); }, "1 low-bit and 2 float tensors, the learner 2 and 2"));
  model = weights.capture();
  model.weights[1].extents = {8};
  CHECK(test::refuses([&] { weights.put(model); }, "other extents"));
  CHECK(l.first == before);
}

TEST_CASE("low_bit_weights: weights that are not finite are refused by number and place") {
  test::toy_learner l;
  l.second[3] = std::numeric_limits<double>::infinity();
  CHECK(test::refuses([&] { low_bit_weights(l, symmetric<3>{}); }, "3"));
  l.second[3] = std::nan("");
  CHECK(test::refuses([&] { low_bit_weights(l, symmetric<3>{}); }, "nan"));
}

TEST_CASE("low_bit_weights: all-zero weights have scale 0 and stay zero") {
  test::toy_learner l;
  l.second.assign(7, 0.0);
  low_bit_weights weights(l, symmetric<3>{});
  CHECK(weights.scales(1)[0] == 0);
  weights.project();
  CHECK(l.second == std::vector<double>(7, 0.0));
}

namespace {

struct without_gradients {
  std::vector<float> w = {0.5F, -0.25F};
  auto parameters() { return std::span(&w, 1); }
  double backward() { return 1; }
  void update(float) {}
};

}  // namespace

TEST_CASE("low_bit_weights: a learner without gradients trains plainly, and cannot clip") {
  without_gradients l;
  low_bit_weights weights(l, symmetric<3>{});
  CHECK(weights.step(0.1F, straight_through::plain) == 1);
  CHECK(test::refuses([&] { weights.step(0.1F, straight_through::clipped); }, "straight_through::plain"));
  CHECK(test::refuses([&] { weights.step(0.1F, straight_through::plain, true); }, "without gradients()"));
}

}  // namespace SQWA_TEST_FILE
