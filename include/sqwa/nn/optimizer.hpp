// SPDX-License-Identifier: BSD-3-Clause
// An optimizer that is chosen while the program runs.
#ifndef SQWA_NN_OPTIMIZER_HPP
#define SQWA_NN_OPTIMIZER_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/nn/adam.hpp>
#include <sqwa/nn/sgd.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <variant>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Which optimizer, and its figures.
using optimizer_options = std::variant<sgd_options, adam_options>;

/// `sgd` or `adam`, whichever the options belong to, with the members of both.
template <real T = float>
class optimizer {
 public:
  explicit optimizer(optimizer_options const& options = {})
      : chosen_(std::visit([](auto const& o) -> choice { return of(o); }, options)) {}

  template <class Model>
  void reserve(Model& model) {
    std::visit([&](auto& o) { o.reserve(model); }, chosen_);
  }
  template <class Model, any_backend B = backend<>>
  void step(Model& model, T rate, B const& where = {}) {
    std::visit([&](auto& o) { o.step(model, rate, where); }, chosen_);
  }
  void reset() noexcept {
    std::visit([](auto& o) { o.reset(); }, chosen_);
  }
  /// The names tell the optimizers apart.
  template <class F>
  void visit_state(F&& f) {
    std::visit([&](auto& o) { o.visit_state(f); }, chosen_);
  }
  template <class F>
  void visit_state(F&& f) const {
    std::visit([&](auto const& o) { o.visit_state(f); }, chosen_);
  }

 private:
  using choice = std::variant<sgd<T>, adam<T>>;
  static sgd<T> of(sgd_options const& o) { return sgd<T>(o); }
  static adam<T> of(adam_options const& o) { return adam<T>(o); }

  choice chosen_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
