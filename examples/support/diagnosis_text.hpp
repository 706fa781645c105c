// SPDX-License-Identifier: BSD-3-Clause
// Diagnoses on the terminal and in report.json: what was measured on the captures, and the verdict of each seed.
#ifndef SQWA_EXAMPLES_SUPPORT_DIAGNOSIS_TEXT_HPP
#define SQWA_EXAMPLES_SUPPORT_DIAGNOSIS_TEXT_HPP

#include "statistics.hpp"
#include "study_result.hpp"

#include <sqwa/method/diagnosis.hpp>

#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace example {

/// One number of a diagnosis: its name for people and for files.
struct measured {
  char const* text;
  char const* key;
  std::optional<double> share;
};

/// The numbers of a diagnosis, all of them shares.
inline std::vector<measured> numbers_of(sqwa::diagnosis const& d) {
  std::vector<measured> all{
      {"codes that differ between two captures", "differing", d.distance.share()},
      {"codes that are zero", "zero", d.shares.zero()},
      {"codes that are outermost", "outermost", d.shares.outer()},
      {"barrier between captures, of their loss", "barrier", d.evidence.barrier},
      {"gain half way between captures, of their loss", "gain", d.evidence.gain},
  };
  if (!d.paths.empty()) {
    auto const& p = d.paths.front();
    double const unit = p.mean_of_ends();
    all.push_back(
        {"barrier on the low-bit way, of their loss", "mixed_barrier", p.barrier(&sqwa::path_point::mixed) / unit});
  }
  if (auto const& q = d.requantization) {
    all.push_back({"squared error of a capture, of the average", "capture_error", q->relative_captures()});
    all.push_back({"squared error re-quantized, scales frozen", "frozen_error", q->relative_frozen()});
    all.push_back({"squared error re-quantized, scales refitted", "refitted_error", q->relative_refitted()});
  }
  if (auto const& o = d.oscillations) {
    all.push_back({"codes that change in a step of retraining", "flip_rate", o->flip_rate()});
    all.push_back({"weights that oscillate at its end", "oscillating", o->share()});
  }
  return all;
}

/// The means of all seeds, then each seed's verdict. Nothing without diagnoses.
inline void print_diagnoses(std::vector<study_result> const& results) {
  if (!results.front().report.diagnosis) return;
  std::printf("\n%-46s %16s\n", "should the captures be averaged?", "percent");
  auto const first = numbers_of(*results.front().report.diagnosis);
  for (std::size_t i = 0; i != first.size(); ++i) {
    std::vector<double> all;
    for (study_result const& r : results) {
      auto const numbers = numbers_of(*r.report.diagnosis);
      if (i < numbers.size() && numbers[i].share) all.push_back(100 * *numbers[i].share);
    }
    if (!all.empty()) std::printf("%-46s %16s\n", first[i].text, text(estimate_of(all), 2).c_str());
  }
  for (study_result const& r : results) {
    sqwa::verdict const& v = r.report.diagnosis->verdict;
    std::printf("seed %u: %s; %s\n", r.seed, sqwa::name_of(v.what), v.reason.c_str());
  }
}

/// A diagnosis for report.json.
inline nlohmann::ordered_json json_of(sqwa::diagnosis const& d) {
  nlohmann::ordered_json all{{"verdict", sqwa::name_of(d.verdict.what)}, {"reason", d.verdict.reason}};
  for (measured const& m : numbers_of(d)) {
    if (m.share) all[m.key] = *m.share;
  }
  for (sqwa::loss_path const& p : d.paths) {
    nlohmann::ordered_json path{{"from", p.from}, {"to", p.to}};
    for (sqwa::path_point const& at : p.points) {
      path["points"].push_back(
          {{"t", at.t}, {"straight", at.straight}, {"projected", at.projected}, {"mixed", at.mixed}});
    }
    all["paths"].push_back(std::move(path));
  }
  return all;
}

}  // namespace example

#endif
