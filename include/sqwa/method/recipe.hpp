// SPDX-License-Identifier: BSD-3-Clause
// What a run of the method is: its phases, its format, and one field for each thing that can be varied.
#ifndef SQWA_METHOD_RECIPE_HPP
#define SQWA_METHOD_RECIPE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/diagnosis.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ranges>

namespace sqwa::inline SQWA_ABI {

/// A learning rate for each optimizer step, and how many steps.
struct phase {
  any_schedule rate = {};
  step_index steps = 0;  ///< 0: the schedule's own length

  /// How many steps the phase takes; 0 if it has no schedule.
  [[nodiscard]] step_index length() const { return steps != 0 ? steps : rate.empty() ? 0 : rate.length(); }
};

/// What is averaged over the captures.
enum class averaging {
  codes,   ///< the integers, exactly; their decoded values where captures differ in scale
  values,  ///< the decoded low-bit values
  latent,  ///< the float shadow weights
  none     ///< nothing: the control, cosine retraining for the same number of steps
};

/// What becomes of scales that were fitted once.
enum class scale_rule {
  frozen,    ///< they stay
  refitted,  ///< they are fitted anew; while training, at every step
  learned    ///< while training: each is trained like a weight, see `learned_step`
};

/// Where the latent weights stand when fine-tuning begins.
enum class start_point { mean, quantized };

/// The five phases of stochastic quantized weight averaging, and its variations; everything has a default but the
/// rates.
struct recipe {
  format_by_name format = symmetric<3>{};          ///< what the weights become, all alike or each by its name
  phase train = {};                                ///< 1 float training; no steps for a model that is trained already
  phase retrain = {};                              ///< 3 retraining of the directly quantized model
  any_capture capture = at_trough{.last = 7};      ///< 3 when a low-bit model is captured
  phase fine_tune = {};                            ///< 5 fine-tuning of the re-quantized average
  averaging average = averaging::codes;            ///< 4 what is averaged
  scale_rule scales = scale_rule::frozen;          ///< 3, 5 scales while training
  scale_rule requantize = scale_rule::refitted;    ///< 5 scales of the re-quantized average
  start_point fine_tune_from = start_point::mean;  ///< 5 latent weights at its start
  straight_through gradient = straight_through::plain;  ///< 3, 5 gradient of the rounding
  float control_rate = 0;           ///< top rate of the control's cosine; 0: that of `retrain` at its first step
  std::uint64_t seed = 1;           ///< of stochastic rounding
  diagnosis_options diagnose = {};  ///< 3 what is measured on the captures; nothing by default

  /// The steps of retraining and fine-tuning together: what the control takes too.
  [[nodiscard]] step_index low_bit_steps() const { return retrain.length() + fine_tune.length(); }
};

namespace detail {

inline void check_phase(sqwa::phase const& p, char const* name) {
  expects(p.steps >= 0, "recipe: phase {} has {} steps", name, p.steps);
  expects(p.steps == 0 || !p.rate.empty(), "recipe: phase {} has {} steps, but no learning rate", name, p.steps);
  expects(p.rate.empty() || p.steps > 0 || p.rate.finite(),
          "recipe: phase {} has a learning rate without an end; its number of steps is missing", name);
  expects(p.length() >= 0, "recipe: phase {} has {} steps", name, p.length());
  for (step_index t = 0; t != p.length(); ++t) {
    float const rate = p.rate(t);
    expects(rate >= 0 && std::isfinite(rate), "recipe: phase {} has the learning rate {} at step {}", name, rate, t);
  }
}

}  // namespace detail

/// Checks that a recipe can be run, before anything is trained.
///
/// @pre each phase has a rate if it has steps, and steps if its rate has no length of its own; every rate, control_rate
/// too, is finite and not negative; unless `average` is `none`, the capture policy captures at least once; where it is
/// `none`, control_rate or else the rate of `retrain` at its first step is above 0; `requantize` is not `learned`
inline void check(recipe const& r) {
  detail::check_phase(r.train, "train");
  detail::check_phase(r.retrain, "retrain");
  detail::check_phase(r.fine_tune, "fine_tune");
  expects(r.control_rate >= 0 && std::isfinite(r.control_rate), "recipe: a control_rate of {}", r.control_rate);
  expects(r.requantize != scale_rule::learned,
          "recipe: requantize is learned; scales of an average are frozen or refitted");
  if (r.average == averaging::none) {
    expects(r.control_rate > 0 || !r.retrain.rate.empty(), "recipe: the control needs control_rate or a retrain.rate");
    expects(
        r.control_rate > 0 || r.low_bit_steps() == 0 || r.retrain.rate(0) > 0,
        "recipe: the control would train at the rate 0, that of phase retrain at its first step; give control_rate");
    return;
  }
  expects(r.retrain.length() > 0, "recipe: phase retrain has no steps, so nothing would be captured");
  expects(capture_count(r.capture, r.retrain.rate, r.retrain.length()) > 0,
          "recipe: the capture policy takes no snapshot in the {} steps of retraining", r.retrain.length());
}

/// Checks that a recipe can be run with this learner, before anything is trained.
///
/// @pre as above; every pattern of `format` matches a tensor of the learner; to clip gradients or to learn scales: it
/// shows its gradients
template <learner L>
void check(recipe const& r, L& l) {
  check(r);
  auto const formats = detail::formats_of(l, r.format);
  bool const asks = r.gradient == straight_through::clipped || r.scales == scale_rule::learned;
  if constexpr (!requires { l.gradients(); }) {
    expects(!asks, "recipe: without gradients() the learner can neither clip them nor learn scales");
  }
  if constexpr (!requires { l.float_gradients(); }) {
    auto const floats = std::ranges::subrange(formats.begin() + std::ranges::distance(l.parameters()), formats.end());
    expects(!asks || std::ranges::none_of(floats, [](tensor_format const& f) { return f.has_value(); }),
            "recipe: without float_gradients() the learner can neither clip the gradients of its low-bit "
            "float_parameters() nor learn their scales");
  }
}

}  // namespace sqwa::inline SQWA_ABI

#endif
