// SPDX-License-Identifier: BSD-3-Clause
// The whole method in one call, and its two halves for who wants to branch between them.
#ifndef SQWA_METHOD_RUN_HPP
#define SQWA_METHOD_RUN_HPP

#include <sqwa/method/learner.hpp>
#include <sqwa/method/phases.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/report.hpp>
#include <sqwa/method/training_run.hpp>

#include <utility>

namespace sqwa::inline SQWA_ABI {

/// The five phases; with `averaging::none` the control in the place of phases 3 to 5.
///
/// Everything in the recipe is checked before anything is trained. A run that is to be stopped and continued is a
/// `training_run`.
template <learner L>
report run(recipe const& r, L& l, observer const& watch = {}) {
  training_run all(r, l, run_part::all, watch);
  all.finish();
  return std::move(all).result();
}

/// Phase 1 with its row `float`.
template <learner L>
report run_float(recipe const& r, L& l, observer const& watch = {}) {
  training_run first(r, l, run_part::train, watch);
  first.finish();
  return std::move(first).result();
}

/// Phases 2 to 5 on a model that is trained in float: rows `direct`, `latent`, `last_capture`, `average`,
/// `requantized`, `sqwa`.
///
/// With `averaging::none`: rows `direct` and `control`, and no diagnosis. The learner ends with the latent weights of
/// the last row; its low-bit model is `report::model`.
template <learner L>
report run_low_bit(recipe const& r, L& l, observer const& watch = {}) {
  training_run rest(r, l, run_part::low_bit, watch);
  rest.finish();
  return std::move(rest).result();
}

}  // namespace sqwa::inline SQWA_ABI

#endif
