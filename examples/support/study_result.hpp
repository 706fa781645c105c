// SPDX-License-Identifier: BSD-3-Clause
// What one seed of a study gave: the models of three runs in one report, and the curves of the method's.
#ifndef SQWA_EXAMPLES_SUPPORT_STUDY_RESULT_HPP
#define SQWA_EXAMPLES_SUPPORT_STUDY_RESULT_HPP

#include "training_picture.hpp"

#include <sqwa/method/report.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace example {

struct study_result {
  unsigned seed = 0;
  sqwa::report report;             ///< float, direct, control if there was one, and the rows of the method
  std::vector<curve_point> curve;  ///< of float training and the method
  std::vector<sqwa::low_bit_model> models = {};  ///< along the way; the note "model" says which
};

/// The reports of float training, of the control if there was one, and of the method from the same float model.
inline sqwa::report joined(sqwa::report const& floats, std::optional<sqwa::report> const& control,
                           sqwa::report method) {
  std::vector<sqwa::report_row> rows = floats.rows;
  for (auto& row : method.rows) {
    rows.push_back(std::move(row));
    if (control && rows.back().model == "direct") rows.push_back(*control->find("control"));
  }
  method.rows = std::move(rows);
  return method;
}

}  // namespace example

#endif
