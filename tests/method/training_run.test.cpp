// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/training_run.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/schedule/combine.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using namespace sqwa;

namespace {

recipe short_recipe() {
  return {.format = symmetric<3>{},
          .train = {cosine{.hi = 0.2F, .lo = 0, .length = 6}},
          .retrain = {cyclic{cosine{.hi = 0.2F, .lo = 0.02F, .length = 2}, 3}, 9},
          .capture = at_trough{.last = 2},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 4}}};
}

/// The rows without their times.
auto rows(report const& r) {
  std::vector<std::pair<std::string, std::vector<double>>> all;
  for (report_row const& row : r.rows) {
    auto& numbers =
        all.emplace_back(row.model, std::vector{row.bits_per_weight, static_cast<double>(row.bytes)}).second;
    for (score const& s : row.scores) numbers.insert(numbers.end(), {s.loss, s.accuracy});
  }
  return all;
}

/// Stops a run after each of its advances, and has a fresh one of a fresh learner go on with what was saved.
template <class Make>
void stop_everywhere(recipe const& r, Make make, run_part part = run_part::all) {
  auto undisturbed = make();
  training_run whole(r, undisturbed, part);
  std::size_t advances = 0;
  for (; !whole.done(); ++advances) whole.advance();
  for (std::size_t stop = 0; stop <= advances; ++stop) {
    auto first = make(), second = make();
    training_run before(r, first, part);
    for (std::size_t i = 0; i != stop; ++i) before.advance();
    auto const saved = before.save();
    training_run after(r, second, part);
    if (stop % 2 == 0) after.advance();  // whatever it did is replaced
    after.load(saved);
    INFO("stopped after ", stop, " of ", advances, ": ", before.where().first);
    CHECK(after.where() == before.where());
    CHECK(second.save() == first.save());
    CHECK(rows(after.result()) == rows(before.result()));
    after.finish();
    CHECK(rows(after.result()) == rows(whole.result()));
    CHECK(after.result().model == whole.result().model);
    CHECK(after.result().captures == whole.result().captures);
    CHECK(second.save() == undisturbed.save());
  }
}

}  // namespace

TEST_CASE("training_run: saved after any step and continued, it ends with the same bits, for every recipe") {
  auto const toy = [] { return test::toy_learner{}; };
  stop_everywhere(short_recipe(), toy);
  stop_everywhere(short_recipe(), toy, run_part::train);
  stop_everywhere(short_recipe(), toy, run_part::low_bit);
  for (averaging const what : {averaging::values, averaging::latent, averaging::none}) {
    recipe r = short_recipe();
    r.average = what;
    stop_everywhere(r, toy);
  }
  for (scale_rule const rule : {scale_rule::refitted, scale_rule::learned}) {
    recipe r = short_recipe();
    r.scales = rule;
    stop_everywhere(r, toy);
    r.average = averaging::values;
    stop_everywhere(r, toy);
  }
  recipe r = short_recipe();
  r.fine_tune_from = start_point::quantized;
  r.requantize = scale_rule::frozen;
  r.format = all_but_first_and_last(symmetric<5>{},
                                    any_quantizer(quantizer{symmetric<3>{}, max_abs{}, per_channel{}, stochastic{}}));
  stop_everywhere(r, toy);
  r.train = {};
  r.fine_tune = {};  // phases without steps
  stop_everywhere(r, toy);
}

TEST_CASE("training_run: the included trainer goes on too, with its optimizer and its place among the samples") {
  auto const set = test::stripes(50);
  auto const learner_with = [&](nn::optimizer_options how) {
    return [&set, how] {
      nn::trainer t{
          nn::sequential{nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{}, nn::dense{3}},
          set,
          {.batch = 16, .optimizer = how, .augmentation = {.flip = nn::horizontal_flip{}}}};
      t.watch("train", set);
      return t;
    };
  };
  stop_everywhere(short_recipe(), learner_with(nn::sgd_options{.momentum = 0.9F, .nesterov = true}));
  stop_everywhere(short_recipe(), learner_with(nn::adam_options{}));
}

