// SPDX-License-Identifier: BSD-3-Clause
// The phases of the method, each a function of its own.
#ifndef SQWA_METHOD_PHASES_HPP
#define SQWA_METHOD_PHASES_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/method/capture_average.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/saved_numbers.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/training_error.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Where a run stands, after each training step.
struct progress {
  char const* phase;  ///< "train", "retrain", "fine_tune" or "control"
  step_index step;    ///< that has just been done, from 0
  step_index steps;   ///< of this phase
  float rate;
  double loss;
};

/// Told after each training step, the capture that belongs to it included; may be empty. What it throws ends the run.
using observer = std::function<void(progress const&)>;

namespace detail {

/// Refuses trained tensors that hold an infinity or a NaN; `when` is told.
template <learner L>
void check_finite(L& l, std::string const& when) {
  for_each_trained(l, [&](auto const& t, std::string const& name, std::size_t) {
    for (auto v : values(t)) {
      if (!std::isfinite(v)) throw nn::training_error(when + ": " + name + " has become infinite or NaN");
    }
  });
}

/// One step of phase 1, at the rate of step t. Returns the loss.
template <learner L>
double float_step(L& l, sqwa::phase const& p, step_index t) {
  double const loss = static_cast<double>(l.backward());
  check_loss(loss, t, "float training");
  l.update(p.rate(t));
  return loss;
}

/// One step that moves the latent weights with the gradient at the low-bit ones. Scales that the recipe lets learn do
/// so unless `hold_scales`. Returns the loss.
template <learner L>
double low_bit_step(low_bit_weights<L>& weights, sqwa::phase const& p, recipe const& r, step_index t,
                    bool hold_scales = false) {
  if (r.scales == scale_rule::refitted) weights.fit();
  return weights.step(p.rate(t), r.gradient, r.scales == scale_rule::learned && !hold_scales);
}

/// Calls `step(t)`, which returns a loss, for each step of a phase, and tells the observer.
template <class Step>
void run_phase(char const* name, sqwa::phase const& p, observer const& watch, Step step) {
  for (step_index t = 0, steps = p.length(); t != steps; ++t) {
    double const loss = step(t);
    if (watch) watch({name, t, steps, p.rate(t), loss});
  }
}

/// The control's one phase.
inline sqwa::phase control_phase(recipe const& r) {
  float const top = r.control_rate > 0 ? r.control_rate : r.retrain.rate(0);
  step_index const steps = r.low_bit_steps();
  return {cosine{.hi = top, .lo = 0, .length = steps}, steps};
}

}  // namespace detail

/// Phase 1: trains the weights as floats.
///
/// A loss that is not finite throws `training_error` with the step, and leaves the learner as the step before left it.
template <learner L>
void train_float(L& l, sqwa::phase const& p, observer const& watch = {}) {
  detail::reset_optimizer(l);
  detail::run_phase("train", p, watch, [&](step_index t) { return detail::float_step(l, p, t); });
}

/// What else is told while a model is retrained; each may be empty. What they throw ends the run.
///
/// They see and change nothing of the training: its bits are the same with and without them.
template <learner L>
struct retrain_hooks {
  std::function<void(low_bit_weights<L> const&, step_index)> after_step = {};  ///< before the capture of that step
  std::function<void(low_bit_model const&)> captured = {};
};

/// Phase 3 between two of its steps: the average of the captures so far, the last of them, and what a gated capture
/// policy has seen.
///
/// Learned scales stand still from the first capture on where codes are averaged: so that their sum stays exact.
template <learner L>
class retraining {
 public:
  explicit retraining(recipe const& r) : average_(r.average) {}

