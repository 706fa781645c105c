// SPDX-License-Identifier: BSD-3-Clause
// A run of the method, or of a part of it, that is kept, logged and shown while it goes on.
#ifndef SQWA_EXAMPLES_SUPPORT_WATCHED_RUN_HPP
#define SQWA_EXAMPLES_SUPPORT_WATCHED_RUN_HPP

#include "progress_display.hpp"
#include "training_log.hpp"
#include "training_picture.hpp"

#include <sqwa/io/checkpointer.hpp>
#include <sqwa/io/event_file.hpp>
#include <sqwa/io/stop_signal.hpp>
#include <sqwa/method/training_run.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace example {

struct watch_options {
  std::filesystem::path out;  ///< for NAME.checkpoint, NAME.csv and tensorboard/NAME/
  row_maker::options log;     ///< rows a log, images and steps
  double checkpoint_minutes = 10;
  bool tensorboard = false;
};

/// Keeps, logs and shows the runs of one program.
class watcher {
 public:
  watcher(watch_options options, progress_display& display, sqwa::io::stop_signal const& stop)
      : options_(std::move(options)), display_(display), stop_(stop) {}

  /// The report of a run, which goes on where its checkpoint was saved if there is one; none if it was stopped: there
  /// is a checkpoint then, and `where` says how far the run had come. A run that was finished earlier is only read.
  ///
  /// `accuracy()` is asked after each epoch, while the weights that are trained for stand in the learner. A log or a
  /// checkpoint that cannot be written is told on the display, and training goes on.
  template <sqwa::savable_learner L>
  std::optional<sqwa::report> run(std::string const& name, unsigned seed, sqwa::recipe const& recipe, L& learner,
                                  sqwa::run_part part, std::function<double()> const& accuracy) {
    std::optional<sqwa::progress> made;
    sqwa::training_run<L> run(recipe, learner, part, [&](sqwa::progress const& p) { made = p; });
    sqwa::io::checkpointer keep(options_.out / (name + ".checkpoint"),
                                {.every = std::chrono::duration<double>(60 * options_.checkpoint_minutes)},
                                [&](std::string const& text) { display_.say(text); });
    keep.resume(run);
    sqwa::step_index done = steps_done(run.where(), recipe, part);
    display_.skip(done);
    if (run.done()) return run.result();

    curves watched(*this, name, done);
    std::optional<double> last_accuracy;
    while (!run.done()) {
      if (stop_.requested()) {
        auto const [phase, step] = run.where();
        where_ = name + ", " + phase + ", step " + std::to_string(step);
        if (!keep.save(run)) where_ += "; NOT saved";
        return {};
      }
      made.reset();
      run.advance();
      if (made) {
        std::optional<double> measured;
        if (ends_epoch(made->step)) last_accuracy = measured = run.in_place(accuracy);
        bool const captured =
            std::string_view(made->phase) == "retrain" && recipe.capture(recipe.retrain.rate, made->step, made->steps);
        watched.step(++done, *made, measured, captured);
        display_.show(seed, *made, last_accuracy);
      }
      keep.after_step(run);
    }
    return run.result();
  }

  /// Calls `f` and says whether that went well; an `io::error` is told on the display, unless `told`, and training goes
  /// on.
  template <class F>
  bool attempt(F f, bool told = false) {
    try {
      f();
      return true;
    } catch (sqwa::io::error const& e) {
      if (!told) display_.say(e.what());
      return false;
    }
  }

  /// Where the last run was stopped.
  [[nodiscard]] std::string const& where() const noexcept { return where_; }

 private:
  /// The log of a run and, if asked for, its event file; what cannot be written is told, once until it can.
  class curves {
   public:
    curves(watcher& owner, std::string const& name, sqwa::step_index done) : owner_(owner), rows_(owner.options_.log) {
      watch_options const& o = owner.options_;
      owner_.attempt([&] { log_.emplace(o.out / (name + ".csv"), done); });
      if (!o.tensorboard) return;
      owner_.attempt([&] {
        events_.emplace(o.out / "tensorboard" / name);
        if (done != 0) events_->restart(done + 1);
      });
    }

    void step(sqwa::step_index done, sqwa::progress const& p, std::optional<double> accuracy, bool captured) {
      auto const row = rows_.step(done, p, accuracy, captured);
      if (!row) return;
      if (log_) log_fails_ = !owner_.attempt([&] { log_->write(*row); }, log_fails_);
      if (!events_) return;
      auto const point = [&] {
        events_->scalar("loss", done, row->loss);
        events_->scalar("rate", done, row->rate);
        events_->scalar("images per second", done, row->images_per_second);
        if (row->accuracy) events_->scalar("test accuracy", done, *row->accuracy);
      };
      events_fail_ = !owner_.attempt(point, events_fail_);
    }

   private:
    watcher& owner_;
    row_maker rows_;
    std::optional<training_log> log_;
    std::optional<sqwa::io::event_file> events_;
    bool log_fails_ = false;  // it was told
    bool events_fail_ = false;
  };

  /// How many training steps of a run are done, by its stage and the steps of that.
  static sqwa::step_index steps_done(std::pair<std::string, sqwa::step_index> const& where, sqwa::recipe const& r,
                                     sqwa::run_part part) {
    auto const& [stage, step] = where;
    if (stage == "averaging") return r.retrain.length();
    if (stage == "fine_tune") return r.retrain.length() + step;
    if (stage == "float evaluation" || (stage == "done" && part == sqwa::run_part::train)) return r.train.length();
    if (stage == "last evaluation" || stage == "done") return r.low_bit_steps();
    return step;
  }

  /// Whether an epoch of the phase ends with its step number `step`, from 0.
  [[nodiscard]] bool ends_epoch(sqwa::step_index step) const {
    auto const epochs = [&](sqwa::step_index steps) {
      return std::floor(static_cast<double>(steps) / options_.log.epoch);
    };
    return epochs(step + 1) > epochs(step);
  }

  watch_options options_;
  progress_display& display_;
  sqwa::io::stop_signal const& stop_;
  std::string where_;
};

/// The curve that a log holds; empty for a log that is missing or damaged.
inline std::vector<curve_point> curve_of(std::filesystem::path const& log) {
  std::vector<curve_point> curve;
  sqwa::step_index before = 0;
  try {
    for (log_row const& r : read_log(log).rows) {
      curve.push_back({.phase = r.phase,
                       .rate = r.rate,
                       .loss = r.loss,
                       .captured = r.captured,
                       .steps = static_cast<double>(r.step - std::exchange(before, r.step)),
                       .accuracy = r.accuracy});
    }
  } catch (sqwa::io::error const&) {  // it was told when it could not be written
  }
  return curve;
}

}  // namespace example

#endif
