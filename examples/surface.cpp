// SPDX-License-Identifier: BSD-3-Clause
// The loss surface of a finished run of the program `images`: a plane through three of its models.
//
//   surface --run DIR                                    writes pictures, a page and numbers into DIR/surface
//   surface --run DIR --plane "float,average,sqwa"       another plane
//   surface --run DIR --tables                           where the average lies, basins and sharpness, over all seeds
//   surface --run DIR --timing                           what a node costs, and what a second thread gains
#include "support/guarded.hpp"
#include "support/image_study.hpp"
#include "support/surface_tables.hpp"

#include <sqwa/io/surface_files.hpp>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace example;
namespace fs = std::filesystem;
using clock_type = std::chrono::steady_clock;

struct program_options {
  fs::path run;
  std::string data;
  std::string split = "test";
  std::vector<std::string> plane;
  unsigned seed = 1;
  std::size_t samples = 0;
  std::size_t nodes = 51;
  double margin = 0.3;
  int threads = 0;
  bool refit = false, refresh = false, tables = false, timing = false, quiet = false;
};

void declare(CLI::App& app, program_options& o) {
  app.add_option("--run", o.run, "the directory that `images --out` wrote")->required()->check(CLI::ExistingDirectory);
  app.add_option("--data", o.data, "instead of the data that the models name");
  app.add_option("--split", o.split, "train or test")->capture_default_str()->check(CLI::IsMember({"train", "test"}));
  app.add_option("--samples", o.samples, "only the first of the test images; 0: all")->capture_default_str();
  app.add_option("--plane", o.plane, "three models; default: the first, the middle and the last capture")
      ->delimiter(',')
      ->expected(3);
  app.add_option("--seed", o.seed, "of the models")->capture_default_str();
  app.add_option("--nodes", o.nodes, "along each side")->capture_default_str()->check(CLI::Range(2, 1001));
  app.add_option("--margin", o.margin, "around the marked models, as a share of the longer side")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", o.threads, "0: all; the figures do not depend on it")->check(CLI::Range(0, 512));
  app.add_flag("--refit", o.refit, "fit scales at every node; else they are those of the direct model");
  app.add_flag("--refresh", o.refresh, "re-estimate batch-norm statistics at every node; else they are interpolated");
  app.add_flag("--tables", o.tables, "tables over all seeds of the run instead");
  app.add_flag("--timing", o.timing, "measure the time instead");
  app.add_flag("--quiet", o.quiet, "no progress");
}

template <class F>
double seconds(F f) {
  auto const start = clock_type::now();
  f();
  return std::chrono::duration<double>(clock_type::now() - start).count();
}

sqwa::surface_options options_for(program_options const& o, study const& plan, run_models const& models) {
  sqwa::surface_options how{.title = plan.options().data + ", seed " + std::to_string(o.seed) + ", " + o.split +
                                     (o.samples > 0 ? ", first " + std::to_string(o.samples) : ""),
                            .split = o.split,
                            .refresh_statistics = o.refresh,
                            .format = format_of(plan.options().levels)};
  if (!o.refit) how.scales = models.find("direct");
  return how;
}

/// Times the same surface on one thread and on two, against plain evaluations.
template <class Run>
void print_timing(Run make, auto learner, std::size_t evaluations) {
  std::size_t const plain = 50;
  (void)learner.evaluate();
  double const once = seconds([&] {
                        for (std::size_t i = 0; i != plain; ++i) (void)learner.evaluate();
                      }) /
                      static_cast<double>(plain);
  double took[2] = {};
  for (int threads : {1, 2}) {
    auto run = make();
    oneapi::tbb::task_arena arena(threads);
    took[threads - 1] = seconds([&] { arena.execute([&] { run.advance(sqwa::tbb_executor{}); }); });
    took[threads - 1] += seconds([&] { (void)run.result(); });
  }
  double const each = took[0] / static_cast<double>(evaluations);
  std::printf("evaluate() %.3f ms; in the surface %.3f ms each, %.2f times as much\n", 1e3 * once, 1e3 * each,
              each / once);
  std::printf("%zu evaluations: one thread %.2f s, two threads %.2f s, %.2f times as fast\n", evaluations, took[0],
              took[1], took[0] / took[1]);
}

