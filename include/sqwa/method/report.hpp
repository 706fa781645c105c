// SPDX-License-Identifier: BSD-3-Clause
// What a run of the method has to say: one row a model, and the low-bit model itself.
#ifndef SQWA_METHOD_REPORT_HPP
#define SQWA_METHOD_REPORT_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/method/diagnosis.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/score.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// One model along the way: `float`, `direct`, `latent`, `last_capture`, `average`, `requantized`, `sqwa` or `control`.
struct report_row {
  std::string model;
  std::vector<score> scores;    ///< one a split; empty for a learner that cannot evaluate itself
  double bits_per_weight = 32;  ///< of the low-bit tensors, scales included; those that stay float do not count
  std::size_t bytes = 0;        ///< of all tensors
  double seconds = 0;           ///< spent since the row before, evaluation included
};

/// The models of one run in the order in which they came about.
struct report {
  std::vector<report_row> rows;
  low_bit_model model;                            ///< the last low-bit model: what ships
  std::size_t captures = 0;                       ///< how many models were averaged
  std::optional<sqwa::diagnosis> diagnosis = {};  ///< where the recipe asks for one

  /// The row of that name, or nullptr.
  [[nodiscard]] report_row const* find(std::string_view name) const noexcept {
    for (report_row const& row : rows) {
      if (row.model == name) return &row;
    }
    return nullptr;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
