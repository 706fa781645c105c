// SPDX-License-Identifier: BSD-3-Clause
// Layers one after the other, chosen at run time.
#ifndef SQWA_NN_STACK_HPP
#define SQWA_NN_STACK_HPP

#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/layer.hpp>

#include <concepts>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Layers one after the other, each of one of the types `First`, `Rest...`: itself a layer.
///
/// Names, memory and bits are those of a `sequential` of the same layers; how many there are, and which, is decided at
/// run time. A call of a layer costs one branch more.
template <layer First, layer... Rest>
  requires(std::same_as<typename First::scalar, typename Rest::scalar>&&...)
class stack : public detail::chain<stack<First, Rest...>, typename First::scalar> {
 public:
  static constexpr char const* name = "stack";

  /// Whether a layer of type L may be added.
  template <class L>
  static constexpr bool holds = std::same_as<L, First> || (std::same_as<L, Rest> || ...);

  stack() = default;
  /// The layers given, in this order.
  template <class... L>
    requires(sizeof...(L) > 0 && (holds<L> && ...))
  explicit stack(L... layers) { (add(std::move(layers)), ...); }

  /// Puts a layer behind the others. The stack must then be built, and reserved for, again.
  template <class L>
  requires holds<L> stack& add(L l) {
    this->forget();
    layers_.emplace_back(std::move(l));
    return *this;
  }

  /// How many layers there are.
  [[nodiscard]] std::size_t size() const noexcept { return layers_.size(); }

 private:
  friend detail::chain<stack, typename First::scalar>;

  template <class F>
  void each(F&& f) {
    for (auto& l : layers_) std::visit(f, l);
  }
  template <class F>
  void each_backwards(F&& f) {
    for (auto l = layers_.rbegin(); l != layers_.rend(); ++l) std::visit(f, *l);
  }

  std::vector<std::variant<First, Rest...>> layers_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