study plan_of(program_options const& o, run_models const& models) {
  study plan(options_of(models.find("float"), models.file(), o.data));
  if (o.samples > 0 && o.split == "train") throw std::invalid_argument("--samples is for test images");
  if (o.samples > 0) plan.keep_test(o.samples);
  return plan;
}

int surface(program_options const& o) {
  run_models const models(o.run, o.seed);
  study const plan = plan_of(o, models);
  auto learner = plan.learner_for(1, sqwa::sequential{}, o.split);
  auto const corners = o.plane.empty() ? outer_captures(models) : o.plane;
  sqwa::plane const plane(sqwa::point_of(learner, models.find(corners[0])),
                          sqwa::point_of(learner, models.find(corners[1])),
                          sqwa::point_of(learner, models.find(corners[2])));
  std::vector<sqwa::named_point> marked;
  std::vector<sqwa::plane_place> places;
  for (sqwa::low_bit_model const& m : models.all()) {
    marked.push_back({m.notes.at("model"), sqwa::point_of(learner, m)});
    places.push_back(plane.place_of(marked.back().at));
  }
  auto const grid = sqwa::grid_around(places, {.margin = o.margin, .columns = o.nodes, .rows = o.nodes});
  auto const how = options_for(o, plan, models);
  auto const make = [&] { return sqwa::surface_run(learner, plane, grid, marked, how); };
  if (o.timing) {
    print_timing(make, learner, marked.size() + 2 * o.nodes * o.nodes);
    return 0;
  }

  auto run = make();
  fs::path const state = o.run / "surface.checkpoint";
  if (fs::exists(state)) sqwa::io::load_checkpoint(state, run);
  sqwa::io::stop_signal stop;
  auto saved = clock_type::now(), shown = saved;
  bool const done = run.advance(sqwa::tbb_executor{}, [&](std::size_t count, std::size_t total) {
    auto const now = clock_type::now();
    if (now - saved > std::chrono::seconds(10)) {
      sqwa::io::save_checkpoint(state, run);
      saved = now;
    }
    if (!o.quiet && now - shown > std::chrono::seconds(1)) {
      std::fprintf(stderr, "%zu of %zu\n", count, total);
      shown = now;
    }
    return !stop.requested();
  });
  if (!done) {
    sqwa::io::save_checkpoint(state, run);
    std::fprintf(stderr, "surface: stopped after %zu of %zu; the same command goes on\n", run.finished(), run.total());
    return 130;
  }
  auto const result = run.result();
  fs::path const pictures = o.run / "surface";
  sqwa::io::write_surface(pictures, result);
  fs::remove(state);
  std::printf("%-12s %9s %9s %9s %9s %9s\n", "model", "x", "y", "distance", "loss", "accuracy");
  for (auto const& m : result.models) {
    std::printf("%-12s %9.4f %9.4f %9.4f %9.4f %9.2f\n", m.name.c_str(), m.x, m.y, m.distance, m.loss, m.accuracy);
  }
  std::printf("pictures and numbers: %s/\n", pictures.c_str());
  return 0;
}

int tables(program_options const& o) {
  std::vector<seed_figures> all;
  for (unsigned seed = o.seed; fs::exists(models_file(o.run, seed)); ++seed) {
    run_models const models(o.run, seed);
    study const plan = plan_of(o, models);
    auto learner = plan.learner_for(1, sqwa::sequential{}, o.split);
    all.push_back(figures_of(learner, models, {.split = o.split, .refresh_statistics = o.refresh}));
    if (!o.quiet) std::fprintf(stderr, "seed %u\n", seed);
  }
  if (all.empty()) throw std::invalid_argument("no " + models_file(o.run, o.seed).string());
  print(all);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  program_options options;
  CLI::App app{"The loss surface of a finished run, of the weights as they are and on the quantizer's lattice"};
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return guarded("surface", [&] {
    int const all = oneapi::tbb::info::default_concurrency();
    int const threads = options.threads > 0 ? options.threads : all;
    oneapi::tbb::global_control const most(oneapi::tbb::global_control::max_allowed_parallelism,
                                           static_cast<std::size_t>(std::max({2, threads, all})));
    oneapi::tbb::task_arena arena(threads);
    return arena.execute([&] { return options.tables ? tables(options) : surface(options); });
  });
}
