// SPDX-License-Identifier: BSD-3-Clause
// Stochastic gradient descent with momentum.
#ifndef SQWA_NN_SGD_HPP
#define SQWA_NN_SGD_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct sgd_options {
  float momentum = 0.9F;
  bool nesterov = false;
  float weight_decay = 0;
};

/// Stochastic gradient descent, in torch's form: v = momentum v + g and w -= rate v; with `nesterov` w -= rate (g +
/// momentum v). The gradient g of a `role::weight` holds weight_decay * w too, that of biases and norms does not.
///
/// The rate stands outside the velocity. In the form of I. Sutskever et al., ICML 2013, it stands inside: v = momentum
/// v - rate g and w += v. Both are the same while the rate stays. When it changes, as it does in every cycle, here the
/// old gradients count at once by the new rate, there they keep the rate of their own step.
///
/// Memory: one number for each trained one. Non-finite gradients end up in the weights. The same bits on every backend.
template <real T = float>
class sgd {
 public:
  /// @pre momentum in [0, 1), weight_decay finite and not negative
  explicit sgd(sgd_options options = {}) : options_(options) {
    expects(options.momentum >= 0 && options.momentum < 1, "sgd: momentum {} is not in [0, 1)", options.momentum);
    expects(options.weight_decay >= 0 && std::isfinite(options.weight_decay), "sgd: a weight decay of {}",
            options.weight_decay);
  }

  /// Makes room for what is remembered of `model`; the first step does so otherwise.
  template <class Model>
  void reserve(Model& model) {
    velocity_.resize(detail::trained_size<T>(model));
  }

  /// Moves every trained parameter that `model.visit` shows by one step. Always of the same model.
  template <class Model, any_backend B = backend<>>
  void step(Model& model, T rate, B const& where = {}) {
    if (velocity_.empty()) reserve(model);
    std::size_t first = 0;
    model.visit([&](parameter<T> const& p) {
      if (p.gradient.empty()) return;
      T const decay = p.kind == role::weight ? static_cast<T>(options_.weight_decay) : T(0);
      move(p.value, p.gradient, std::span(velocity_).subspan(first, p.value.size()), rate, decay, where);
      first += p.value.size();
    });
  }

  /// Forgets the momentum.
  void reset() noexcept { std::ranges::fill(velocity_, T(0)); }

  /// Shows all that is remembered: `f(name, span)`. What `f` writes there is continued from. Empty before `reserve` or
  /// the first step.
  template <class F>
  void visit_state(F&& f) {
    f("velocity", std::span<T>(velocity_));
  }
  template <class F>
  void visit_state(F&& f) const {
    f("velocity", std::span<T const>(velocity_));
  }

 private:
  template <any_backend B>
  void move(std::span<T> value, std::span<T const> gradient, std::span<T> velocity, T rate, T decay, B const& where) {
    auto const mu = static_cast<T>(options_.momentum);
    bool const nesterov = options_.nesterov;
    for_each_chunk(where.exec, value.size(),
                   [=, w = value.data(), d = gradient.data(), v = velocity.data()](std::size_t i, std::size_t last) {
                     for (; i != last; ++i) {
                       T const g = d[i] + decay * w[i];
                       v[i] = mu * v[i] + g;
                       w[i] -= rate * (nesterov ? g + mu * v[i] : v[i]);
                     }
                   });
  }

  sgd_options options_;
  std::vector<T> velocity_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
