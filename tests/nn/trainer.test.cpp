// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include "support/every_backend.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

using test::stripes;

auto network() {
  return nn::sequential{nn::conv2d{4, {.kernel = 3, .padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                        nn::max_pool{2}, nn::dense{3}};
}

nn::augmentation const moved{.crop = nn::random_crop{1}, .flip = nn::horizontal_flip{}, .hole = nn::cutout{2}};

template <class Trainer>
std::vector<float> state(Trainer& t) {
  std::vector<float> all;
  for (auto const& group : {t.parameters(), t.float_parameters(), t.statistics()}) {
    for (auto const& p : group) all.insert(all.end(), p.value.begin(), p.value.end());
  }
  return all;
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

}  // namespace

TEST_CASE("trainer: the loss falls, and samples never seen are told apart") {
  auto const set = stripes(100), unseen = stripes(60, 2);
  nn::trainer t{network(), set, {.batch = 20}};
  double const before = t.evaluate(set).loss;
  train(t, 60);
  CHECK(t.steps_done() == 60);
  t.refresh_statistics();
  CHECK(t.evaluate(set).loss < 0.1 * before);
  CHECK(t.evaluate(unseen).accuracy > 95);
}

TEST_CASE("trainer: every backend gives the same bits in losses, parameters, statistics and scores") {
  auto const set = stripes(50);
  nn::trainer_options how{.batch = 19, .label_smoothing = 0.1};
  SUBCASE("sgd") { how.optimizer = nn::sgd_options{.nesterov = true, .weight_decay = 1e-3F}; }
  SUBCASE("adam") { how.optimizer = nn::adam_options{.weight_decay = 1e-3F}; }
  nn::trainer t{network(), set, how};
  t.learn_from(t.model());
  auto const losses = train(t, 8);
  t.refresh_statistics();
  auto const expected = state(t);
  auto const score = t.evaluate(set, "train");
  test::every_backend([&](auto where) {
    nn::trainer other{network(), set, how, where};
    other.learn_from(other.model());
    CHECK(train(other, 8) == losses);
    other.refresh_statistics();
    CHECK(state(other) == expected);
    CHECK(other.evaluate(set, "train") == score);
  });
}

TEST_CASE("trainer: a copy continues as the original, and neither moves the other") {
  auto const set = stripes(50);
  nn::trainer t{network(), set, {.batch = 16}};
  train(t, 5);
  auto copy = t;
  auto const before = state(copy);
  auto const losses = train(t, 5);
  CHECK(state(copy) == before);
  CHECK(train(copy, 5) == losses);
  CHECK(state(copy) == state(t));
  nn::trainer other{network(), set, {.batch = 16, .seed = 2}};
  CHECK(train(other, 5) != losses);
  other = t;
  CHECK(train(other, 3) == train(t, 3));
}

TEST_CASE("trainer: augmentation changes what is trained on and what statistics are measured on, not scores") {
  auto const set = stripes(60);
  nn::trainer plain{network(), set, {.batch = 16}}, t{network(), set, {.batch = 16, .augmentation = moved}};
  CHECK(plain.evaluate(set) == t.evaluate(set));
  CHECK(plain.backward() != t.backward());
  nn::trainer other{network(), set, {.batch = 16}}, twin{network(), set, {.batch = 16, .augmentation = moved}};
  other.refresh_statistics();
  twin.refresh_statistics();
  CHECK(state(other) != state(twin));
}

TEST_CASE("trainer: augmented batches are the same on every backend, read ahead or not, and in a copy") {
  auto const set = stripes(50);
  nn::trainer_options how{.batch = 19, .augmentation = moved};
  nn::trainer t{network(), set, how};
  auto const losses = train(t, 8);
  for (bool ahead : {false, true}) {
    how.read_ahead = ahead;
    test::every_backend([&](auto where) {
      nn::trainer other{network(), set, how, where};
      auto seen = train(other, 3);
      auto copy = other;
      static_cast<void>(train(other, 2));
      other.refresh_statistics();
      static_cast<void>(other.evaluate(set));
      for (float loss : train(copy, 5)) seen.push_back(loss);
      CHECK(seen == losses);
    });
  }
}

TEST_CASE("trainer: pixels are normalized by what was measured, or as the user says") {
  auto const set = stripes(30);
  nn::trainer measured{network(), set, {.batch = 8}};
  auto const numbers = measured.input_normalization();
  nn::trainer same{network(), set, {.batch = 8, .normalization = numbers}};
  CHECK(train(same, 2) == train(measured, 2));
  std::vector<double> const mean{100}, deviation{50};
  nn::trainer given{network(), set, {.batch = 8, .normalization = nn::normalization(mean, deviation)}};
  CHECK(given.input_normalization().mean()[0] == 100);
  CHECK(given.evaluate(set).loss != nn::trainer(network(), set, {.batch = 8}).evaluate(set).loss);
}

TEST_CASE("trainer: gradients are those at the parameters as they stand, of a new batch each time") {
  auto const set = stripes(48);
  nn::trainer a{network(), set, {.batch = 16}}, b{network(), set, {.batch = 16}};
  a.backward();
  b.backward();
  for (auto const& p : a.parameters()) std::ranges::fill(p.value, 0.0F);
  float const flat = a.backward();
  CHECK(flat == doctest::Approx(std::log(3.0)).epsilon(1e-6));  // all outputs equal
  CHECK(b.backward() != flat);
  CHECK(a.gradients().size() == a.parameters().size());
  CHECK(a.gradients()[1].data() == a.parameters()[1].gradient.data());
  CHECK(a.steps_done() == 0);
}

TEST_CASE("trainer: weights, biases with norms, and statistics are listed apart, all of them once") {
  auto const set = stripes(48);
  nn::trainer t{network(), set};
  auto const names = [](auto const& list) {
    std::string all;
    for (auto const& p : list) all += p.name + " ";
    return all;
  };
  CHECK(names(t.parameters()) == "conv2d_1.weight dense_5.weight ");
  CHECK(names(t.float_parameters()) == "batch_norm_2.scale batch_norm_2.shift dense_5.bias ");
  CHECK(names(t.statistics()) == "batch_norm_2.running_mean batch_norm_2.running_var ");
}

TEST_CASE("trainer: refreshed statistics depend on the parameters alone, not on what was trained before") {
  auto const set = stripes(50);
  for (std::size_t const batches : {0U, 2U}) {
    nn::trainer t{network(), set, {.batch = 16, .refresh_batches = batches}};
    auto const start = t;
    train(t, 3);
    t.refresh_statistics();
    auto const expected = state(t);
    auto parameters = t.parameters();
    t.backward();  // moves the stream and the running statistics, not the parameters
    CHECK(state(t) != expected);
    t.refresh_statistics();
    CHECK(state(t) == expected);
    auto losses = train(t, 2);
    auto uninterrupted = start;
    train(uninterrupted, 3);
    uninterrupted.backward();
    CHECK(train(uninterrupted, 2) == losses);  // refreshing has not moved the stream
  }
}

TEST_CASE("trainer: the refreshed statistics are those of the whole set, whatever the batch size") {
  auto const set = stripes(50);
  nn::trainer whole{network(), set, {.batch = 50}}, cut{network(), set, {.batch = 7}};
  whole.refresh_statistics();
  cut.refresh_statistics();
  for (std::size_t i = 0; i != 2; ++i) {
    for (std::size_t c = 0; c != 4; ++c) {
      CHECK(whole.statistics()[i].value[c] == doctest::Approx(cut.statistics()[i].value[c]).epsilon(1e-5));
    }
  }
}

TEST_CASE("trainer: a score does not depend on the batch size, and evaluating changes nothing") {
  auto const set = stripes(50);
  nn::trainer t{network(), set, {.batch = 50}}, cut{network(), set, {.batch = 7}};
  auto const before = state(t);
  auto const score = t.evaluate(set);
  CHECK(state(t) == before);
  CHECK(cut.evaluate(set).loss == doctest::Approx(score.loss).epsilon(1e-12));
  CHECK(cut.evaluate(set).accuracy == score.accuracy);
}

TEST_CASE("trainer: watched sets are scored under their names, in their order") {
  auto const set = stripes(30), other = stripes(9, 2);
  nn::trainer t{network(), set, {.batch = 8}};
  CHECK(t.evaluate().empty());
  t.watch("train", set);
  t.watch("test", other);
  auto const scores = t.evaluate();
  REQUIRE(scores.size() == 2);
  CHECK(scores[0] == t.evaluate(set, "train"));
  CHECK(scores[1] == t.evaluate(other, "test"));
}

TEST_CASE("trainer: after reset_optimizer the old momentum moves nothing") {
  auto const set = stripes(30);
  nn::trainer_options how{.batch = 8};
  SUBCASE("sgd") {}
  SUBCASE("adam") { how.optimizer = nn::adam_options{}; }
  nn::trainer t{network(), set, how};
  train(t, 3);
  t.reset_optimizer();
  for (auto const& g : t.gradients()) std::ranges::fill(g, 0.0F);
  for (auto const& p : t.float_parameters()) std::ranges::fill(p.gradient, 0.0F);
  auto const before = state(t);
  t.update(1);
  CHECK(state(t) == before);
}

TEST_CASE("trainer: each step is one of the optimizer that the options name") {
  auto const set = stripes(30);
  nn::adam_options const figures{.beta1 = 0.8, .weight_decay = 1e-2F, .decoupled_decay = true};
  nn::trainer t{network(), set, {.batch = 8, .optimizer = figures}};
  auto copy = t;
  nn::adam<float> by_hand(figures);
  for (int i = 0; i != 3; ++i) {
    t.backward();
    t.update(0.01F);
    copy.backward();
    by_hand.step(copy.model(), 0.01F);
    CHECK(state(t) == state(copy));
  }
}

TEST_CASE("trainer: smoothed labels raise the loss that is trained on, not the scores") {
  auto const set = stripes(30);
  nn::trainer plain{network(), set, {.batch = 30}}, smooth{network(), set, {.batch = 30, .label_smoothing = 0.5}};
  CHECK(plain.evaluate(set) == smooth.evaluate(set));
  train(plain, 20);
  auto const losses = train(smooth, 20);
  CHECK(plain.evaluate(set).loss < 0.3);
  CHECK(losses.back() > 0.8);  // the entropy of the targets (2/3, 1/6, 1/6) is 0.868
  CHECK(smooth.evaluate(set).loss > 0.3);
  CHECK(test::refuses([&] { nn::trainer(network(), set, {.label_smoothing = 1.5}); }, "a label smoothing of 1.5"));
}

TEST_CASE("trainer: a student learns what its teacher says, not the labels, and alone the labels again") {
  auto const set = stripes(60);
  auto wrong = set;  // every label one class further
  for (auto& label : wrong.labels) label = static_cast<std::uint8_t>((label + 1) % 3);
  nn::trainer expert{network(), wrong, {.batch = 20}};
  train(expert, 60);
  expert.refresh_statistics();
  CHECK(expert.evaluate(set).accuracy < 5);

  nn::trainer student{nn::sequential{nn::dense{3}}, set, {.batch = 20}};  // of another type
  auto alone = student;
  student.learn_from(expert.model(), {.weight = 1, .temperature = 2});
  auto copy = student;
  auto const taught = train(student, 60);
  CHECK(student.evaluate(wrong).accuracy > 90);
  CHECK(train(copy, 60) == taught);  // a copy has a teacher of its own
  copy.learn_alone();
  copy.update(0);
  CHECK(copy.backward() > 1);  // far from the labels
  train(alone, 60);
  CHECK(alone.evaluate(set).accuracy > 90);
}

TEST_CASE("trainer: the teacher's share and temperature are those of distillation_loss, on the batch at hand") {
  auto const set = stripes(8);
  nn::trainer expert{network(), set, {.batch = 8, .seed = 3}}, student{network(), set, {.batch = 8}};
  auto hard = student;
  nn::distillation_options const how{.weight = 0.25F, .temperature = 5};
  student.learn_from(expert.model(), how);
  auto all = how;
  all.weight = 1;
  auto soft = student;
  soft.learn_from(expert.model(), all);
  CHECK(student.backward() == doctest::Approx(0.75 * hard.backward() + 0.25 * soft.backward()).epsilon(1e-6));
  for (std::size_t i = 0; i != student.gradients().size(); ++i) {
    auto const g = student.gradients()[i], h = hard.gradients()[i], s = soft.gradients()[i];
    for (std::size_t k = 0; k != g.size(); ++k) {
      CHECK(g[k] == doctest::Approx(0.75F * h[k] + 0.25F * s[k]).epsilon(1e-3).scale(0.1));
    }
  }
}

TEST_CASE("trainer: teachers of other images or classes, and such as were never built, are refused") {
  auto const set = stripes(12);
  nn::trainer t{network(), set, {.batch = 4}};
  CHECK(test::refuses([&] { t.learn_from(network()); }, "teacher: tensor 0 of the model, a weight, has 0 elements"));
  auto other = nn::sequential{nn::dense{4}};
  other.build({6, 6, 1}, {});
  CHECK(test::refuses([&] { t.learn_from(other); }, "the model has 4 outputs for 3 classes"));
  other = nn::sequential{nn::dense{3}};
  other.build({5, 6, 1}, {});
  CHECK(test::refuses([&] { t.learn_from(other); }, "has 90 elements, for these samples 108"));
  CHECK(test::refuses([&] { t.learn_from(t.model(), {.temperature = -1}); }, "learn_from: a temperature of -1"));
  auto plain = nn::trainer{network(), set, {.batch = 4}};
  CHECK(train(t, 3) == train(plain, 3));  // refused, so nothing has changed
}

TEST_CASE("trainer: a batch may be larger than the data") {
  auto const set = stripes(5);
  nn::trainer t{network(), set, {.batch = 12}};
  CHECK(std::isfinite(train(t, 3).back()));
  t.refresh_statistics();
  CHECK(std::isfinite(t.evaluate(set).loss));
}

TEST_CASE("trainer: a loss that is not finite stops training with step and batch") {
  auto const set = stripes(30);
  nn::trainer t{network(), set, {.batch = 8}};
  train(t, 2);
  t.parameters()[1].value[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(t.backward(), "trainer: the loss is not finite in step 2, batch 2", nn::training_error);
}

TEST_CASE("trainer: data that cannot be trained on is refused with its numbers") {
  auto const good = stripes(12);
  auto const refused = [](nn::data_set const& set, nn::trainer_options options, char const* words) {
    return test::refuses([&] { nn::trainer(network(), set, options); }, words);
  };
  CHECK(refused(stripes(0), {}, "0 samples"));
  CHECK(refused(good, {.batch = 0}, "batches of 0"));
  auto bad = good;
  bad.labels(7) = 3;
  CHECK(refused(bad, {}, "label 3 of sample 7 is not below 3 classes"));
  bad = good;
  bad.classes = 4;
  CHECK(refused(bad, {}, "the model has 3 outputs, the data set 4 classes"));
  bad = good;
  bad.labels.resize({11});
  CHECK(refused(bad, {}, "12 images, but 11 labels"));

  CHECK(refused(good, {.augmentation = {.crop = nn::random_crop{6}}}, "a padding of 6 pixels for images of 6 x 6"));
  std::vector<double> const three{1, 2, 3};
  CHECK(
      refused(good, {.normalization = nn::normalization(three, three)}, "a normalization of 3 channels, images of 1"));

  nn::trainer t{network(), good, {.batch = 4}};
  bad = good;
  bad.images.resize({12, 6, 5, 1});
  CHECK(test::refuses([&] { static_cast<void>(t.evaluate(bad)); }, "images of 6 x 5 x 1"));
  CHECK(test::refuses([&] { t.watch("test", bad); }, "trainer::watch: images of 6 x 5 x 1"));
  CHECK(test::refuses([&] { static_cast<void>(t.evaluate(stripes(0))); }, "0 samples"));
}

}  // namespace SQWA_TEST_FILE
