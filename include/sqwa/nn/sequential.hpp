// SPDX-License-Identifier: BSD-3-Clause
// Layers one after the other.
#ifndef SQWA_NN_SEQUENTIAL_HPP
#define SQWA_NN_SEQUENTIAL_HPP

#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/layer.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Layers one after the other: itself a layer.
///
/// The layers are known at compile time and called without indirection; `stack` holds layers chosen at run time. Layers
/// that work in place share the memory of the one before. Parameters are named after layer and place, counted from 1:
/// "conv2d_1.weight", "batch_norm_2.scale". `visit_layers(f)` calls f(layer) for each layer, those inside of layers in
/// the place of these.
/// Memory: what the layers hold and, from `reserve`, one activation for each layer that is not in place, two gradients.
template <layer First, layer... Rest>
  requires(std::same_as<typename First::scalar, typename Rest::scalar>&&...)
class sequential : public detail::chain<sequential<First, Rest...>, typename First::scalar> {
 public:
  static constexpr char const* name = "sequential";
  static constexpr std::size_t count = 1 + sizeof...(Rest);

  explicit sequential(First first, Rest... rest) : layers_(std::move(first), std::move(rest)...) {}

  /// Layer I, counted from 0.
  template <std::size_t I>
  [[nodiscard]] auto const& get() const noexcept {
    return std::get<I>(layers_);
  }

 private:
  friend detail::chain<sequential, typename First::scalar>;

  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... l) { (f(l), ...); }, layers_);
  }
  template <class F>
  void each_backwards(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(std::get<count - 1 - I>(layers_)), ...); }
    (std::make_index_sequence<count>{});
  }

  std::tuple<First, Rest...> layers_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
