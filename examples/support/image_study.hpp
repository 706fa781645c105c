// SPDX-License-Identifier: BSD-3-Clause
// One study: a data set, a network, the method and its control, for any seed.
#ifndef SQWA_EXAMPLES_SUPPORT_IMAGE_STUDY_HPP
#define SQWA_EXAMPLES_SUPPORT_IMAGE_STUDY_HPP

#include "model_choice.hpp"
#include "recipe_options.hpp"
#include "saved_models.hpp"
#include "study_result.hpp"

#include <sqwa/fast.hpp>
#include <sqwa/sqwa.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

/// What the command line can say; what it leaves out is the data set's default.
struct study_options {
  std::string data = "digits";
  int levels = 3;
  std::size_t batch = 64;
  float weight_decay = 1e-4F;
  std::size_t train_limit = 0;
  std::size_t hold_out = 0;
  std::optional<std::size_t> width;
  recipe_options figures = {};
  bool diagnose = false;     ///< measure the captures
  sqwa::recipe recipe = {};  ///< its switches; its phases come from the figures above
};

/// The directory that a data set's short name stands for.
inline std::string directory_of(std::string const& data) {
  if (data == "digits") return SQWA_EXAMPLE_DATA "/digits";
  if (data == "fashion") return "/usr/share/datasets/fashion-mnist";
  return data;
}

class study {
 public:
  explicit study(study_options o) : options_(std::move(o)) {
    auto [train, test] = sqwa::io::read_idx(directory_of(options_.data));
    std::size_t const limit = options_.train_limit == 0 ? train.size() : std::min(options_.train_limit, train.size());
    if (options_.hold_out >= limit) {
      throw std::invalid_argument("--hold-out " + std::to_string(options_.hold_out) + " leaves nothing of " +
                                  std::to_string(limit) + " training images");
    }
    data_.train = sqwa::nn::slice(train, 0, limit - options_.hold_out);
    data_.test = options_.hold_out == 0 ? std::move(test) : sqwa::nn::slice(train, limit - options_.hold_out, limit);
    set_defaults();
    set_recipe();
  }

  [[nodiscard]] study_options const& options() const noexcept { return options_; }
  /// What was studied, for report.json.
  [[nodiscard]] nlohmann::ordered_json json() const {
    nlohmann::ordered_json recipe{{"levels", options_.levels},
                                  {"width", *options_.width},
                                  {"batch", options_.batch},
                                  {"weight_decay", options_.weight_decay}};
    recipe.update(json_of(options_.figures));
    return {{"data", options_.data}, {"recipe", recipe}};
  }
  [[nodiscard]] sqwa::nn::data_sets const& data() const noexcept { return data_; }
  /// Training steps an epoch, rarely a whole number.
  [[nodiscard]] double epoch() const {
    return static_cast<double>(data_.train.size()) / static_cast<double>(options_.batch);
  }
  /// Training steps of one seed: float, method and control.
  [[nodiscard]] sqwa::step_index steps() const { return recipe_.train.length() + 2 * recipe_.low_bit_steps(); }

  /// Trains the network by the method, and from the same float model the control.
  template <sqwa::executor E>
  study_result run(unsigned seed, E executor, sqwa::observer const& watch) const {
    study_result result{seed, {}, {}, {}};
    auto const record = [&](sqwa::progress const& p) {
      bool const captured =
          std::string_view(p.phase) == "retrain" && recipe_.capture(recipe_.retrain.rate, p.step, p.steps);
      result.curve.push_back(
          {.phase = p.phase, .rate = static_cast<double>(p.rate), .loss = p.loss, .captured = captured});
      watch(p);
    };
    auto learner = learner_for(seed, executor);
    sqwa::recipe method = recipe_;
    method.seed = seed;
    auto const floats = sqwa::run_float(method, learner, record);
    saved_models models(result.models, learner, method);
    auto twin = learner;
    sqwa::recipe control = method;
    control.average = sqwa::averaging::none;
    auto const other = sqwa::run_low_bit(control, twin, watch);
    sqwa::training_run run(method, learner, sqwa::run_part::low_bit, record);
    while (!run.done()) {
      std::size_t const steps = result.curve.size();
      run.advance();
      models.look(run, result.curve.size() != steps && result.curve.back().captured);
    }
    models.keep("sqwa", run.result().model);
    models.keep("control", other.model);
    result.report = joined(floats, other, std::move(run).result());
    result.report.model.notes = notes();
    for (auto& m : result.models) m.notes.merge(notes());
    return result;
  }

