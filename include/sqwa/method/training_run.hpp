// SPDX-License-Identifier: BSD-3-Clause
// The method step by step: a run that can be stopped after any step, saved, and continued to the same bits.
#ifndef SQWA_METHOD_TRAINING_RUN_HPP
#define SQWA_METHOD_TRAINING_RUN_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/method/diagnostics.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/phases.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/report.hpp>
#include <sqwa/method/run_identity.hpp>
#include <sqwa/method/saved_report.hpp>
#include <sqwa/method/saved_values.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/training_error.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Which part of the method a run is: float training alone, what follows it, or both.
enum class run_part { train, low_bit, all };

/// A learner whose whole state can be kept: loaded and continued it gives the same bits as never having stopped.
///
/// Models: `load` takes what `save` gave, of a learner of the same model and data; if it throws, nothing has changed.
template <class L>
concept savable_learner = learner<L> && requires(L l, std::span<std::byte const> bytes) {
  { l.save() } -> std::convertible_to<std::vector<std::byte>>;
  l.load(bytes);
};

/// The five phases, or with `averaging::none` the control in the place of phases 3 to 5, one training step at a time.
///
/// `while (!run.done()) run.advance();` does what `sqwa::run` does. Rows of the result: `float`; then `direct`,
/// `latent`, `last_capture`, `average`, `requantized`, `sqwa`; of the control `direct` and `control`. Refers to the
/// learner, which must outlive it and which ends with the latent weights of the last row. Memory: the low-bit copy of
/// the weights, the average of captures and the last capture.
template <learner L>
class training_run {
 public:
  /// @pre as for `check(recipe, learner)`
  training_run(recipe r, L& l, run_part part = run_part::all, observer watch = {})
      : recipe_(std::move(r)), learner_(&l), part_(part), watch_(std::move(watch)), look_(recipe_.diagnose) {
    check(recipe_, l);
    if constexpr (savable_learner<L>) {
      identity_ = detail::identity_of(recipe_, l);
      identity_.emplace_back("part", std::to_string(static_cast<int>(part_)));
    }
    if (part == run_part::low_bit) stage_ = stage::quantize;
    retraining_.emplace(recipe_.average == averaging::none ? recipe{} : recipe_);
  }
  training_run(training_run const&) = delete;
  training_run& operator=(training_run const&) = delete;

  [[nodiscard]] bool done() const noexcept { return stage_ == stage::done; }

  /// One training step, or what lies between two phases: evaluations, averaging, quantization.
  ///
  /// Throws `training_error` for a loss that is not finite, with phase and step, and for a gate that admits no capture;
  /// run and learner are then as the step before left them, the learner so far as its `backward` leaves it. What the
  /// observer throws passes through; the step is then done.
  /// @pre not done
  void advance() {
    expects(!done(), "training_run::advance: the run is done");
    switch (stage_) {
      case stage::train:
        return steps("train", recipe_.train, stage::trained,
                     [&] { return detail::float_step(*learner_, recipe_.train, step_); });
      case stage::trained:
        row("float", 32, detail::float_bytes(*learner_));
        return enter(part_ == run_part::train ? stage::done : stage::quantize);
      case stage::quantize:
        weights_.emplace(*learner_, recipe_.format, recipe_.seed);
        low_bit_row("direct");
        return enter(recipe_.average == averaging::none ? stage::control : stage::retrain);
      case stage::retrain:
        return steps("retrain", recipe_.retrain, stage::average,
                     [&] { return retraining_->step(*weights_, recipe_, step_, look_.hooks()); });
      case stage::average:
        average();
        return enter(stage::fine_tune);
      case stage::fine_tune:
        return low_bit_steps("fine_tune", recipe_.fine_tune);
      case stage::control:
        return low_bit_steps("control", detail::control_phase(recipe_));
      case stage::last:
        low_bit_row(recipe_.average == averaging::none ? "control" : "sqwa");
        result_.model = weights_->capture();
        return enter(stage::done);
      case stage::done:
        return;
    }
  }
  /// To the end.
  void finish() {
    while (!done()) advance();
  }

  /// What there is so far; complete when done.
  [[nodiscard]] report const& result() const& noexcept { return result_; }
  [[nodiscard]] report result() && { return std::move(result_); }

  /// Calls `f` while the weights that are trained for stand in the learner, the low-bit ones from phase 2 on: for a
  /// look at the model between two steps. The latent weights are put back, also on an exception.
  template <class F>
  decltype(auto) in_place(F&& f) {
    if (weights_) return weights_->in_place(std::forward<F>(f));
    return std::forward<F>(f)();
  }

  /// The name of the stage and the training steps of it that are done: "retrain", 170.
  [[nodiscard]] std::pair<std::string, step_index> where() const {
    constexpr std::array names{"train",     "float evaluation", "quantization",    "retrain", "averaging",
                               "fine_tune", "control",          "last evaluation", "done"};
    return {names[static_cast<std::size_t>(stage_)], step_};
  }
  /// Whether the next `advance` begins a phase: a good moment to save.
  [[nodiscard]] bool between_phases() const noexcept { return step_ == 0; }

  /// The whole state of run and learner.
  ///
  /// Throws `training_error` when a trained number is not finite, so that nobody replaces a good state by that.
  [[nodiscard]] std::vector<std::byte> save() const requires savable_learner<L> {
    detail::check_finite(*learner_, where().first + ", step " + std::to_string(step_));
    byte_writer out;
    detail::save_identity(identity_, out);
    out.put(static_cast<std::uint8_t>(stage_));
    out.put(std::int64_t{step_});
    out.put(seconds());
    out.put_block(std::vector<std::byte>(learner_->save()));
    if (weights_) weights_->save(out);
    if (stage_ == stage::retrain || stage_ == stage::average) {
      retraining_->save(out);
      look_.save(out);
    }
    detail::value_saver{out}(result_);
    return std::move(out.bytes);
  }

