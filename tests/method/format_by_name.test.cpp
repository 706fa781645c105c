// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/model_file.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/run.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/schedule/combine.hpp>

#include "io/files.hpp"
#include "method/toy_learner.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(std::convertible_to<symmetric<3>, format_by_name> && std::convertible_to<any_quantizer, format_by_name>);
static_assert(!std::convertible_to<int, format_by_name> && !std::convertible_to<std::string, format_by_name>);

namespace {

/// A learner of tensors with names, which it leaves as they are.
struct named_learner {
  struct tensor {
    std::string name;
    std::vector<float> values = {0.75F, -0.5F, 0.25F};
  };
  std::vector<tensor> weights, floats;

  static auto views(std::vector<tensor>& from) {
    std::vector<nn::parameter<float>> all;
    for (tensor& t : from) all.push_back({t.name, {t.values.size()}, t.values, {}, nn::role::weight});
    return all;
  }
  auto parameters() { return views(weights); }
  auto float_parameters() { return views(floats); }
  double backward() { return 0; }
  void update(float) {}
};

named_learner network() {
  return {{{"conv_1.weight"}, {"conv_2.weight"}, {"dense_3.weight"}}, {{"norm_1.scale"}, {"dense_3.bias"}}};
}

/// The levels of each trained tensor in order, "-" for those that stay float.
std::string levels(format_by_name const& policy, named_learner l = network()) {
  std::string all;
  for (tensor_format const& f : detail::formats_of(l, policy)) all += f ? std::to_string(f->levels()) + " " : "- ";
  return all;
}

/// The toy learner with the gradients of its bias.
struct open_learner : test::toy_learner {
  auto float_gradients() { return std::array{std::span(g_bias)}; }
};

recipe short_recipe() {
  return {.format = symmetric<3>{},
          .train = {cosine{.hi = 0.2F, .lo = 0, .length = 30}},
          .retrain = {cyclic{cosine{.hi = 0.2F, .lo = 0.02F, .length = 4}, 5}, 50},
          .capture = at_trough{.last = 7},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 12}}};
}

}  // namespace

TEST_CASE("format_by_name: the first rule that matches decides, and else weights are low-bit and all others float") {
  CHECK(levels(symmetric<3>{}) == "3 3 3 - - ");
  CHECK(levels(format_by_name({{"conv*", symmetric<7>{}}})) == "7 7 3 - - ");
  CHECK(levels(format_by_name({{"conv*", stays_float}}, symmetric<5>{})) == "- - 5 - - ");
  CHECK(levels(format_by_name({{"conv_1.*", stays_float}, {"conv*", symmetric<7>{}}}, symmetric<5>{})) == "- 7 5 - - ");
  CHECK(levels(format_by_name({{"*", symmetric<15>{}}})) == "15 15 15 15 15 ");
  CHECK(levels(format_by_name({{"*.scale", symmetric<255>{}}}, stays_float)) == "- - - 255 - ");
}

TEST_CASE("format_by_name: the first and the last weight are known by their places") {
  CHECK(levels(all_but_first_and_last(symmetric<3>{})) == "- 3 - - - ");
  CHECK(levels(all_but_first_and_last(symmetric<3>{}, symmetric<255>{})) == "255 3 255 - - ");
  CHECK(levels(format_by_name({{last_weight, stays_float}, {first_weight, symmetric<9>{}}})) == "9 3 - - - ");
  CHECK(levels(all_but_first_and_last(symmetric<3>{}), {{{"only"}}, {{"bias"}}}) == "- - ");
  CHECK(test::refuses([] { levels(all_but_first_and_last(symmetric<3>{}), {{}, {{"bias"}}}); }, "@first"));
}

TEST_CASE("format_by_name: biases on request, whatever the weights are") {
  CHECK(levels(with_biases(symmetric<3>{}, symmetric<255>{})) == "3 3 3 - 255 ");
  CHECK(levels(with_biases(all_but_first_and_last(symmetric<3>{}), symmetric<255>{})) == "- 3 - - 255 ");
}

TEST_CASE("format_by_name: a pattern that matches nothing is refused with the names that there are") {
  CHECK(test::refuses(
      [] {
        levels(format_by_name({{"dense*", stays_float}, {"fc*", stays_float}}));
      },
      "the pattern \"fc*\" matches no tensor of the learner: conv_1.weight, conv_2.weight, "
      "dense_3.weight, norm_1.scale, dense_3.bias"));
  named_learner many;
  for (int i = 0; i != 100; ++i) many.weights.push_back({"block_" + std::to_string(i) + ".weight"});
  CHECK(test::refuses([&] { levels(format_by_name({{"nothing", stays_float}}), many); }, "block_0.weight, block_1"));
  CHECK(test::refuses([&] { levels(format_by_name({{"nothing", stays_float}}), many); }, " more"));

  CHECK(levels(format_by_name({{"*", symmetric<3>{}}, {"conv*", stays_float}})) == "3 3 3 3 3 ");  // matched: no error

  test::toy_learner l;
  recipe r = short_recipe();
  r.format = format_by_name({{"weights_2", stays_float}});
  CHECK(test::refuses([&] { run(r, l); },
                      "\"weights_2\" matches no tensor of the learner: weights_0, weights_1, float_0"));
  CHECK(l.backwards == 0);
}

