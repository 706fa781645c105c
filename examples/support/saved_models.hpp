// SPDX-License-Identifier: BSD-3-Clause
// The models along the way of a run of the method, each with statistics of its own: what the program `surface` reads.
#ifndef SQWA_EXAMPLES_SUPPORT_SAVED_MODELS_HPP
#define SQWA_EXAMPLES_SUPPORT_SAVED_MODELS_HPP

#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/training_run.hpp>
#include <sqwa/surface/model_point.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace example {

/// Collects the models "float", "direct", "capture 1", …, "latent" (at the end of retraining), "average",
/// "requantized".
///
/// Reads the learner between two steps and changes nothing of the training.
template <sqwa::learner L>
class saved_models {
 public:
  /// At the trained float model, before the run.
  saved_models(std::vector<sqwa::low_bit_model>& to, L& l, sqwa::recipe const& r)
      : to_(to), learner_(l), recipe_(r), weights_(l, r.format, r.seed) {
    keep_float("float");
    keep("direct", weights_.capture());
  }

  /// After a step; `captured`: one that a capture belongs to.
  template <class Run>
  void look(Run& run, bool captured) {
    if (captured) keep("capture " + std::to_string(++captures_), low_bit(run));
    std::string const now = run.where().first;
    if (now == before_) return;
    if (now == "averaging") keep_float("latent");
    if (before_ == "averaging") {
      // Fine-tuning begins at the average itself, unless the recipe says otherwise.
      if (recipe_.fine_tune_from == sqwa::start_point::mean) keep_float("average");
      keep("requantized", run.in_place([&] { return fitted(); }));
    }
    before_ = now;
  }

  /// A low-bit model, with its statistics measured anew.
  void keep(std::string name, sqwa::low_bit_model const& model) {
    L copy = learner_;
    sqwa::low_bit_weights weights(copy, recipe_.format, recipe_.seed);
    weights.put(model);
    copy.refresh_statistics();
    to_.push_back(weights.capture());
    to_.back().notes = {{"model", std::move(name)}};
  }

 private:
  void keep_float(char const* name) {
    L copy = learner_;
    copy.refresh_statistics();
    to_.push_back(sqwa::float_model_of(copy));
    to_.back().notes = {{"model", name}};
  }
  /// The capture: with frozen scales, those of the direct model.
  template <class Run>
  sqwa::low_bit_model low_bit(Run& run) {
    if (recipe_.scales == sqwa::scale_rule::frozen) return weights_.capture();
    return run.in_place([&] { return fitted(); });
  }
  /// The low-bit weights as they stand in the learner; their scales are found again by fitting.
  sqwa::low_bit_model fitted() {
    sqwa::low_bit_weights weights(learner_, recipe_.format, recipe_.seed);
    return weights.capture();
  }

  std::vector<sqwa::low_bit_model>& to_;
  L& learner_;
  sqwa::recipe const& recipe_;
  sqwa::low_bit_weights<L> weights_;  // with the scales of the direct model
  std::string before_ = "quantization";
  std::size_t captures_ = 0;
};

}  // namespace example

#endif
