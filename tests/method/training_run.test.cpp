// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/training_run.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/dropout.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/moving_range.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/loss_gated.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"
#include "support/stripes.hpp"
#include "support/thorough.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

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

/// All that a diagnosis says, as bytes; none without one.
std::vector<std::byte> diagnosis_of(report const& r) {
  byte_writer out;
  detail::value_saver{out}(r.diagnosis);
  return out.bytes;
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
    CHECK(diagnosis_of(after.result()) == diagnosis_of(whole.result()));
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
  recipe gated = short_recipe();
  gated.capture = loss_gated<at_trough>{.policy = at_trough{.last = 3}, .factor = 3, .window = 2};
  stop_everywhere(gated, toy);
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
      nn::trainer t{nn::sequential{nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                                   nn::fake_quantize<moving_range>{}, nn::dropout{0.2F}, nn::dense{3}},
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
  refused(r, run_part::all, "saved with another tensors (name, extents, format)");
  for (any_quantizer const& other : {any_quantizer(quantizer{symmetric<3>{}, max_abs{}}),
                                     any_quantizer(quantizer{symmetric<3>{}, l2{}, per_channel{}}),
                                     any_quantizer(quantizer{symmetric<3>{}, l2{}, per_tensor{}, stochastic{}})}) {
    r.format = other;
    refused(r, run_part::all, "saved with another tensors (name, extents, format)");
  }
  r = short_recipe();
  r.capture = loss_gated<at_trough>{.policy = at_trough{.last = 2}};
  refused(r, run_part::all, "saved with another capture policy");
  r = short_recipe();
  r.diagnose.captures = true;
  refused(r, run_part::all, "saved with another diagnosis");
  r = short_recipe();
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
  std::vector<double> const mean = {100}, deviation = {50};
  refused(build(set, {.batch = 16, .normalization = nn::normalization(mean, deviation)}, 4),
          "saved with another normalization");
  refused(build(set, {.batch = 16, .optimizer = nn::sgd_options{.momentum = 0.8F}}, 4),
          "saved with another optimizer, or with other figures");
  auto taught = build(set, {.batch = 16}, 4);
  taught.learn_from(learner.model());
  refused(taught, "saved with another teacher");
  taught.learn_alone();
  taught.load(saved);
  CHECK(taught.save() == saved);
  refused(build(set, {.batch = 16}, 5), "conv2d_1.weight has 36 numbers in the saved state, 45 in the model");
  refused(build(set, {.batch = 16, .optimizer = nn::adam_options{}}, 4), "saved with another optimizer");
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
    CHECK(std::string(e.what()).starts_with("retrain, step 3: "));
  }
  CHECK(run.where() == std::pair<std::string, step_index>{"retrain", 3});
  --l.backwards;  // which the failed one counted
  CHECK(l.save() == before);
}

TEST_CASE("training_run: nor does it move the included trainer's statistics and noise") {
  auto const set = test::stripes(50);
  nn::trainer learner{nn::sequential{nn::batch_norm{}, nn::dropout{0.2F}, nn::dense{3}}, set, {.batch = 16}};
  for (int i = 0; i != 3; ++i) {
    (void)learner.backward();
    learner.update(0.1F);
  }
  learner.parameters()[0].value[5] = std::numeric_limits<float>::infinity();
  auto const before = learner.save();
  CHECK_THROWS_AS((void)learner.backward(), nn::training_error);
  CHECK(learner.save() == before);
}

TEST_CASE("training_run: weights that are not finite are not saved") {
  test::toy_learner l;
  training_run run(short_recipe(), l);
  for (int i = 0; i != 3; ++i) run.advance();
  CHECK(!run.save().empty());
  l.bias[1] = std::numeric_limits<double>::quiet_NaN();
  try {
    (void)run.save();
    FAIL("saved");
  } catch (nn::training_error const& e) {
    CHECK(std::string(e.what()) == "train, step 3: float_0 has become infinite or NaN");
  }
}