  /// Goes on where `save` was called. If the state is refused, run and learner are as before.
  /// @pre the state was saved by a run of the same recipe, part, model and data
  void load(std::span<std::byte const> bytes) requires savable_learner<L> {
    constexpr char const* who = "training_run::load";
    byte_reader in(bytes, who);
    detail::check_identity(identity_, in, who);
    auto const at = static_cast<stage>(in.get<std::uint8_t>());
    step_index const step = in.get<std::int64_t>();
    expects(step >= 0 && step <= last_step(at), "{}: this run has no step {} of stage {}", who, step,
            static_cast<int>(at));
    double const spent = in.get<double>();
    constexpr double longest = std::chrono::duration<double>(clock::duration::max()).count() / 2;
    expects(spent >= 0 && spent <= longest, "{}: {} seconds since the last row", who, spent);
    auto const learner = in.block();
    auto const before = learner_->save();
    learner_->load(learner);
    try {
      std::optional<low_bit_weights<L>> weights;
      if (at > stage::quantize && part_ != run_part::train) {
        weights.emplace(*learner_, recipe_.format, recipe_.seed);
        weights->load(in);
      }
      retraining<L> phase3 = *retraining_;
      capture_diagnostics<L> look(recipe_.diagnose);
      if (at == stage::retrain || at == stage::average) {
        phase3 = retraining<L>::load(in, recipe_, *weights);
        look.load(in, *weights);
      }
      report found;
      detail::value_loader{in}(found);
      in.end();
      if (at == stage::done && weights) found.model = weights->capture();
      weights_ = std::move(weights);
      retraining_.emplace(std::move(phase3));
      look_ = std::move(look);
      result_ = std::move(found);
    } catch (...) {
      learner_->load(before);
      throw;
    }
    stage_ = at;
    step_ = step;
    before_ = clock::now() - std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(spent));
  }

 private:
  using clock = std::chrono::steady_clock;
  enum class stage : std::uint8_t { train, trained, quantize, retrain, average, fine_tune, control, last, done };

  void enter(stage next) noexcept {
    stage_ = next;
    step_ = 0;
  }

  /// One step of a phase, if it has any left; `step()` returns the loss.
  template <class Step>
  void steps(char const* name, phase const& p, stage next, Step step) {
    if (step_ == 0) detail::reset_optimizer(*learner_);
    if (step_ < p.length()) {
      step_index const t = step_;
      double loss = 0;
      try {
        loss = step();
      } catch (nn::training_error const& e) {
        throw nn::training_error(std::string(name) + ", step " + std::to_string(t) + ": " + e.what());
      }
      ++step_;
      if (watch_) watch_({name, t, p.length(), p.rate(t), loss});
    }
    if (step_ < p.length()) return;
    if (stage_ == stage::retrain) retraining_->finish();
    enter(next);
  }

  void low_bit_steps(char const* name, phase const& p) {
    steps(name, p, stage::last, [&] { return detail::low_bit_step(*weights_, p, recipe_, step_); });
  }

  /// How many steps this run does in a stage; -1 if it has no such stage.
  step_index last_step(stage s) const {
    bool const control = recipe_.average == averaging::none;
    bool const has = s < stage::quantize ? part_ != run_part::low_bit
                     : s >= stage::done  ? s == stage::done
                     : part_ == run_part::train
                         ? false
                         : s == stage::quantize || s == stage::last || control == (s == stage::control);
    return !has                    ? -1
           : s == stage::train     ? recipe_.train.length()
           : s == stage::retrain   ? recipe_.retrain.length()
           : s == stage::fine_tune ? recipe_.fine_tune.length()
           : s == stage::control   ? detail::control_phase(recipe_).length()
                                   : 0;
  }

  /// Phase 4, with the rows on the way, and the beginning of phase 5.
  void average() {
    result_.captures = retraining_->average().captures();
    row("latent", 32, detail::float_bytes(*learner_));
    if (recipe_.diagnose.any()) {
      result_.diagnosis = look_.finish(*weights_, recipe_);
      before_ = clock::now();  // belongs to no row
    }
    low_bit_model const& last = retraining_->last();
    weights_->put(last);
    row("last_capture", bits_per_weight(last), byte_size(last));
    retraining_->average().put(*weights_);
    auto const [bits, bytes] = retraining_->average().size_like(last);
    row("average", bits, bytes);
    requantize(*weights_, recipe_);
    low_bit_row("requantized");
    if (recipe_.fine_tune_from == start_point::quantized) weights_->project();
  }

  void row(char const* name, double bits, std::size_t bytes) {
    auto scores = detail::scores_of(*learner_);
    result_.rows.push_back({name, std::move(scores), bits, bytes, seconds()});
    before_ = clock::now();
  }
  void low_bit_row(char const* name) {
    weights_->in_place([&] {
      low_bit_model const model = weights_->capture();
      row(name, bits_per_weight(model), byte_size(model));
    });
  }
  double seconds() const { return std::chrono::duration<double>(clock::now() - before_).count(); }

  recipe recipe_;
  L* learner_;
  run_part part_;
  observer watch_;
  detail::identity identity_;  // of a learner that can be saved
  capture_diagnostics<L> look_;
  std::optional<low_bit_weights<L>> weights_;  // from phase 2 on
  std::optional<retraining<L>> retraining_;    // of phase 3
  stage stage_ = stage::train;
  step_index step_ = 0;  // of the stage
  report result_;
  clock::time_point before_ = clock::now();  // when the last row was made
};

}  // namespace sqwa::inline SQWA_ABI

#endif
