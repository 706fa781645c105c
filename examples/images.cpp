// SPDX-License-Identifier: BSD-3-Clause
// The whole method on images: trains a small convolutional network, makes its weights two-bit, averages, fine-tunes,
// reports.
//
//   images --data digits --seeds 20 --threads 2 --out DIR    trains and writes report.csv, report.json, model.sqwa, …
//   images --load DIR/model.sqwa                              evaluates a saved model
#include "support/diagnosis_text.hpp"
#include "support/guarded.hpp"
#include "support/image_study.hpp"
#include "support/progress_display.hpp"
#include "support/recipe_names.hpp"
#include "support/report_files.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace example;

struct program_options {
  study_options study;
  unsigned seed = 1;
  unsigned seeds = 0;  // 0: the data set's default
  int threads = 0;
  bool quiet = false;
  std::string data;  // empty: digits, or what the model file names
  std::string out = "sqwa-report";
  std::string load;
};

/// Names of enumerators for the command line.
template <class E>
auto choice(names_of<E> const& names) {
  return CLI::CheckedTransformer(names, CLI::ignore_case).description("");
}

void declare(CLI::App& app, program_options& o) {
  study_options& s = o.study;
  app.add_option("--data", o.data, "digits (default), fashion, or a directory of IDX files (plain or .gz)");
  app.add_option("--out", o.out, "where report.csv, report.json, model.sqwa and training.svg go")
      ->capture_default_str();
  app.add_option("--load", o.load, "evaluate this model file instead of training");
  app.add_option("--seed", o.seed, "first seed")->capture_default_str();
  app.add_option("--seeds", o.seeds, "how many seeds; default 4 (digits), 1 (others)");
  app.add_option("--threads", o.threads, "at most so many threads; default 0: all; the figures do not depend on it")
      ->check(CLI::Range(0, 512));
  app.add_flag("--quiet", o.quiet, "no progress");
  app.add_option("--levels", s.levels, "levels of a weight: 3, 5, 7, 15, 31, 63, 127 or 255")->capture_default_str();
  app.add_option("--width", s.width, "channels of the first layer; the others have twice as many");
  app.add_option("--batch", s.batch, "images a step")->capture_default_str();
  app.add_option("--weight-decay", s.weight_decay, "of all phases")->capture_default_str();
  app.add_option("--train-limit", s.train_limit, "use only the first N training images; 0: all");
  app.add_option("--hold-out", s.hold_out,
                 "keep the last N training images aside and test on them instead of the test set");
  declare(app, s.figures);
  app.add_option("--average", s.recipe.average, "codes, values or latent")->transform(choice(averaging_names));
  app.add_option("--scales", s.recipe.scales, "scales while training: frozen, refitted or learned")
      ->transform(choice(scale_names));
  app.add_option("--requantize", s.recipe.requantize, "scales of the re-quantized average: frozen or refitted")
      ->transform(choice(requantize_names));
  app.add_option("--fine-tune-from", s.recipe.fine_tune_from, "mean or quantized")->transform(choice(start_names));
  app.add_option("--gradient", s.recipe.gradient, "straight-through gradient: clipped or plain")
      ->transform(choice(gradient_names));
  app.add_flag("--diagnose", s.diagnose, "measure the captures, on training images, and say whether to average them");
}

int evaluate_file(program_options const& o) {
  for (sqwa::score const& s : evaluate_model(o.load, o.data)) {
    std::printf("%-6s loss %.6f  accuracy %.4f %%\n", s.split.c_str(), s.loss, s.accuracy);
  }
  return 0;
}

int train(program_options o) {
  if (!o.data.empty()) o.study.data = o.data;
  study const plan(o.study);
  if (o.seeds == 0) o.seeds = plan.options().data == "digits" ? 4 : 1;
  int const threads = o.threads > 0 ? o.threads : oneapi::tbb::info::default_concurrency();
  output_directory const out(o.out);  // refuses an unwritable place before anything is trained
  std::printf("%s: %zu training and %zu test images, %zu seed%s; figures on %s\n", plan.options().data.c_str(),
              plan.data().train.size(), plan.data().test.size(), static_cast<std::size_t>(o.seeds),
              o.seeds == 1 ? "" : "s", plan.options().hold_out > 0 ? "training images kept aside" : "the test set");

  oneapi::tbb::global_control const most(
      oneapi::tbb::global_control::max_allowed_parallelism,
      static_cast<std::size_t>(std::max(threads, oneapi::tbb::info::default_concurrency())));
  oneapi::tbb::task_arena arena(threads);
  progress_display display(
      {.steps = plan.steps() * o.seeds, .batch = plan.options().batch, .epoch = plan.epoch(), .quiet = o.quiet});
  std::vector<study_result> results(o.seeds);
  auto const one = [&](unsigned i, auto executor) {
    unsigned const seed = o.seed + i;
    results[i] = plan.run(seed, executor, [&](sqwa::progress const& p) { display.show(seed, p); });
  };
  arena.execute([&] {
    if (o.seeds == 1) {
      one(0, sqwa::tbb_executor{});  // threads share the batches
    } else {
      oneapi::tbb::parallel_for(0U, o.seeds, [&](unsigned i) { one(i, sqwa::sequential{}); });  // one seed a thread
    }
  });
  display.clear();
  print_table(results);
  print_diagnoses(results);
  out.write(plan.json(), "SQWA on " + plan.options().data, results);
  std::printf(
      "\nwritten to %s: report.csv, report.json, model.sqwa (seed %u), training.svg, "
      "models-SEED.sqws\n",
      o.out.c_str(), o.seed);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  program_options options;
  CLI::App app{"Stochastic quantized weight averaging on images: five phases, and a control of equal training steps"};
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return guarded("images", [&] { return options.load.empty() ? train(std::move(options)) : evaluate_file(options); });
}