TEST_CASE("training_run: the state of another run is refused by what differs, and nothing changes") {
  test::toy_learner l;
  training_run run(short_recipe(), l);
  for (int i = 0; i != 8; ++i) run.advance();
  auto const saved = run.save();
  auto const refused = [&](recipe const& other, run_part part, char const* words) {
    test::toy_learner m;
    training_run another(other, m, part);
    another.advance();
    auto const before = m.save();
    auto const place = another.where();
    CHECK(test::refuses([&] { another.load(saved); }, words));
    CHECK(m.save() == before);
    CHECK(another.where() == place);
  };
  recipe r = short_recipe();
  r.train = {cosine{.hi = 0.3F, .lo = 0, .length = 6}};
  refused(r, run_part::all, "saved with another float training");
  r = short_recipe();
  r.capture = at_trough{.last = 1};
  refused(r, run_part::all, "saved with another capture policy");
  r = short_recipe();
  r.format = symmetric<5>{};
  refused(r, run_part::all, "saved with another tensors (name, size, levels)");
  r = short_recipe();
  r.seed = 2;
  refused(r, run_part::all, "saved with another seed");
  refused(short_recipe(), run_part::low_bit, "saved with another part");

  training_run same(short_recipe(), l);
  for (std::size_t cut = 0; cut < saved.size(); cut += 37) {  // truncated anywhere
    auto const before = l.save();
    CHECK(test::refuses([&] { same.load(std::span(saved).first(cut)); }, ""));
    CHECK(l.save() == before);
    CHECK(same.where().second == 0);
  }
}

TEST_CASE("training_run: another trainer's state is refused by what differs") {
  auto const set = test::stripes(50), other_set = test::stripes(50, 2);
  auto const build = [](nn::data_set const& images, nn::trainer_options const& how, std::size_t filters) {
    return nn::trainer{nn::sequential{nn::conv2d{filters}, nn::dense{3}}, images, how};
  };
  auto learner = build(set, {.batch = 16}, 4);
  learner.backward();
  learner.update(0.1F);
  auto const saved = learner.save();
  auto const refused = [&](auto other, char const* words) {
    auto const before = other.save();
    CHECK(test::refuses([&] { other.load(saved); }, words));
    CHECK(other.save() == before);
  };
  refused(build(other_set, {.batch = 16}, 4), "saved with another set of images");
  refused(build(set, {.batch = 15}, 4), "saved with another batch size");
  refused(build(set, {.batch = 16, .seed = 2}, 4), "saved with another seed");
  refused(build(set, {.batch = 16, .augmentation = {.crop = nn::random_crop{1}}}, 4), "saved with another random crop");
  refused(build(set, {.batch = 16}, 5), "conv2d_1.weight has 36 numbers in the saved state, 45 in the model");
  refused(build(set, {.batch = 16, .optimizer = nn::adam_options{}}, 4), "velocity where the model has first_moment");
}

TEST_CASE("training_run: a loss that is not finite leaves the run where the last finished step left it") {
  test::toy_learner l;
  l.diverge_at = 9;  // in retraining
  training_run run(short_recipe(), l);
  std::vector<std::byte> before;
  try {
    while (!run.done()) {
      before = l.save();
      run.advance();
    }
    FAIL("the loss was not looked at");
  } catch (nn::training_error const& e) {
    CHECK(std::string(e.what()).find("step 3 of low-bit training") != std::string::npos);
  }
  CHECK(run.where() == std::pair<std::string, step_index>{"retrain", 3});
  --l.backwards;  // which the failed one counted
  CHECK(l.save() == before);
}

TEST_CASE("training_run: a run that diagnoses cannot be saved, and one that is done cannot be advanced") {
  test::toy_learner l;
  recipe r = short_recipe();
  r.diagnose = {.captures = true};
  training_run run(r, l);
  CHECK(test::refuses([&] { (void)run.save(); }, "diagnosis"));
  run.finish();
  CHECK(run.result().diagnosis.has_value());
  CHECK(test::refuses([&] { run.advance(); }, "the run is done"));
}
