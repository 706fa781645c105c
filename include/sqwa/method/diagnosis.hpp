// SPDX-License-Identifier: BSD-3-Clause
// What a diagnosis is asked and what it says: plain values, for the recipe and for the report.
#ifndef SQWA_METHOD_DIAGNOSIS_HPP
#define SQWA_METHOD_DIAGNOSIS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/method/code_distance.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/method/oscillations.hpp>
#include <sqwa/method/requantization.hpp>
#include <sqwa/method/verdict.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Between which of the captures that are kept the loss is measured.
enum class measured_paths { none, first_and_last, neighbours, all };

/// What to measure on the captures of a run. Measuring changes no bit of the training.
struct diagnosis_options {
  bool captures = false;  ///< distances, shares, re-quantization, paths and the verdict; false: nothing of these
  std::size_t keep = 16;  ///< how many captures are kept for comparison
  measured_paths paths = measured_paths::first_and_last;
  path_options path = {};
  verdict_rule rule = {};
  bool oscillations = false;  ///< watch the codes at every step: one encoding a step, 15 bytes a weight
  float momentum = 0.01F;     ///< of the frequency of oscillations
  double threshold = 0.03;    ///< a weight with a higher frequency counts as oscillating

  /// Whether anything is measured.
  [[nodiscard]] bool any() const noexcept { return captures || oscillations; }
};

/// The numbers of one tensor.
struct tensor_diagnosis {
  std::string name;
  code_distance distance;  ///< summed over the pairs of captures
  code_shares shares;      ///< summed over the captures
  std::optional<requantization_error> requantization = {};
  std::optional<oscillation_summary> oscillations = {};
};

/// The distance of two captures.
struct capture_pair {
  std::size_t from = 0, to = 0;  ///< numbers of the captures, from 0
  code_distance distance;
};

/// Whether the captures of a run should have been averaged, and why.
struct diagnosis {
  std::vector<tensor_diagnosis> tensors;
  std::vector<capture_pair> pairs;  ///< those measured: all, where enough captures were kept
  code_distance distance;           ///< summed over pairs and tensors
  code_shares shares;               ///< summed over captures and tensors
  std::vector<loss_path> paths;     ///< empty where none was asked for or the learner cannot evaluate itself
  std::optional<requantization_error> requantization = {};  ///< where codes of common scales were averaged
  std::optional<oscillation_summary> oscillations = {};
  averaging_evidence evidence;  ///< what the verdict was formed on
  sqwa::verdict verdict;
};

namespace detail {

/// The numbers of a diagnosis that the rule looks at. A path whose ends have no finite loss, or a loss of 0 in the
/// mean, is as good as not measured, but for one without a barrier.
inline averaging_evidence evidence_of(diagnosis const& d, std::size_t captures, bool refitted) {
  averaging_evidence e{.captures = captures, .distance = d.distance.share()};
  for (loss_path const& p : d.paths) {
    double const unit = std::abs(p.mean_of_ends()), barrier = p.barrier(), gain = p.gain_in_the_middle();
    if (std::isnan(barrier) || (unit == 0 && barrier != 0)) continue;
    e.barrier = std::max(e.barrier.value_or(0), barrier == 0 ? 0 : barrier / unit);
    if (unit > 0 && std::isfinite(gain)) e.gain = e.gain ? std::min(*e.gain, gain / unit) : gain / unit;
  }
  if (d.requantization && d.requantization->captures > 0) {
    e.requantization = (refitted ? d.requantization->refitted : d.requantization->frozen) / d.requantization->captures;
  }
  return e;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
