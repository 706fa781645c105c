// SPDX-License-Identifier: BSD-3-Clause
// The whole method in one call, and its two halves for who wants to branch between them.
#ifndef SQWA_METHOD_RUN_HPP
#define SQWA_METHOD_RUN_HPP

#include <sqwa/method/diagnostics.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/phases.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/report.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Adds rows to a report and keeps the time between them.
class reporter {
 public:
  explicit reporter(report& r) : report_(r) {}

  template <learner L>
  void row(std::string model, L& l, double bits, std::size_t bytes) {
    auto scores = scores_of(l);
    auto const now = std::chrono::steady_clock::now();
    report_.rows.push_back(
        {std::move(model), std::move(scores), bits, bytes, std::chrono::duration<double>(now - before_).count()});
    before_ = now;
  }

  /// The time since the last row belongs to no row.
  void skip() { before_ = std::chrono::steady_clock::now(); }

 private:
  report& report_;
  std::chrono::steady_clock::time_point before_ = std::chrono::steady_clock::now();
};

}  // namespace detail

/// Phase 1 with its row `float`.
template <learner L>
report run_float(recipe const& r, L& l, observer const& watch = {}) {
  check(r, l);
  report result;
  detail::reporter tell(result);
  train_float(l, r.train, watch);
  tell.row("float", l, 32, detail::float_bytes(l));
  return result;
}

/// Phases 2 to 5 on a model that is trained in float: rows `direct`, `latent`, `last_capture`, `average`,
/// `requantized`, `sqwa`.
///
/// With `averaging::none`: rows `direct` and `control`, and no diagnosis. The learner ends with the latent weights of
/// the last row; its low-bit model is `report::model`.
template <learner L>
report run_low_bit(recipe const& r, L& l, observer const& watch = {}) {
  check(r, l);
  report result;
  detail::reporter tell(result);
  low_bit_weights weights(l, r.format, r.seed);
  auto const low_bit_row = [&](char const* name) {
    weights.in_place([&] {
      low_bit_model const model = weights.capture();
      tell.row(name, l, bits_per_weight(model), byte_size(model));
    });
  };
  low_bit_row("direct");
  if (r.average == averaging::none) {
    train_control(weights, r, watch);
    low_bit_row("control");
  } else {
    low_bit_model last;
    capture_diagnostics<L> look(r.diagnose);
    auto const average = retrain(weights, r, last, watch, look.hooks());
    result.captures = average.captures();
    tell.row("latent", l, 32, detail::float_bytes(l));
    if (r.diagnose.any()) {
      result.diagnosis = look.finish(weights, r);
      tell.skip();
    }
    weights.put(last);
    tell.row("last_capture", l, bits_per_weight(last), byte_size(last));
    average.put(weights);
    auto const [bits, bytes] = average.size_like(last);
    tell.row("average", l, bits, bytes);
    requantize(weights, r);
    low_bit_row("requantized");
    fine_tune(weights, r, watch);
    low_bit_row("sqwa");
  }
  result.model = weights.capture();
  return result;
}

/// The five phases; with `averaging::none` the control in the place of phases 3 to 5.
///
/// Everything in the recipe is checked before anything is trained.
template <learner L>
report run(recipe const& r, L& l, observer const& watch = {}) {
  report result = run_float(r, l, watch);
  report rest = run_low_bit(r, l, watch);
  for (report_row& row : rest.rows) result.rows.push_back(std::move(row));
  result.model = std::move(rest.model);
  result.captures = rest.captures;
  result.diagnosis = std::move(rest.diagnosis);
  return result;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