TEST_CASE("training_run: an observer that throws leaves a run that goes on as if it had not") {
  test::toy_learner whole, broken, fresh;
  training_run undisturbed(short_recipe(), whole);
  undisturbed.finish();
  int told = 0;
  training_run run(short_recipe(), broken, run_part::all, [&](progress const&) {
    if (++told % 2 == 0) throw std::runtime_error("enough");
  });
  while (!run.done()) {
    try {
      run.advance();
    } catch (std::runtime_error const&) {
      training_run next(short_recipe(), fresh);
      next.load(run.save());
      next.finish();
      CHECK(rows(next.result()) == rows(undisturbed.result()));
      CHECK(fresh.save() == whole.save());
    }
  }
  CHECK(told == 6 + 9 + 4);
  CHECK(rows(run.result()) == rows(undisturbed.result()));
}

TEST_CASE("training_run: what a diagnosis has seen is saved too") {
  auto const toy = [] { return test::toy_learner{}; };
  recipe r = short_recipe();
  r.capture = at_trough{.last = 3};
  r.diagnose = {.captures = true, .keep = 2, .paths = measured_paths::neighbours, .oscillations = true};
  stop_everywhere(r, toy);
  r.diagnose.captures = false;
  stop_everywhere(r, toy);
  test::toy_learner l;
  training_run run(r, l);
  run.finish();
  CHECK(run.result().diagnosis.has_value());
  CHECK(test::refuses([&] { run.advance(); }, "the run is done"));
}

TEST_CASE("training_run: a state with any byte altered is refused with nothing changed, or is one of this run's") {
  for (run_part const part : {run_part::all, run_part::train, run_part::low_bit}) {
    recipe r = short_recipe();
    r.diagnose = {.captures = true, .oscillations = true};
    test::toy_learner l, m;
    training_run run(r, l, part);
    for (int i = 0; i != (part == run_part::all ? 16 : 6); ++i) run.advance();
    auto const good = run.save();
    training_run other(r, m, part);
    auto const fresh = other.save();
    std::size_t refused = 0;
    constexpr std::array flips{std::byte{1}, std::byte{0x80}, std::byte{0xFF}};
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (std::size_t k = 0; k != flips.size(); ++k) {
        if (!test::thorough && k != at % flips.size()) continue;
        auto bad = good;
        bad[at] ^= flips[k];
        try {
          other.load(bad);
          other.load(fresh);
        } catch (contract_error const&) {
          ++refused;
          CHECK(other.where().second == 0);
        }
      }
    }
    CHECK(refused > (test::thorough ? good.size() : good.size() / flips.size()));
    CHECK(m.save() == test::toy_learner{}.save());
  }
}

TEST_CASE("training_run: a state with a time that no clock can show is refused") {
  test::toy_learner l;
  training_run run(short_recipe(), l);
  run.advance();
  auto const good = run.save();
  auto own = detail::identity_of(short_recipe(), l);
  own.emplace_back("part", std::to_string(static_cast<int>(run_part::all)));
  byte_writer before;  // the time
  detail::save_identity(own, before);
  before.put(std::uint8_t{});
  before.put(step_index{});
  auto const with = [&](double seconds) {
    byte_writer time;
    time.put(seconds);
    auto state = good;
    std::ranges::copy(time.bytes, state.begin() + static_cast<std::ptrdiff_t>(before.bytes.size()));
    return state;
  };
  run.load(with(100));
  for (double bad : {-1.0, 1e49, -1e49, 1e10, std::numeric_limits<double>::infinity(), std::nan("")}) {
    CHECK(test::refuses([&] { run.load(with(bad)); }, "seconds since the last row"));
  }
}

TEST_CASE("training_run: in_place shows the float weights in phase 1, then low-bit ones, and changes no bits") {
  test::toy_learner watched, alone;
  training_run run(short_recipe(), watched), other(short_recipe(), alone);
  auto const values = [&] { return std::set<double>(watched.first.begin(), watched.first.end()).size(); };
  for (; !run.done(); run.advance(), other.advance()) {
    auto const phase = run.where().first;
    bool const low_bit = phase != "train" && phase != "float evaluation" && phase != "quantization";
    CHECK((run.in_place(values) <= 3) == low_bit);
    CHECK(watched.first == alone.first);
  }
  CHECK(run.in_place(values) <= 3);
  CHECK(watched.save() == alone.save());
  CHECK(rows(run.result()) == rows(other.result()));
}

}  // namespace SQWA_TEST_FILE