  /// What a saved model says of its study.
  [[nodiscard]] std::map<std::string, std::string> notes() const {
    return {{"data", options_.data},
            {"width", std::to_string(*options_.width)},
            {"levels", std::to_string(options_.levels)},
            {"train_limit", std::to_string(options_.train_limit)},
            {"hold_out", std::to_string(options_.hold_out)},
            {"batch", std::to_string(options_.batch)}};
  }

  /// A trainer of the example's network that reports on the training and the test images, or only on one of them.
  template <sqwa::executor E>
  [[nodiscard]] auto learner_for(unsigned seed, E executor, std::string_view only = {}) const {
    sqwa::nn::trainer_options const how{
        .batch = options_.batch,
        .optimizer = sqwa::nn::sgd_options{.momentum = 0.9F, .nesterov = true, .weight_decay = options_.weight_decay},
        .seed = seed};
    sqwa::nn::trainer learner(convolutions(*options_.width, data_.train.classes), data_.train, how,
                              sqwa::backend<sqwa::xsimd_kernels<>, E>{executor});
    if (only.empty() || only == "train") learner.watch("train", data_.train);
    if (only.empty() || only == "test") learner.watch("test", data_.test);
    return learner;
  }

  /// Only the first `samples` test images count from now on; learners made before look at what is gone.
  void keep_test(std::size_t samples) {
    if (samples < data_.test.size()) data_.test = sqwa::nn::slice(data_.test, 0, samples);
  }

 private:
  void set_defaults() {
    bool const small = options_.data == "digits";
    recipe_options& o = options_.figures;
    if (!options_.width) options_.width = std::size_t{small ? 8U : 16U};
    fill(o, {.epochs = small ? 20.0 : 6.0,
             .rate = 0.2F,
             .cycles = small ? 10 : 7,
             .cycle_epochs = small ? 4.0 : 1.0,
             .retrain_rate = 0.4F,
             .trough_rate = small ? 0.01F : 0.002F,
             .fine_tune_epochs = small ? 20.0 : 3.0,
             .fine_tune_rate = small ? 0.4F : 0.1F,
             .control_rate = small ? 0.4F : 0.2F});
    fill(o, {.captures = std::min(small ? 7 : 5, *o.cycles),
             .last_rate = std::min(small ? 0.05F : 0.02F, *o.retrain_rate)});
  }

  void set_recipe() {
    check_within("--batch", options_.batch, 1);
    check_within("--width", *options_.width, 1, 4096);
    check_within("--weight-decay", options_.weight_decay, 0);
    check(options_.figures);
    options_.recipe.format = format_of(options_.levels);
    if (options_.diagnose) {
      options_.recipe.diagnose = {.captures = true, .path = {.split = "train"}, .oscillations = true};
    }
    recipe_ = recipe_of(options_.figures, epoch(), options_.recipe);
    sqwa::check(recipe_);
  }

  study_options options_;
  sqwa::nn::data_sets data_;
  sqwa::recipe recipe_;
};

/// What the notes of a saved model say of its study; `data` instead of the data it names, if not empty.
inline study_options options_of(sqwa::low_bit_model const& model, std::string const& file, std::string const& data) {
  auto const note = [&](char const* key) {
    auto const at = model.notes.find(key);
    if (at == model.notes.end())
      throw std::invalid_argument(file + ": no note '" + key + "'; was it written by this program?");
    return at->second;
  };
  study_options o;
  o.data = data.empty() ? note("data") : data;
  o.levels = std::stoi(note("levels"));
  o.width = std::stoul(note("width"));
  o.train_limit = std::stoul(note("train_limit"));
  o.hold_out = std::stoul(note("hold_out"));
  o.batch = std::stoul(note("batch"));
  return o;
}

/// Puts a saved model into the network it was trained as, and evaluates it on the data it names (or on `data`, if not
/// empty).
inline std::vector<sqwa::score> evaluate_model(std::string const& file, std::string const& data) {
  sqwa::low_bit_model const model = sqwa::io::read_model(file);
  study_options const o = options_of(model, file, data);
  study const plan(o);
  auto learner = plan.learner_for(1, sqwa::tbb_executor{});
  sqwa::low_bit_weights weights(learner, format_of(o.levels));
  weights.put(model);
  return learner.evaluate();
}

}  // namespace example

#endif
