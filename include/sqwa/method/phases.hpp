// SPDX-License-Identifier: BSD-3-Clause
// The phases of the method, each a function of its own.
#ifndef SQWA_METHOD_PHASES_HPP
#define SQWA_METHOD_PHASES_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/method/capture_average.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/training_error.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/schedule.hpp>

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

/// Told after each training step; may be empty. What it throws ends the run.
using observer = std::function<void(progress const&)>;

namespace detail {

/// Calls `step(rate)` for each step of a phase and tells the observer; `after(t)` follows each step.
template <class Step, class After>
void run_phase(char const* name, sqwa::phase const& p, observer const& watch, Step step, After after) {
  step_index const steps = p.length();
  for (step_index t = 0; t != steps; ++t) {
    float const rate = p.rate(t);
    double const loss = step(rate);
    if (watch) watch({name, t, steps, rate, loss});
    after(t);
  }
}

}  // namespace detail

/// Phase 1: trains the weights as floats.
///
/// A loss that is not finite throws `training_error` with the step, and leaves the learner as the step before left it.
template <learner L>
void train_float(L& l, phase const& p, observer const& watch = {}) {
  detail::reset_optimizer(l);
  step_index done = 0;
  auto const step = [&](float rate) {
    double const loss = static_cast<double>(l.backward());
    detail::check_loss(loss, done++, "float training");
    l.update(rate);
    return loss;
  };
  detail::run_phase("train", p, watch, step, [](step_index) {});
}

/// Trains the latent weights with the gradient at the low-bit ones; `after(t)` is called after each step. Where the
/// recipe's scales are learned, they are while `scales_move()`.
template <learner L, class After, class Move>
void train_low_bit(char const* name, low_bit_weights<L>& weights, phase const& p, recipe const& r,
                   observer const& watch, After after, Move scales_move) {
  detail::reset_optimizer(weights.trained());
  auto const step = [&](float rate) {
    if (r.scales == scale_rule::refitted) weights.fit();
    return weights.step(rate, r.gradient, r.scales == scale_rule::learned && scales_move());
  };
  detail::run_phase(name, p, watch, step, after);
}
template <learner L, class After>
void train_low_bit(char const* name, low_bit_weights<L>& weights, phase const& p, recipe const& r,
                   observer const& watch, After after) {
  train_low_bit(name, weights, p, r, watch, after, [] { return true; });
}

/// What else is told while a model is retrained; each may be empty. What they throw ends the run.
///
/// They see and change nothing of the training: its bits are the same with and without them.
template <learner L>
struct retrain_hooks {
  std::function<void(low_bit_weights<L> const&, step_index)> after_step = {};  ///< before the capture of that step
  std::function<void(low_bit_model const&)> captured = {};
};

/// Phase 3: retrains the directly quantized model and averages the captures. `last` receives the last of them.
///
/// Learned scales stand still from the first capture on where codes are averaged: so that their sum stays exact.
///
/// A gated capture policy is asked with the training losses of this phase, that of the step at hand included; where it
/// admits no candidate, `training_error` tells so and the learner keeps the retrained weights.
template <learner L>
capture_average<L> retrain(low_bit_weights<L>& weights, recipe const& r, low_bit_model& last,
                           observer const& watch = {}, std::type_identity_t<retrain_hooks<L>> const& hooks = {}) {
  capture_average<L> average(r.average);
  loss_trend seen;
  step_index candidates = 0;
  auto const note = [&](progress const& p) {
    seen = r.capture.next(seen, p.loss);
    if (watch) watch(p);
  };
  auto const capture = [&](step_index t) {
    if (hooks.after_step) hooks.after_step(weights, t);
    if (!r.capture(r.retrain.rate, t, r.retrain.length())) return;
    ++candidates;
    if (!r.capture.admits(seen)) return;
    if (r.scales == scale_rule::refitted) weights.fit();
    last = weights.capture();
    average.update(last, weights);
    if (hooks.captured) hooks.captured(last);
  };
  train_low_bit("retrain", weights, r.retrain, r, note, capture,
                [&] { return r.average != averaging::codes || average.captures() == 0; });
  if (candidates > 0 && average.captures() == 0) {
    throw nn::training_error("retrain: the gate admitted none of " + std::to_string(candidates) +
                             " captures; the recent loss is " + std::to_string(seen.recent) + ", the best was " +
                             std::to_string(seen.best));
  }
  return average;
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
  train_low_bit("fine_tune", weights, r.fine_tune, r, watch, [](step_index) {});
}

/// The control: cosine retraining of the directly quantized model for as many steps as phases 3 and 5 take.
template <learner L>
void train_control(low_bit_weights<L>& weights, recipe const& r, observer const& watch = {}) {
  float const top = r.control_rate > 0 ? r.control_rate : r.retrain.rate(0);
  step_index const steps = r.low_bit_steps();
  phase const p{cosine{.hi = top, .lo = 0, .length = steps}, steps};
  train_low_bit("control", weights, p, r, watch, [](step_index) {});
}

}  // namespace sqwa::inline SQWA_ABI

#endif
