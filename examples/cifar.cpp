// SPDX-License-Identifier: BSD-3-Clause
// Residual networks and others on CIFAR, or on your own images, from one command: float training, the control and the
// method from the same float model; can be stopped at any moment and continued to the same bits.
//
//   cifar --data cifar-100-binary --preset standard --threads 2 --out DIR
//   cifar --data cifar-100-binary --preset standard --threads 2 --out DIR --resume      after Ctrl-C or a power cut
#include "support/cifar_plan.hpp"
#include "support/guarded.hpp"
#include "support/progress_display.hpp"
#include "support/report_files.hpp"
#include "support/watched_run.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace example;

constexpr int stopped_status = 130;  // what a shell says of a program that Ctrl-C ended

/// Trains the float model, the control and the method of one seed; none if that was stopped. `saved` becomes false
/// where the file that was asked for could not be written.
std::optional<study_result> one_seed(cifar_plan const& plan, unsigned seed, watcher& watch, bool& saved) {
  auto learner = plan.learner_for(seed);
  std::filesystem::path const out = plan.options().out;
  std::string const name = "seed" + std::to_string(seed) + "-";
  auto const run = [&](char const* what, sqwa::recipe const& recipe, learner_type& l, sqwa::run_part part) {
    return watch.run(name + what, seed, recipe, l, part, [&] { return l.evaluate(plan.data().sets.test).accuracy; });
  };
  sqwa::recipe const recipe = plan.recipe(seed);
  auto const floats = run("float", recipe, learner, sqwa::run_part::train);
  if (!floats) return {};
  watch.attempt([&] { write_float_model(out / (name + "float.npz"), learner.model(), plan.description()); });
  if (auto const& file = plan.options().save_float; !file.empty()) {
    saved = watch.attempt([&] { write_float_model(file, learner.model(), plan.description()); });
  }
  plan.give_teacher(learner);

  std::optional<sqwa::report> control;
  if (!plan.options().no_control) {
    sqwa::recipe without = recipe;
    without.average = sqwa::averaging::none;
    auto twin = learner;
    control = run("control", without, twin, sqwa::run_part::low_bit);
    if (!control) return {};
  }
  auto method = run("method", recipe, learner, sqwa::run_part::low_bit);
  if (!method) return {};
  method->model.notes = {{"program", "cifar"}, {"settings", plan.settings().dump()}};
  study_result result{seed, joined(*floats, control, std::move(*method)), curve_of(out / (name + "float.csv"))};
  for (auto& point : curve_of(out / (name + "method.csv"))) result.curve.push_back(std::move(point));
  return result;
}

int train(cifar_options const& options) {
  cifar_plan const plan(options);
  output_directory const out(options.out);
  begin_in(out.path(), plan.settings(), options.resume);
  auto const& [train, test] = plan.data().sets;
  std::fprintf(stderr, "%s on %s: %zu training and %zu test images; figures on %s\n", options.model.c_str(),
               plan.data().name.c_str(), train.size(), test.size(),
               options.hold_out > 0 ? "training images kept aside" : "the test set");

  sqwa::io::stop_signal const stop;
  double const epoch = plan.epoch();
  progress_display display({.steps = plan.steps(), .batch = options.batch, .epoch = epoch, .quiet = options.quiet});
  watcher watch({.out = out.path(),
                 .log = {.every = std::max<sqwa::step_index>(1, static_cast<sqwa::step_index>(epoch / 10)),
                         .batch = options.batch,
                         .epoch = epoch},
                 .checkpoint_minutes = options.checkpoint_minutes,
                 .tensorboard = options.tensorboard},
                display, stop);
  std::vector<study_result> results;
  bool saved = true;
  for (unsigned i = 0; i != options.seeds; ++i) {
    auto result = one_seed(plan, options.seed + i, watch, saved);
    display.clear();
    if (!result) {
      std::fprintf(stderr, "stopped: %s; --resume goes on from there\n", watch.where().c_str());
      return stopped_status;
    }
    results.push_back(std::move(*result));
  }
  if (options.json) {  // before anything is written: the disk may be full
    std::fputs(report_json(plan.settings(), results).c_str(), stdout);
  } else {
    print_table(results);
  }
  std::fflush(stdout);
  out.write(plan.settings(), "SQWA: " + options.model + " on " + plan.data().name, results);
  if (!options.json) {
    std::printf("\nwritten to %s: report.csv, report.json, model.sqwa (seed %u), training.svg\n", options.out.c_str(),
                options.seed);
  }
  return saved ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  cifar_options options;
  CLI::App app{"Two-bit networks by stochastic quantized weight averaging, and a control of equal training steps"};
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return guarded("cifar", [&] {
    complete(options);
    int const cores = oneapi::tbb::info::default_concurrency();
    int const threads = options.threads > 0 ? options.threads : cores;
    oneapi::tbb::global_control const most(oneapi::tbb::global_control::max_allowed_parallelism,
                                           static_cast<std::size_t>(std::max(threads, cores)));
    oneapi::tbb::task_arena arena(threads);
    return arena.execute([&] { return train(options); });
  });
}
