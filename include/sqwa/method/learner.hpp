// SPDX-License-Identifier: BSD-3-Clause
// What the method asks of a trainer: three members, and what it makes use of when they are there.
#ifndef SQWA_METHOD_LEARNER_HPP
#define SQWA_METHOD_LEARNER_HPP

#include <sqwa/nn/score.hpp>
#include <sqwa/nn/training_error.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <class R>
concept range_of_tensors = std::ranges::forward_range<R> && mutable_tensor<std::ranges::range_reference_t<R>>;

}  // namespace detail

/// Anything that can be trained by the method: the included trainer, or somebody else's.
///
/// Models: `parameters()` is a range of tensors (or of views of tensors that stay where they are) to be quantized,
/// always in the same order, of the same sizes. `backward()` takes the next batch, leaves the gradients at the
/// parameters as they now stand and returns the loss. `update(rate)` makes one optimizer step with these gradients.
///
/// Made use of when present:
/// - `gradients()`: tensors in the order of `parameters()`; needed to clip the straight-through gradient
/// - `float_parameters()`: trained tensors that stay float (bias, normalization) unless the recipe says otherwise;
/// averaged with the weights
/// - `float_gradients()`: tensors in the order of `float_parameters()`; as `gradients()`, for those that become low-bit
/// - `statistics()`: tensors that are neither trained nor averaged (running means); kept with a captured model
/// - `refresh_statistics()`: re-estimates the statistics for the parameters as they now stand; called before
/// evaluations
/// - `evaluate()`: a `score` or a range of them
/// - `reset_optimizer()`: forgets momentum; called where the parameters are replaced
template <class L>
concept learner = requires(L l, float rate) {
  { l.parameters() } -> detail::range_of_tensors;
  { l.backward() } -> std::convertible_to<double>;
  l.update(rate);
};

/// float or double: what a learner's parameters are made of.
template <learner L>
using scalar_of = element_of<std::ranges::range_reference_t<decltype(std::declval<L&>().parameters())>>;

namespace detail {

/// The elements of every tensor of a range, as spans: valid for as long as the tensors stay where they are.
template <real T, range_of_tensors R>
std::vector<std::span<T>> spans_of(R&& tensors) {
  std::vector<std::span<T>> all;
  for (auto&& t : tensors) all.push_back(mutable_values(t));
  return all;
}

/// The tensor's own name where it has one, else `kind` and its number.
template <class Tensor>
std::string name_of(Tensor const& t, char const* kind, std::size_t number) {
  if constexpr (requires {
                  { t.name } -> std::convertible_to<std::string>;
                }) {
    return t.name;
  } else {
    return kind + std::string("_") + std::to_string(number);
  }
}

template <learner L>
std::vector<std::span<scalar_of<L>>> float_spans(L& l) {
  if constexpr (requires { l.float_parameters(); }) return spans_of<scalar_of<L>>(l.float_parameters());
  return {};
}

template <learner L>
std::vector<std::span<scalar_of<L>>> statistic_spans(L& l) {
  if constexpr (requires { l.statistics(); }) return spans_of<scalar_of<L>>(l.statistics());
  return {};
}

/// Refuses a loss that is not finite; `of` says what the steps are counted in.
inline void check_loss(double loss, step_index step, char const* of) {
  if (std::isfinite(loss)) return;
  throw nn::training_error("the loss is not finite at step " + std::to_string(step) + " of " + of);
}

/// The bytes of a learner's tensors, each number as a float of 32 bits.
template <learner L>
std::size_t float_bytes(L& l) {
  std::size_t numbers = 0;
  for (auto const& tensors : {spans_of<scalar_of<L>>(l.parameters()), float_spans(l), statistic_spans(l)}) {
    for (auto const& t : tensors) numbers += t.size();
  }
  return sizeof(float) * numbers;
}

template <learner L>
void reset_optimizer(L& l) {
  if constexpr (requires { l.reset_optimizer(); }) l.reset_optimizer();
}

/// The scores of the learner as it stands, its statistics too; none if it cannot evaluate itself.
template <learner L>
std::vector<score> scores_as_it_stands(L& l) {
  if constexpr (requires {
                  { l.evaluate() } -> std::convertible_to<score>;
                }) {
    return {l.evaluate()};
  } else if constexpr (requires { l.evaluate(); }) {
    std::vector<score> all;
    for (score const& s : l.evaluate()) all.push_back(s);
    return all;
  } else {
    return {};
  }
}

/// The same, its statistics re-estimated first.
template <learner L>
std::vector<score> scores_of(L& l) {
  if constexpr (requires { l.refresh_statistics(); }) l.refresh_statistics();
  return scores_as_it_stands(l);
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
