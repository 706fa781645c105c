// SPDX-License-Identifier: BSD-3-Clause
// Layers one after the other.
#ifndef SQWA_NN_SEQUENTIAL_HPP
#define SQWA_NN_SEQUENTIAL_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Layers one after the other: itself a layer.
///
/// The layers are known at compile time and called without indirection. Layers that work in place share the memory of
/// the one before. Parameters are named after layer and place, counted from 1: "conv2d_1.weight", "batch_norm_2.scale".
/// Memory: what the layers hold and, from `reserve`, one activation for each layer that is not in place, two gradients.
template <layer First, layer... Rest>
  requires(std::same_as<typename First::scalar, typename Rest::scalar>&&...)
class sequential {
  using T = typename First::scalar;

 public:
  using scalar = T;
  static constexpr char const* name = "sequential";
  static constexpr bool in_place = false;
  static constexpr std::size_t count = 1 + sizeof...(Rest);

  explicit sequential(First first, Rest... rest) : layers_(std::move(first), std::move(rest)...) {}

  shape build(shape const& input, noise const& init) {
    sizes_[0] = input.size();
    shape extents = input;
    std::size_t i = 0;
    each([&](auto& l) {
      noise const own{
          .seed = init.seed, .tensor = init.tensor * 64 + static_cast<std::uint32_t>(i) + 1, .step = init.step};
      extents = l.build(extents, own);
      sizes_[++i] = extents.size();
    });
    reserved_ = 0;
    return extents;
  }

  void reserve(std::size_t batch) {
    each([&](auto& l) { l.reserve(batch); });
    if (batch <= reserved_) return;
    reserved_ = batch;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      if (home(i) == i) activations_[i].assign(batch * sizes_[i + 1], T(0));
    }
    std::size_t const largest = *std::max_element(sizes_.begin(), sizes_.end());
    for (auto& g : gradients_) g.assign(count == 1 ? 0 : batch * largest, T(0));
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    forward_from<0>(x, y, batch, what, where);
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    backward_from<count - 1>(x, dy, dx, batch, where, 0);
  }

  /// Calls `f` for the parameters of all layers, under the names that the layers give them.
  template <class F>
  void visit(F&& f) {
    each([&](auto& l) { l.visit(f); });
  }

  /// All parameters under their full names.
  [[nodiscard]] std::vector<parameter<T>> parameters() {
    std::vector<parameter<T>> all;
    std::size_t i = 0;
    each([&](auto& l) {
      std::string const prefix = std::string(l.name) + "_" + std::to_string(++i) + ".";
      auto const add = [&](parameter<T> p) {
        p.name = prefix + p.name;
        all.push_back(std::move(p));
      };
      if constexpr (requires { l.parameters(); }) {
        for (auto const& p : l.parameters()) add(p);
      } else {
        l.visit(add);
      }
    });
    return all;
  }

  void begin_refresh() {
    each([](auto& l) {
      if constexpr (requires { l.begin_refresh(); }) l.begin_refresh();
    });
  }
  void end_refresh() {
    each([](auto& l) {
      if constexpr (requires { l.end_refresh(); }) l.end_refresh();
    });
  }

  /// Layer I, counted from 0.
  template <std::size_t I>
  [[nodiscard]] auto const& get() const noexcept {
    return std::get<I>(layers_);
  }

 private:
  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... l) { (f(l), ...); }, layers_);
  }

  /// In whose memory the output of layer i lies.
  static constexpr std::size_t home(std::size_t i) noexcept {
    constexpr std::array<bool, count> shares{First::in_place, Rest::in_place...};
    while (i > 0 && shares[i]) --i;
    return i;
  }

  std::span<T> output(std::size_t i, std::size_t batch) noexcept {
    return std::span(activations_[home(i)]).first(batch * sizes_[i + 1]);
  }

  template <std::size_t I, any_backend B>
  void forward_from(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    if constexpr (I + 1 == count) {
      std::get<I>(layers_).forward(x, y, batch, what, where);
    } else {
      std::span<T> const next = output(I, batch);
      std::get<I>(layers_).forward(x, next, batch, what, where);
      forward_from<I + 1>(next, y, batch, what, where);
    }
  }

  /// `dy` lies in gradients_[side], or outside for the last layer.
  template <std::size_t I, any_backend B>
  void backward_from(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where,
                     std::size_t side) {
    auto& l = std::get<I>(layers_);
    if constexpr (I == 0) {
      l.backward(x, dy, dx, batch, where);
    } else {
      if (I + 1 == count || !l.in_place) side = 1 - side;
      auto const next = std::span(gradients_[side]).first(batch * sizes_[I]);
      l.backward(output(I - 1, batch), dy, next, batch, where);
      backward_from<I - 1>(x, next, dx, batch, where, side);
    }
  }

  std::tuple<First, Rest...> layers_;
  std::array<std::size_t, count + 1> sizes_{};  // elements of one sample between the layers
  std::array<std::vector<T>, count>
      activations_{};                          // of the layers that are not in place; the last one's is the caller's
  std::array<std::vector<T>, 2> gradients_{};  // of the activation behind and of the one before a layer
  std::size_t reserved_ = 0;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
