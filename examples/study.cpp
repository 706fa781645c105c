// SPDX-License-Identifier: BSD-3-Clause
// Many settings, many seeds, one table: does averaging pay, when, and by how much?
//
//   study examples/studies/digits.json --out DIR      appends to DIR/study.csv what is not in it yet
//   tools/study.py compare DIR/study.csv --by levels   says what it means
#include "support/csv_log.hpp"
#include "support/guarded.hpp"
#include "support/report_files.hpp"
#include "support/study_setting.hpp"
#include "support/study_trainer.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace example;

struct program_options {
  std::string study;
  std::string out = "sqwa-study";
  std::vector<std::string> data;
  unsigned threads = 0;
  unsigned seeds = 0;
  bool quiet = false;
};

/// Calls `f(i)` for i from 0 to n - 1, in this order as far as the threads are free; the first exception ends it all.
template <class F>
void on_threads(unsigned threads, std::size_t n, F f) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex one;
  auto const work = [&] {
    for (std::size_t i = next++; i < n; i = next++) {
      try {
        f(i);
      } catch (...) {
        std::scoped_lock const lock(one);
        if (!failure) failure = std::current_exception();
        next = n;
      }
    }
  };
  {
    std::vector<std::jthread> team;
    for (unsigned t = 1; t < threads; ++t) team.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

/// The images of all settings, each read once.
class data_shelf {
 public:
  explicit data_shelf(std::vector<std::string> const& places) {
    for (std::string const& p : places) {
      auto const at = p.find('=');
      if (at == 0 || at == std::string::npos) throw std::invalid_argument("--data " + p + ": NAME=DIRECTORY");
      directories_[p.substr(0, at)] = p.substr(at + 1);
    }
  }
  void add(json const& setting) {
    auto const name = setting["data"].get<std::string>();
    auto const at = directories_.find(name);
    if (at == directories_.end()) {
      throw std::invalid_argument("the data set \"" + name + "\" has no directory; --data " + name + "=DIRECTORY");
    }
    auto const which = key_of(setting);
    if (!sets_.contains(which)) sets_.emplace(which, study_data_of(setting, at->second));
  }
  [[nodiscard]] study_data const& operator()(json const& setting) const { return sets_.at(key_of(setting)); }

 private:
  using key = std::tuple<std::string, std::size_t, std::size_t>;
  static key key_of(json const& s) { return {s["data"], s["train"], s["hold_out"]}; }

  std::map<std::string, std::filesystem::path> directories_{{"digits", SQWA_EXAMPLE_DATA "/digits"},
                                                            {"fashion", "/usr/share/datasets/fashion-mnist"}};
  std::map<key, study_data> sets_;
};

int run(program_options const& o) {
  output_directory const out(o.out);
  auto runs = read_study(o.study);
  if (o.seeds > 0) {
    unsigned const first = runs.empty() ? 0 : runs.front().seed;
    std::erase_if(runs, [&](study_run const& r) { return r.seed - first >= o.seeds; });
  }
  std::filesystem::create_directories(out.path() / "float");
  csv_log table(out.path() / "study.csv", study_header());
  std::size_t const all = runs.size();
  std::erase_if(runs, [&](study_run const& r) { return table.has(r.key()); });
  std::fprintf(stderr, "%zu of %zu runs to do\n", runs.size(), all);

  data_shelf shelf(o.data);
  for (study_run const& r : runs) shelf.add(r.setting);
  std::map<std::filesystem::path, study_run const*> floats;
  for (study_run const& r : runs) {  // refuses what cannot be run before anything is trained
    floats.emplace(study_trainer(r, shelf(r.setting), out.path() / "float").float_file(), &r);
  }
  std::vector<study_run const*> first;
  for (auto const& [file, r] : floats) first.push_back(r);

  unsigned const threads = o.threads > 0 ? o.threads : std::max(std::thread::hardware_concurrency(), 1U);
  std::atomic<std::size_t> done = 0;
  auto const tell = [&](char const* what, std::size_t of) {
    if (std::size_t const n = ++done; !o.quiet) std::fprintf(stderr, "%s %zu of %zu\n", what, n, of);
  };
  on_threads(threads, first.size(), [&](std::size_t i) {
    study_trainer(*first[i], shelf(first[i]->setting), out.path() / "float").make_float();
    tell("float model", first.size());
  });
  done = 0;
  on_threads(threads, runs.size(), [&](std::size_t i) {
    table.append(study_trainer(runs[i], shelf(runs[i].setting), out.path() / "float").row());
    tell("run", runs.size());
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  program_options options;
  CLI::App app{"Runs all settings and seeds of a study, and appends a row for each to a table"};
  app.add_option("study", options.study, "the study, a JSON file: see docs/studies.md")->required();
  app.add_option("--out", options.out, "directory of study.csv and of the float models")->capture_default_str();
  app.add_option("--data", options.data, "NAME=DIRECTORY of a data set that the study names");
  app.add_option("--threads", options.threads, "runs at a time; 0: one for each core; no figure depends on it");
  app.add_option("--seeds", options.seeds, "only the first so many seeds; 0: all");
  app.add_flag("--quiet", options.quiet, "no progress");
  CLI11_PARSE(app, argc, argv);
  return guarded("study", [&] { return run(options); });
}
