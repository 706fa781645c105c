// SPDX-License-Identifier: BSD-3-Clause
// What the program `cifar` trains: data, model and recipe, as its options say.
#ifndef SQWA_EXAMPLES_SUPPORT_CIFAR_PLAN_HPP
#define SQWA_EXAMPLES_SUPPORT_CIFAR_PLAN_HPP

#include "cifar_options.hpp"
#include "data_choice.hpp"
#include "model_choice.hpp"

#include <sqwa/fast.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/nn/trainer.hpp>

#include <nlohmann/json.hpp>
#include <utility>

namespace example {

using learner_type = sqwa::nn::trainer<model_type, sqwa::fastest>;

class cifar_plan {
 public:
  /// Reads the images. Throws for options that nothing can be made of, by their names.
  explicit cifar_plan(cifar_options o)
      : options_(std::move(o)), data_(choose_data(options_.data)), numbers_(data_.sets.train) {
    hold_out(data_.sets, options_.hold_out);
    sqwa::nn::data_set const& train = data_.sets.train;
    description_ = {.model = options_.model,
                    .width = *options_.width,
                    .classes = train.classes,
                    .image = {train.images.shape(1), train.images.shape(2), train.images.shape(3)},
                    .mean = {numbers_.mean().begin(), numbers_.mean().end()},
                    .deviation = {numbers_.deviation().begin(), numbers_.deviation().end()}};
    recipe_ = recipe_of(options_.figures, epoch(), {.format = formats_of(options_.levels, options_.keep_float)});
    auto learner = learner_for(options_.seed);
    sqwa::check(recipe_, learner);
    give_teacher(learner);
  }
  cifar_plan(cifar_plan const&) = delete;  // learners refer to the images
  cifar_plan& operator=(cifar_plan const&) = delete;

  [[nodiscard]] cifar_options const& options() const noexcept { return options_; }
  [[nodiscard]] chosen_data const& data() const noexcept { return data_; }
  /// What a float model's file says of this one.
  [[nodiscard]] model_description const& description() const noexcept { return description_; }
  [[nodiscard]] nlohmann::ordered_json settings() const { return settings_of(options_, data_.name); }

  [[nodiscard]] sqwa::recipe recipe(unsigned seed) const {
    sqwa::recipe r = recipe_;
    r.seed = seed;
    return r;
  }
  /// Training steps an epoch, rarely a whole number.
  [[nodiscard]] double epoch() const {
    return static_cast<double>(data_.sets.train.size()) / static_cast<double>(options_.batch);
  }
  /// Training steps of all seeds: float, method and control.
  [[nodiscard]] sqwa::step_index steps() const {
    return options_.seeds * (recipe_.train.length() + (options_.no_control ? 1 : 2) * recipe_.low_bit_steps());
  }

  /// A trainer at its first step, its weights drawn from the seed or read from a file.
  [[nodiscard]] learner_type learner_for(unsigned seed) const {
    sqwa::nn::trainer_options const how{
        .batch = options_.batch,
        .optimizer = sqwa::nn::sgd_options{.momentum = 0.9F, .nesterov = true, .weight_decay = options_.weight_decay},
        .label_smoothing = options_.label_smoothing,
        .seed = seed,
        .refresh_batches = 100,
        .augmentation = data_.augmentation,
        .normalization = numbers_};
    learner_type learner(make_model(options_.model, *options_.width, description_.classes), data_.sets.train, how);
    learner.watch("test", data_.sets.test);
    if (!options_.float_model.empty()) {
      auto const file = read_float_model(options_.float_model);
      if (file.description != description_) {
        throw sqwa::io::error(options_.float_model, 0, nlohmann::json(description_).dump(),
                              nlohmann::json(file.description).dump());
      }
      put(file, options_.float_model, learner.model());
    }
    return learner;
  }

  /// Gives a learner with its float model the teacher that was asked for, if any.
  void give_teacher(learner_type& learner) const {
    if (options_.teacher.empty()) return;
    auto teacher = options_.teacher == "self" ? learner.model() : load_model(options_.teacher, description_);
    learner.learn_from(std::move(teacher), options_.distillation);
  }

 private:
  cifar_options options_;
  chosen_data data_;
  sqwa::nn::normalization numbers_;  // of all training images, also those kept aside: models of any --hold-out fit
  model_description description_;
  sqwa::recipe recipe_;
};

}  // namespace example

#endif