  /// Step t: training, then, unless it is no capture's turn, a capture. Returns the loss.
  double step(low_bit_weights<L>& weights, recipe const& r, step_index t, retrain_hooks<L> const& hooks = {}) {
    bool const hold = r.average == averaging::codes && average_.captures() > 0;
    double const loss = detail::low_bit_step(weights, r.retrain, r, t, hold);
    seen_ = r.capture.next(seen_, loss);
    if (hooks.after_step) hooks.after_step(weights, t);
    if (!r.capture(r.retrain.rate, t, r.retrain.length())) return loss;
    ++candidates_;
    if (!r.capture.admits(seen_)) return loss;
    if (r.scales == scale_rule::refitted) weights.fit();
    last_ = weights.capture();
    average_.update(last_, weights);
    if (hooks.captured) hooks.captured(last_);
    return loss;
  }

  /// After the last step: throws `training_error` where the gate admitted no candidate; the learner keeps the retrained
  /// weights.
  void finish() const {
    if (candidates_ == 0 || average_.captures() > 0) return;
    throw nn::training_error("retrain: the gate admitted none of " + std::to_string(candidates_) +
                             " captures; the recent loss is " + std::to_string(seen_.recent) + ", the best was " +
                             std::to_string(seen_.best));
  }

  [[nodiscard]] capture_average<L> const& average() const noexcept { return average_; }
  /// The last capture; empty before the first.
  [[nodiscard]] low_bit_model const& last() const noexcept { return last_; }

  /// The whole state, for `load`.
  void save(byte_writer& out) const {
    average_.save(out);
    out.put_block(seen_.save());
    out.put(std::int64_t{candidates_});
    if (average_.captures() > 0) detail::save_numbers(last_, out);
  }
  /// The state that was saved at these weights.
  /// @pre `in` holds what `save` wrote, of the same recipe and tensors
  [[nodiscard]] static retraining load(byte_reader& in, recipe const& r, low_bit_weights<L> const& weights) {
    retraining loaded(r);
    loaded.average_.load(in, weights);
    loaded.seen_ = loss_trend::load(in.block());
    loaded.candidates_ = in.get<std::int64_t>();
    if (loaded.average_.captures() > 0) {
      loaded.last_ = weights.capture();
      detail::load_numbers(loaded.last_, in);
    }
    return loaded;
  }

 private:
  capture_average<L> average_;
  low_bit_model last_;
  loss_trend seen_;
  step_index candidates_ = 0;
};

/// Phase 3: retrains the directly quantized model and averages the captures.
///
/// A gated capture policy is asked with the training losses of this phase, that of the step at hand included.
template <learner L>
retraining<L> retrain(low_bit_weights<L>& weights, recipe const& r, observer const& watch = {},
                      std::type_identity_t<retrain_hooks<L>> const& hooks = {}) {
  retraining<L> phase3(r);
  detail::reset_optimizer(weights.trained());
  detail::run_phase("retrain", r.retrain, watch, [&](step_index t) { return phase3.step(weights, r, t, hooks); });
  phase3.finish();
  return phase3;
}

/// Phase 5, first half: fits the scales to the average that stands in the learner, unless the recipe freezes them.
template <learner L>
void requantize(low_bit_weights<L>& weights, recipe const& r) {
  if (r.requantize == scale_rule::refitted) weights.fit();
}

/// Phase 5, second half: fine-tunes from the average, or from its quantization.
template <learner L>
void fine_tune(low_bit_weights<L>& weights, recipe const& r, observer const& watch = {}) {
  if (r.fine_tune_from == start_point::quantized) weights.project();
  detail::reset_optimizer(weights.trained());
  detail::run_phase("fine_tune", r.fine_tune, watch,
                    [&](step_index t) { return detail::low_bit_step(weights, r.fine_tune, r, t); });
}

/// The control: cosine retraining of the directly quantized model for as many steps as phases 3 and 5 take.
template <learner L>
void train_control(low_bit_weights<L>& weights, recipe const& r, observer const& watch = {}) {
  phase const p = detail::control_phase(r);
  detail::reset_optimizer(weights.trained());
  detail::run_phase("control", p, watch, [&](step_index t) { return detail::low_bit_step(weights, p, r, t); });
}

}  // namespace sqwa::inline SQWA_ABI

#endif
