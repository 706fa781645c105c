// SPDX-License-Identifier: BSD-3-Clause
// What the examples of foreign learners print: the models of a run, and whether two-bit training was worth it.
#ifndef SQWA_EXAMPLES_SUPPORT_RECOVERY_TABLE_HPP
#define SQWA_EXAMPLES_SUPPORT_RECOVERY_TABLE_HPP

#include <sqwa/method/report.hpp>

#include <cstdio>

namespace example {

/// Prints a row for each model and the conclusion; true if the last model wins back at least half of the accuracy that
/// direct quantization loses.
inline bool recovers(sqwa::report const& report) {
  std::printf("model          test loss   test accuracy, %%  bits/weight\n");
  for (sqwa::report_row const& row : report.rows) {
    sqwa::score const& s = row.scores.at(0);
    std::printf("%-13s %10.4f   %16.2f  %11.2f\n", row.model.c_str(), s.loss, s.accuracy, row.bits_per_weight);
  }
  auto const accuracy = [&](char const* model) { return report.find(model)->scores.at(0).accuracy; };
  double const lost = accuracy("float") - accuracy("direct");
  double const won = accuracy("sqwa") - accuracy("direct");
  bool const holds = lost > 0 && won >= lost / 2;
  std::printf("\nDirect quantization loses %.2f points; the method wins %.2f of them back: %s half.\n", lost, won,
              holds ? "at least" : "NOT even");
  return holds;
}

}  // namespace example

#endif
