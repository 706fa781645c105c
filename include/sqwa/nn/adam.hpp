// SPDX-License-Identifier: BSD-3-Clause
// Adam, with weight decay in the gradient or beside it.
#ifndef SQWA_NN_ADAM_HPP
#define SQWA_NN_ADAM_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct adam_options {
  double beta1 = 0.9;            ///< how much of the mean gradient stays at each step
  double beta2 = 0.999;          ///< how much of the mean squared gradient stays
  double epsilon = 1e-8;         ///< added to the root
  float weight_decay = 0;        ///< of a `role::weight`; biases and norms have none
  bool decoupled_decay = false;  ///< AdamW: the decay acts on the weight itself, not through the gradient
};

/// Adam as torch defines it: with g the gradient of step t, counted from 1,
///
///     m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
///     w -= rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// D. P. Kingma, J. Ba, "Adam", arXiv 1412.6980, algorithm 1. Weight decay is added to the gradient, g += weight_decay
/// w, or with `decoupled_decay` w *= 1 - rate weight_decay comes before the step and g stays as it is: AdamW, I.
/// Loshchilov, F. Hutter, arXiv 1711.05101, with the decay times the rate, as in torch.
///
/// Memory: two numbers for each trained one. Non-finite gradients end up in the weights. The same bits on every
/// backend.
template <real T = float>
class adam {
 public:
  /// @pre beta1 and beta2 in [0, 1); epsilon > 0 and finite; weight_decay >= 0
  explicit adam(adam_options options = {}) : options_(options) {
    expects(options.beta1 >= 0 && options.beta1 < 1, "adam: beta1 {} is not in [0, 1)", options.beta1);
    expects(options.beta2 >= 0 && options.beta2 < 1, "adam: beta2 {} is not in [0, 1)", options.beta2);
    expects(options.epsilon > 0 && options.epsilon <= std::numeric_limits<double>::max(),
            "adam: epsilon {} is not positive and finite", options.epsilon);
    expects(options.weight_decay >= 0, "adam: weight decay {} is negative", options.weight_decay);
  }

  /// Makes room for what is remembered of `model`; the first step does so otherwise.
  template <class Model>
  void reserve(Model& model) {
    first_.resize(detail::trained_size<T>(model));
    second_.resize(first_.size());
  }

  /// Moves every trained parameter that `model.visit` shows by one step. Always of the same model.
  template <class Model, any_backend B = backend<>>
  void step(Model& model, T rate, B const& where = {}) {
    if (first_.empty()) reserve(model);
    ++steps_;
    std::size_t first = 0;
    model.visit([&](parameter<T> const& p) {
      if (p.gradient.empty()) return;
      move(p, first, static_cast<double>(rate), where);
      first += p.value.size();
    });
  }

  /// Forgets the moments and begins to count anew.
  void reset() noexcept {
    std::ranges::fill(first_, T(0));
    std::ranges::fill(second_, T(0));
    steps_ = 0;
  }

  /// Shows all that is remembered: `f(name, span)` for each array, `f(name, counter)` for each `std::int64_t`. What `f`
  /// writes there is continued from. The arrays are empty before `reserve` or the first step.
  template <class F>
  void visit_state(F&& f) {
    f("first_moment", std::span<T>(first_));
    f("second_moment", std::span<T>(second_));
    f("steps", steps_);
  }
  template <class F>
  void visit_state(F&& f) const {
    f("first_moment", std::span<T const>(first_));
    f("second_moment", std::span<T const>(second_));
    f("steps", steps_);
  }

 private:
  template <any_backend B>
  void move(parameter<T> const& p, std::size_t first, double rate, B const& where) {
    double const decay = p.kind == role::weight ? static_cast<double>(options_.weight_decay) : 0;
    auto const in_gradient = static_cast<T>(options_.decoupled_decay ? 0 : decay);
    auto const kept = static_cast<T>(options_.decoupled_decay ? 1 - rate * decay : 1);
    auto const beta2 = static_cast<T>(options_.beta2);
    auto const new1 = static_cast<T>(1 - options_.beta1), new2 = static_cast<T>(1 - options_.beta2);
    auto const length = static_cast<T>(rate / (1 - sqwa::detail::power(options_.beta1, steps_)));
    auto const unbias = static_cast<T>(1 / std::sqrt(1 - sqwa::detail::power(options_.beta2, steps_)));
    auto const epsilon = static_cast<T>(options_.epsilon);
    for_each_chunk(where.exec, p.value.size(),
                   [=, w = p.value.data(), d = p.gradient.data(), m = first_.data() + first,
                    v = second_.data() + first](std::size_t i, std::size_t last) {
                     for (; i != last; ++i) {
                       T const g = d[i] + in_gradient * w[i];
                       m[i] += new1 * (g - m[i]);
                       v[i] = beta2 * v[i] + new2 * g * g;
                       w[i] = kept * w[i] - length * m[i] / (std::sqrt(v[i]) * unbias + epsilon);
                     }
                   });
  }

  adam_options options_;
  std::vector<T> first_, second_;  // moments
  std::int64_t steps_ = 0;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