TEST_CASE("format_by_name: a weight that stays float is trained as such, and captured as a float tensor") {
  test::toy_learner l;
  low_bit_weights weights(l, format_by_name({{"weights_0", stays_float}}));
  CHECK(weights.size() == 1);
  CHECK(weights.name(0) == "weights_1");
  auto const before = l.first;
  auto const model = weights.capture();
  weights.step(0.125F, straight_through::clipped);
  CHECK(l.seen == before);  // the gradient was taken at the floats themselves
  for (std::size_t i = 0; i != before.size(); ++i) CHECK(l.first[i] == before[i] - 0.125 * l.g_first[i]);
  REQUIRE(model.weights.size() == 1);
  REQUIRE(model.floats.size() == 3);
  CHECK(model.floats[0].name == "weights_0");
  CHECK(model.floats[1].name == "float_0");
  CHECK(model.floats[2].name == "statistic_1");
  CHECK(model.floats[0].values[3] == static_cast<float>(before[3]));
  CHECK(weights.floats().size() == 2);
  weights.put(model);
  CHECK(weights.capture() == model);
}

TEST_CASE("format_by_name: a model of another policy is refused by its names, levels and blocks") {
  test::toy_learner l;
  l.second = test::toy_learner::start(40, 2);
  l.g_second.resize(40);
  low_bit_weights first(l, format_by_name({{"weights_1", stays_float}})),
      second(l, format_by_name({{"weights_0", stays_float}})),
      other(l, format_by_name({{"weights_0", stays_float}}, symmetric<5>{})),
      groups(l, format_by_name({{"weights_0", stays_float}}, quantizer{symmetric<3>{}, l2{}, per_group{8}}));
  auto const before = l.first;
  CHECK(test::refuses([&] { second.put(first.capture()); }, "tensor weights_0 stands where the learner has weights_1"));
  CHECK(test::refuses([&] { other.put(second.capture()); }, "weights_1 has 3 levels in the model and 5 in its format"));
  CHECK(test::refuses([&] { groups.put(second.capture()); }, "or other blocks"));
  CHECK(l.first == before);
}

TEST_CASE("format_by_name: tensors of different formats go through all phases, and count their own bits") {
  recipe r = short_recipe();
  r.format = format_by_name({{"weights_1", symmetric<255>{}}}, symmetric<3>{});
  r.diagnose = {.captures = true, .oscillations = true};
  test::toy_learner l;
  report const result = run(r, l);
  CHECK(result.captures == 7);
  REQUIRE(result.model.weights.size() == 2);
  CHECK(result.model.weights[0].weights.levels == 3);
  CHECK(result.model.weights[1].weights.levels == 255);
  CHECK(result.find("sqwa")->bits_per_weight == doctest::Approx((40 * 2 + 7 * 8 + 2 * 32) / 47.0));
  CHECK(result.find("sqwa")->bytes == 10 + 7 + 4 * 2 + 4 * 3);
  // seven captures: 15 levels in 4 bits, 7 * 254 + 1 levels in 11
  CHECK(result.find("average")->bits_per_weight == doctest::Approx((40 * 4 + 7 * 11 + 2 * 32) / 47.0));
  CHECK(result.find("average")->bytes == 20 + 10 + 4 * 2 + 4 * 3);
  REQUIRE(result.diagnosis);
  REQUIRE(result.diagnosis->requantization);
  CHECK(result.diagnosis->paths.size() == 1);
  CHECK(result.diagnosis->oscillations->weights == 47);
}

