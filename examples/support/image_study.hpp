// SPDX-License-Identifier: BSD-3-Clause
// One study: a data set, a network, the method and its control, for any seed.
#ifndef SQWA_EXAMPLES_SUPPORT_IMAGE_STUDY_HPP
#define SQWA_EXAMPLES_SUPPORT_IMAGE_STUDY_HPP

#include "training_picture.hpp"

#include <sqwa/fast.hpp>
#include <sqwa/sqwa.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
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
  std::optional<double> epochs;
  std::optional<float> rate;
  std::optional<int> cycles;
  std::optional<double> cycle_epochs;
  std::optional<int> captures;
  std::optional<float> retrain_rate;
  std::optional<float> last_rate;
  std::optional<float> trough_rate;
  std::optional<double> fine_tune_epochs;
  std::optional<float> fine_tune_rate;
  std::optional<float> control_rate;
  bool diagnose = false;     ///< measure the captures
  sqwa::recipe recipe = {};  ///< its switches; its phases come from the figures above
};

/// What one seed gave.
struct study_result {
  unsigned seed = 0;
  sqwa::report report;             ///< float, direct, control and the rows of the method
  std::vector<curve_point> curve;  ///< every training step of the method
};

/// The example's network: three 3 × 3 convolutions of w, 2w and 2w channels, each with batch-norm and ReLU, and one
/// dense layer.
inline auto network(std::size_t width, std::size_t classes) {
  using namespace sqwa::nn;
  conv2d_options const same{.kernel = 3, .padding = 1, .bias = false};
  return sequential{conv2d(width, same),     batch_norm(), relu(), max_pool(2),
                    conv2d(2 * width, same), batch_norm(), relu(), max_pool(2),
                    conv2d(2 * width, same), batch_norm(), relu(), global_average_pool(),
                    dense(classes)};
}

