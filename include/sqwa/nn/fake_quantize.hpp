// SPDX-License-Identifier: BSD-3-Clause
// Low-bit activations: a layer that rounds what passes through it.
#ifndef SQWA_NN_FAKE_QUANTIZE_HPP
#define SQWA_NN_FAKE_QUANTIZE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/quant/activation_quantizer.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/positive_step.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct fake_quantize_options {
  float initial = 0;  // the bound, or the step, at first; 0: what the first training batch asks for
};

/// y = x rounded to the points of an `activation_quantizer`; the gradient is the policy's.
///
/// One parameter, the policy's bound or step: `learned_clip` and `activation_step` train it (`role::norm`: neither
/// quantized nor decayed), `moving_range` measures it in training passes (`role::statistic`), and in a refresh rounds
/// each batch by its own bound and ends with their mean, weighted by samples.
///
/// A bound of 0 is not set: activations pass as they are until a training batch sets it. An optimizer may propose what
/// it likes: a bound that leaves the policy's range, by sign, size or NaN, becomes the nearest one between half and
/// twice the last good one at the end of the `visit` that wrote it, or at the next forward pass. A good one is taken as
/// it is, so that a loaded model keeps its own.
///
/// Memory: none.
template <activation_quantizer Policy = learned_clip, real T = float>
class fake_quantize {
 public:
  using scalar = T;
  static constexpr char const* name = "fake_quantize";
  static constexpr bool in_place = false;

  /// @pre options.initial is 0 or within policy.range(); what the policy demands
  explicit fake_quantize(Policy policy = {}, fake_quantize_options options = {}) : policy_(policy), options_(options) {
    expects(options.initial == 0 || policy.range().holds(options.initial),
            "fake_quantize: the bound {} is not within {} and {}", options.initial, policy.range().least,
            policy.range().most);
  }

  shape build(shape const& input, noise const&) {
    features_ = input.size();
    bound_ = good_ = static_cast<T>(options_.initial);
    gradient_ = used_ = 0;
    begin_refresh();
    return input;
  }

  void reserve(std::size_t) {}

  /// Forgets what earlier refreshes saw.
  void begin_refresh() { seen_ = samples_ = 0; }

  /// Makes what was seen since `begin_refresh` the measured bound. Nothing seen, or a learned bound: it stays.
  void end_refresh() {
    if (!Policy::learned && seen_ > 0) bound_ = static_cast<T>(seen_ / samples_);
    settle();
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    settle();
    used_ = bound_;
    if constexpr (Policy::learned) {
      if (what == pass::train && bound_ == 0) used_ = bound_ = policy_.initial(x, where);
    } else if (what != pass::infer) {
      T const seen = policy_.initial(x, where);
      if (what == pass::train) {
        used_ = bound_ = policy_.moved(bound_, seen);
      } else {
        used_ = seen;
        seen_ += static_cast<double>(seen) * static_cast<double>(batch);
        samples_ += static_cast<double>(batch);
      }
    }
    settle();
    if (used_ == 0) {
      copy(x, y, where);
    } else {
      policy_.forward(x, y, used_, where);
    }
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t, B const& where) {
    gradient_ = 0;
    if (used_ != 0) {
      gradient_ = policy_.backward(x, dy, dx, used_, features_, where);
    } else if (!dx.empty() && dx.data() != dy.data()) {
      copy(dy, dx, where);
    }
  }

  template <class F>
  void visit(F&& f) {
    settle();
    if constexpr (Policy::learned) {
      f(parameter<T>{Policy::bound_name, shape{1}, {&bound_, 1}, {&gradient_, 1}, role::norm});
    } else {
      f(parameter<T>{Policy::bound_name, shape{1}, {&bound_, 1}, {}, role::statistic});
    }
    settle();
  }

  /// What is remembered beside the bound, for saving: `f(name, span)`.
  template <class F>
  void visit_state(F&& f) {
    f("good_bound", std::span<T>(&good_, 1));
  }

  [[nodiscard]] Policy const& policy() const noexcept { return policy_; }
  /// The bound or step; 0 while it is not set.
  [[nodiscard]] T bound() const noexcept { return bound_; }

 private:
  /// Brings back a bound that has left the range; one that was never good counts as not set.
  void settle() {
    positive_range const range = policy_.range();
    if (!range.holds(bound_)) bound_ = good_ == 0 ? T{0} : positive_step(good_, bound_, range);
    good_ = bound_;
  }

  template <any_backend B>
  static void copy(std::span<T const> from, std::span<T> to, B const& where) {
    for_each_chunk(where.exec, to.size(), [=](std::size_t first, std::size_t last) {
      std::copy_n(from.data() + first, last - first, to.data() + first);
    });
  }

  Policy policy_;
  fake_quantize_options options_;
  std::size_t features_ = 0;
  T bound_ = 0;
  T gradient_ = 0;
  T good_ = 0;       // the last bound within the range
  T used_ = 0;       // what the last forward pass rounded by
  double seen_ = 0;  // bounds of the batches of a refresh, times their samples
  double samples_ = 0;
};

static_assert(layer<fake_quantize<>> && layer<fake_quantize<learned_clip, double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