TEST_CASE("format_by_name: the average holds the mean of every float weight and of every capture's codes") {
  recipe r = short_recipe();
  r.format = format_by_name({{first_weight, stays_float}}, symmetric<5>{});
  test::toy_learner l;
  train_float(l, r.train);
  low_bit_weights weights(l, r.format, r.seed);
  std::vector<double> first(40), second(7);
  auto const captured = retrain(weights, r, {}, {.captured = [&](low_bit_model const& m) {
                                  std::vector<double> decoded(7);
                                  m.weights[0].weights.decode(std::span(decoded));
                                  for (std::size_t i = 0; i != 7; ++i) second[i] += decoded[i] / 7;
                                  for (std::size_t i = 0; i != 40; ++i) first[i] += l.first[i] / 7;
                                }});
  auto const& average = captured.average();
  low_bit_model const& last = captured.last();
  average.put(weights);
  for (std::size_t i = 0; i != 40; ++i) CHECK(l.first[i] == doctest::Approx(first[i]).epsilon(1e-12));
  for (std::size_t i = 0; i != 7; ++i) CHECK(l.second[i] == doctest::Approx(second[i]).epsilon(1e-12));
  auto const [bits, bytes] = average.size_like(last);
  CHECK(average.bits(0) == 5);  // 7 * 4 + 1 levels
  CHECK(bits == doctest::Approx((7 * 5 + 32) / 7.0));
  CHECK(bytes == 5 + 4 + 4 * (40 + 2 + 1));
}

TEST_CASE("format_by_name: with every weight in float the phases train floats, and nothing is low-bit") {
  recipe r = short_recipe();
  r.format = format_by_name({}, stays_float);
  test::toy_learner l;
  report const result = run(r, l);
  CHECK(result.model.weights.empty());
  CHECK(result.find("sqwa")->bytes == result.find("float")->bytes);
  CHECK(result.find("average")->bytes == result.find("float")->bytes);
}

TEST_CASE("format_by_name: a low-bit bias is trained, clipped and averaged like a weight") {
  recipe r = short_recipe();
  r.format = with_biases(symmetric<3>{}, symmetric<255>{});
  r.format.rules[0].pattern = "float_*";
  open_learner l;
  auto const result = run(r, l);
  REQUIRE(result.model.weights.size() == 3);
  CHECK(result.model.weights[2].name == "float_0");
  CHECK(result.model.weights[2].weights.levels == 255);
  CHECK(result.model.floats.size() == 1);  // the statistic
  CHECK(result.find("sqwa")->bytes == 10 + 2 + 2 + 4 * 3 + 4);

  open_learner clipped;
  r.format.otherwise = any_quantizer(quantizer{symmetric<3>{}, fixed{100}});  // no weight lies outside
  r.format.rules[0].what = any_quantizer(quantizer{symmetric<3>{}, fixed{0.3F}});
  low_bit_weights weights(clipped, r.format);
  auto const bias = clipped.bias;  // 0.25 inside, -0.5 outside
  weights.step(0.125F, straight_through::clipped);
  CHECK(clipped.g_bias[0] != 0);
  CHECK(clipped.bias[0] == bias[0] - 0.125 * clipped.g_bias[0]);
  CHECK(clipped.bias[1] == bias[1]);

  test::toy_learner closed;  // hides the gradient of its bias
  r.gradient = straight_through::clipped;
  CHECK(test::refuses([&] { run(r, closed); }, "without float_gradients()"));
  CHECK(closed.backwards == 0);
  low_bit_weights hidden(closed, r.format);
  CHECK(test::refuses([&] { hidden.step(0.1F, straight_through::clipped); }, "without float_gradients()"));
  hidden.step(0.1F, straight_through::plain);
}

TEST_CASE("format_by_name: the included trainer with first and last layers of 8 bits, from training to the file") {
  auto const set = test::stripes(60);
  auto const build = [&] {
    nn::trainer t{nn::sequential{nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                                 nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                                 nn::max_pool{2}, nn::dense{3}},
                  set,
                  {.batch = 20}};
    t.watch("train", set);
    return t;
  };
  recipe r = short_recipe();
  r.gradient = straight_through::clipped;
  SUBCASE("others ternary") { r.format = all_but_first_and_last(symmetric<3>{}, symmetric<255>{}); }
  SUBCASE("ends float, others ternary") { r.format = all_but_first_and_last(symmetric<3>{}); }
  SUBCASE("biases and norms too") {
    r.format =
        format_by_name({{"*.scale", symmetric<255>{}}, {"*.shift", symmetric<255>{}}, {"*.bias", symmetric<255>{}}});
  }
  SUBCASE("learned scales") {
    r.format = all_but_first_and_last(symmetric<3>{}, symmetric<255>{});
    r.scales = scale_rule::learned;
  }
  auto learner = build();
  report const result = run(r, learner);
  CHECK(result.find("sqwa")->scores[0].accuracy > 90);
  CHECK(result.find("average")->bits_per_weight < 32);

  test::folder const where("format_by_name");
  auto const path = where / "model.sqwa";
  io::write_model(path, result.model);
  auto fresh = build();
  low_bit_weights weights(fresh, r.format, r.seed);
  weights.put(io::read_model(path));
  CHECK(fresh.evaluate()[0] == result.find("sqwa")->scores[0]);
}

}  // namespace SQWA_TEST_FILE
