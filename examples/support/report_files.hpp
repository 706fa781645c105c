// SPDX-License-Identifier: BSD-3-Clause
// What a study leaves behind: the table on the terminal, report.csv, report.json, model.sqwa, training.svg and for each
// seed models-SEED.sqws.
#ifndef SQWA_EXAMPLES_SUPPORT_REPORT_FILES_HPP
#define SQWA_EXAMPLES_SUPPORT_REPORT_FILES_HPP

#include "diagnosis_text.hpp"
#include "statistics.hpp"
#include "study_result.hpp"
#include "training_picture.hpp"

#include <sqwa/io/file.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/series_writer.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

inline std::string printed(char const* pattern, auto... values) {
  char line[256];
  std::snprintf(line, sizeof line, pattern, values...);
  return line;
}

/// The figures of one row of the table over all seeds: `figure(row, test score)`.
template <class F>
estimate over_seeds(std::vector<study_result> const& results, std::string_view model, F figure) {
  std::vector<double> all;
  for (study_result const& r : results) {
    sqwa::report_row const* const row = r.report.find(model);
    for (sqwa::score const& s : row->scores) {
      if (s.split == "test") all.push_back(figure(*row, s));
    }
  }
  return estimate_of(all);
}

/// A row for each model and, over several seeds, what the method gains over the control.
inline void print_table(std::vector<study_result> const& results) {
  std::printf("\n%-13s %18s %18s %12s %9s\n", "model", "test loss", "test accuracy, %", "bits/weight", "bytes");
  for (sqwa::report_row const& first : results.front().report.rows) {
    auto const column = [&](auto figure) { return over_seeds(results, first.model, figure); };
    auto const wide = [](std::string const& s) {  // ± takes two bytes, one place
      return std::string(18 > s.size() ? 18 - s.size() + (s.find("±") != std::string::npos ? 1 : 0) : 0, ' ') + s;
    };
    std::printf("%-13s %s %s %12.2f %9zu\n", first.model.c_str(),
                wide(text(column([](auto const&, auto const& s) { return s.loss; }), 4)).c_str(),
                wide(text(column([](auto const&, auto const& s) { return s.accuracy; }), 2)).c_str(),
                first.bits_per_weight, first.bytes);
  }
  if (results.size() < 2) return;
  std::vector<double> gain;
  if (results.front().report.find("control") == nullptr) return;
  for (study_result const& r : results) {
    gain.push_back(r.report.find("sqwa")->scores.back().accuracy - r.report.find("control")->scores.back().accuracy);
  }
  std::printf("\nsqwa minus control, accuracy, paired by seed: %s points (mean ± standard error of %zu seeds)\n",
              text(estimate_of(gain), 2).c_str(), results.size());
}

/// The models of all seeds, behind what was studied: the members of `all`.
inline std::string report_json(nlohmann::ordered_json all, std::vector<study_result> const& results) {
  for (study_result const& r : results) {
    nlohmann::ordered_json seed{{"seed", r.seed}, {"captures", r.report.captures}};
    for (sqwa::report_row const& row : r.report.rows) {
      nlohmann::ordered_json entry{{"model", row.model},
                                   {"bits_per_weight", row.bits_per_weight},
                                   {"bytes", row.bytes},
                                   {"seconds", row.seconds}};
      for (sqwa::score const& s : row.scores) entry[s.split] = {{"loss", s.loss}, {"accuracy", s.accuracy}};
      seed["models"].push_back(std::move(entry));
    }
    if (r.report.diagnosis) seed["diagnosis"] = json_of(*r.report.diagnosis);
    all["seeds"].push_back(std::move(seed));
  }
  return all.dump(2) + "\n";
}

/// A directory that can be written to: made if missing, tried at once, and held against other programs: two that write
/// one table or one checkpoint would spoil both.
class output_directory {
 public:
  explicit output_directory(std::filesystem::path path) : path_(std::move(path)) {
    if (path_.empty()) throw std::invalid_argument("--out: an empty name");
    std::error_code failure;
    std::filesystem::create_directories(path_, failure);
    held_.emplace(path_, O_RDONLY | O_DIRECTORY);
    if (*held_ && ::flock(held_->number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw std::invalid_argument("--out " + path_.string() + ": another program writes there");
    }
    auto const probe = path_ / ".sqwa-probe";
    std::FILE* const file = std::fopen(probe.c_str(), "w");
    if (file == nullptr) throw std::invalid_argument("--out " + path_.string() + ": cannot be written to");
    std::fclose(file);
    std::filesystem::remove(probe, failure);
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

  /// Writes all files; the picture and the model are those of the first seed. `study`: as for `report_json`.
  void write(nlohmann::ordered_json const& study, std::string const& title,
             std::vector<study_result> const& results) const {
    write_text("report.csv", csv(results));
    write_text("report.json", report_json(study, results));
    write_text("training.svg",
               training_picture(results.front().curve, title + ", seed " + std::to_string(results.front().seed)));
    sqwa::io::write_model(path_ / "model.sqwa", results.front().report.model);
    for (study_result const& r : results) {
      auto const series = path_ / ("models-" + std::to_string(r.seed) + ".sqws");
      std::filesystem::remove(series);  // of an earlier run
      sqwa::io::series_writer to(series);
      for (auto const& m : r.models) to.append(m);
    }
  }

 private:
  void write_text(char const* name, std::string const& text) const {
    sqwa::io::write_aside(path_ / name, std::as_bytes(std::span(text)));
  }

  /// The rows that the table has too, but for the latent weights, which are no model that ships.
  static std::string csv(std::vector<study_result> const& results) {
    std::string all = "seed,model,split,loss,accuracy,bits_per_weight,bytes,seconds\n";
    for (study_result const& r : results) {
      for (sqwa::report_row const& row : r.report.rows) {
        if (row.model == "latent") continue;
        for (sqwa::score const& s : row.scores) {
          all += printed("%u,%s,%s,%.6f,%.4f,%.4f,%zu,%.3f\n", r.seed, row.model.c_str(), s.split.c_str(), s.loss,
                         s.accuracy, row.bits_per_weight, row.bytes, row.seconds);
        }
      }
    }
    return all;
  }

  std::filesystem::path path_;
  std::optional<sqwa::io::detail::descriptor> held_;  // with a lock, which a program that is killed leaves to nobody
};

}  // namespace example

#endif