/// The format of a number of levels that is known at run time.
inline sqwa::any_quantizer format_of(int levels) {
  switch (levels) {
    case 3:
      return sqwa::symmetric<3>{};
    case 5:
      return sqwa::symmetric<5>{};
    case 7:
      return sqwa::symmetric<7>{};
    case 15:
      return sqwa::symmetric<15>{};
    case 31:
      return sqwa::symmetric<31>{};
    case 63:
      return sqwa::symmetric<63>{};
    case 127:
      return sqwa::symmetric<127>{};
    case 255:
      return sqwa::symmetric<255>{};
    default:
      throw std::invalid_argument("--levels " + std::to_string(levels) + ": 3, 5, 7, 15, 31, 63, 127 or 255");
  }
}

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
    check_options();
    set_recipe();
  }

  [[nodiscard]] study_options const& options() const noexcept { return options_; }
  [[nodiscard]] sqwa::nn::data_sets const& data() const noexcept { return data_; }
  /// Training steps of one seed: float, method and control.
  [[nodiscard]] sqwa::step_index steps() const { return recipe_.train.length() + 2 * recipe_.low_bit_steps(); }

  /// Trains the network by the method, and from the same float model the control.
  template <sqwa::executor E>
  study_result run(unsigned seed, E executor, sqwa::observer const& watch) const {
    study_result result{seed, {}, {}};
    auto const record = [&](sqwa::progress const& p) {
      bool const captured =
          std::string_view(p.phase) == "retrain" && recipe_.capture(recipe_.retrain.rate, p.step, p.steps);
      result.curve.push_back({p.phase, static_cast<double>(p.rate), p.loss, captured});
      watch(p);
    };
    auto learner = learner_for(seed, executor);
    sqwa::recipe method = recipe_;
    method.seed = seed;
    result.report = sqwa::run_float(method, learner, record);
    auto twin = learner;
    sqwa::recipe control = method;
    control.average = sqwa::averaging::none;
    auto const other = sqwa::run_low_bit(control, twin, watch);
    auto rest = sqwa::run_low_bit(method, learner, record);
    for (auto& row : rest.rows) {
      result.report.rows.push_back(std::move(row));
      if (result.report.rows.back().model == "direct") result.report.rows.push_back(*other.find("control"));
    }
    result.report.model = std::move(rest.model);
    result.report.captures = rest.captures;
    result.report.diagnosis = std::move(rest.diagnosis);
    result.report.model.notes = {{"data", options_.data},
                                 {"width", std::to_string(*options_.width)},
                                 {"levels", std::to_string(options_.levels)},
                                 {"train_limit", std::to_string(options_.train_limit)},
                                 {"hold_out", std::to_string(options_.hold_out)},
                                 {"batch", std::to_string(options_.batch)}};
    return result;
  }

  /// A trainer of the example's network that reports on the training and the test images.
  template <sqwa::executor E>
  [[nodiscard]] auto learner_for(unsigned seed, E executor) const {
    sqwa::nn::trainer_options const how{
        .batch = options_.batch,
        .optimizer = sqwa::nn::sgd_options{.momentum = 0.9F, .nesterov = true, .weight_decay = options_.weight_decay},
        .seed = seed};
    sqwa::nn::trainer learner(network(*options_.width, data_.train.classes), data_.train, how,
                              sqwa::backend<sqwa::xsimd_kernels<>, E>{executor});
    learner.watch("train", data_.train);
    learner.watch("test", data_.test);
    return learner;
  }

 private:
  void set_defaults() {
    bool const small = options_.data == "digits";
    auto const set = [](auto& option, auto value) {
      if (!option) option = value;
    };
    set(options_.width, std::size_t{small ? 8U : 16U});
    set(options_.epochs, small ? 20.0 : 6.0);
    set(options_.rate, 0.2F);
    set(options_.cycles, small ? 10 : 7);
    set(options_.cycle_epochs, small ? 4.0 : 1.0);
    set(options_.captures, std::min(small ? 7 : 5, *options_.cycles));
    set(options_.retrain_rate, 0.4F);
    set(options_.last_rate, std::min(small ? 0.05F : 0.02F, *options_.retrain_rate));
    set(options_.trough_rate, small ? 0.01F : 0.002F);
    set(options_.fine_tune_epochs, small ? 20.0 : 3.0);
    set(options_.fine_tune_rate, 0.1F);
    set(options_.control_rate, small ? 0.6F : 0.2F);
  }

  /// Refuses, by the option's name, what no study can be made of; also NaN.
  void check_options() const {
    auto const within = [](char const* option, auto value, double low, double high) {
      if (static_cast<double>(value) >= low && static_cast<double>(value) <= high) return;
      throw std::invalid_argument(std::string(option) + " " + std::to_string(value) + ": from " + std::to_string(low) +
                                  " to " + std::to_string(high));
    };
    constexpr double many = 1e6;
    constexpr double smallest = 1e-6;
    within("--batch", options_.batch, 1, many);
    within("--width", *options_.width, 1, 4096);
    within("--epochs", *options_.epochs, 0, many);
    within("--cycles", *options_.cycles, 1, many);
    within("--cycle-epochs", *options_.cycle_epochs, smallest, many);
    within("--captures", *options_.captures, 1, *options_.cycles);
    within("--fine-tune-epochs", *options_.fine_tune_epochs, 0, many);
    within("--weight-decay", options_.weight_decay, 0, many);
    within("--rate", *options_.rate, 0, many);
    within("--retrain-rate", *options_.retrain_rate, 0, many);
    within("--last-rate", *options_.last_rate, 0, many);
    within("--trough-rate", *options_.trough_rate, 0, many);
    within("--fine-tune-rate", *options_.fine_tune_rate, 0, many);
    within("--control-rate", *options_.control_rate, smallest, many);
    if (*options_.last_rate < *options_.trough_rate || *options_.last_rate > *options_.retrain_rate) {
      throw std::invalid_argument("--last-rate " + std::to_string(*options_.last_rate) +
                                  ": it lies between --trough-rate " + std::to_string(*options_.trough_rate) +
                                  " and --retrain-rate " + std::to_string(*options_.retrain_rate));
    }
  }

  void set_recipe() {
    double const epoch = static_cast<double>(data_.train.size()) / static_cast<double>(options_.batch);
    auto const steps = [&](double epochs) { return static_cast<sqwa::step_index>(epochs * epoch + 0.5); };
    auto const phase_of = [](float hi, sqwa::step_index n) {
      return n == 0 ? sqwa::phase{} : sqwa::phase{sqwa::cosine{.hi = hi, .lo = 0, .length = n - 1}, n};
    };
    sqwa::step_index const cycle = std::max<sqwa::step_index>(steps(*options_.cycle_epochs), 1);
    recipe_ = options_.recipe;
    recipe_.format = format_of(options_.levels);
    recipe_.train = phase_of(*options_.rate, steps(*options_.epochs));
    recipe_.retrain = {cycles(cycle), cycle * *options_.cycles};
    recipe_.capture = sqwa::at_trough{.last = *options_.captures};
    recipe_.fine_tune = phase_of(*options_.fine_tune_rate, steps(*options_.fine_tune_epochs));
    recipe_.control_rate = *options_.control_rate;
    if (options_.diagnose) recipe_.diagnose = {.captures = true, .path = {.split = "train"}, .oscillations = true};
    sqwa::check(recipe_);
  }

  /// Cosines from the top rate down to the bottom rate, the tops falling geometrically from the first cycle to the
  /// last.
  [[nodiscard]] sqwa::damped_cycles<sqwa::cosine> cycles(sqwa::step_index period) const {
    float const first = *options_.retrain_rate;
    float const last = *options_.last_rate;
    float const bottom = *options_.trough_rate;
    int const falls = std::max(*options_.cycles - 1, 1);
    double const factor =
        first > bottom ? std::pow((double{last} - bottom) / (double{first} - bottom), 1.0 / falls) : 1.0;
    return {sqwa::cyclic{sqwa::cosine{.hi = first, .lo = bottom, .length = period - 1}, period}, factor, bottom};
  }

  study_options options_;
  sqwa::nn::data_sets data_;
  sqwa::recipe recipe_;
};

/// Puts a saved model into the network it was trained as, and evaluates it on the data it names (or on `data`, if not
/// empty).
inline std::vector<sqwa::score> evaluate_model(std::string const& file, std::string const& data) {
  sqwa::low_bit_model const model = sqwa::io::read_model(file);
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
  study const plan(o);
  auto learner = plan.learner_for(1, sqwa::tbb_executor{});
  sqwa::low_bit_weights weights(learner, format_of(o.levels));
  weights.put(model);
  return learner.evaluate();
}

}  // namespace example

#endif
