// SPDX-License-Identifier: BSD-3-Clause
// What sequential and stack share: layers that run one after the other, and the memory between them.
#ifndef SQWA_NN_CHAIN_HPP
#define SQWA_NN_CHAIN_HPP

#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// The noise that part i of a layer is built from, when the layer itself is built from `whole`: another one for each
/// part of each part, five levels deep.
inline noise part_noise(noise const& whole, std::size_t i) noexcept {
  return {.seed = whole.seed,
          .tensor = whole.tensor * 64 + static_cast<std::uint32_t>(i % 63) + 1,
          .step = whole.step * 1024 + i / 63};
}

/// Calls `f` for `l`, or, if layers lie inside, for each of them.
template <class L, class F>
void visit_layers(L& l, F& f) {
  if constexpr (requires { l.visit_layers(f); }) {
    l.visit_layers(f);
  } else {
    f(l);
  }
}

/// Appends the parameters of `l` to `all`, their names behind `prefix`.
template <class L, class T>
void append_parameters(L& l, std::string const& prefix, std::vector<parameter<T>>& all) {
  auto const add = [&](parameter<T> p) {
    p.name = prefix + p.name;
    all.push_back(std::move(p));
  };
  if constexpr (requires { l.parameters(); }) {
    for (auto const& p : l.parameters()) add(p);
  } else {
    l.visit(add);
  }
}

/// The members of a layer `Self` that holds others. `Self` has `visit_layers(f)` and `parameters()`.
template <class Self, class T>
class layer_holder {
 public:
  using scalar = T;
  static constexpr bool in_place = false;

  /// Calls `f` for the parameters of all layers inside, under the names that these layers give them.
  template <class F>
  void visit(F&& f) {
    self().visit_layers([&](auto& l) { l.visit(f); });
  }

  void begin_refresh() {
    self().visit_layers([](auto& l) {
      if constexpr (requires { l.begin_refresh(); }) l.begin_refresh();
    });
  }
  void end_refresh() {
    self().visit_layers([](auto& l) {
      if constexpr (requires { l.end_refresh(); }) l.end_refresh();
    });
  }

 protected:
  Self& self() noexcept { return static_cast<Self&>(*this); }
};

/// Layers one after the other, however `Self` holds them: its `each(f)` calls `f(layer)` from the first to the last,
/// `each_backwards(f)` from the last to the first.
///
/// Layers that work in place share the memory of the one before.
template <class Self, class T>
class chain : public layer_holder<Self, T> {
  using layer_holder<Self, T>::self;

 public:
  /// @pre there are layers, and each takes what the one before gives; a sample fits into the address space everywhere
  shape build(shape const& input, noise const& init) {
    forget();
    shape extents = input;
    sizes_.push_back(sample_size(input));
    self().each([&](auto& l) {
      std::size_t const i = homes_.size();
      extents = l.build(extents, part_noise(init, i));
      sizes_.push_back(sample_size(extents));
      homes_.push_back(l.in_place && i > 0 ? homes_.back() : i);
    });
    expects(!homes_.empty(), "{}: no layers", Self::name);
    activations_.resize(homes_.size());
    return extents;
  }

  /// @pre built
  void reserve(std::size_t batch) {
    expects(!homes_.empty(), "{}: reserve before build", Self::name);
    self().each([&](auto& l) { l.reserve(batch); });
    if (batch <= reserved_) return;
    reserved_ = batch;
    std::size_t largest = 0;
    for (std::size_t i = 0; i + 1 < homes_.size(); ++i) {
      largest = std::max(largest, sizes_[i + 1]);
      if (homes_[i] == i) activations_[i].assign(batch * sizes_[i + 1], T(0));
    }
    for (auto& g : gradients_) g.assign(batch * largest, T(0));
  }

  /// @pre built, and at least `batch` samples reserved
  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    expects(batch <= reserved_, "{}: a batch of {} samples, where {} are reserved", Self::name, batch, reserved_);
    std::size_t i = 0;
    self().each([&](auto& l) {
      std::span<T> const next = i + 1 == homes_.size() ? y : output(i, batch);
      l.forward(x, next, batch, what, where);
      x = next;
      ++i;
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    std::size_t i = homes_.size(), side = 0;  // dy lies in gradients_[side], or outside for the last layer
    self().each_backwards([&](auto& l) {
      if (i == homes_.size() || !l.in_place) side = 1 - side;
      --i;
      std::span<T> const next = i == 0 ? dx : std::span(gradients_[side]).first(batch * sizes_[i]);
      l.backward(i == 0 ? x : output(i - 1, batch), dy, next, batch, where);
      dy = next;
    });
  }

  /// Calls `f(layer, name)` for each layer, in order, as it is; its name is the first word of its parameters' names.
  template <class F>
  void visit_parts(F&& f) {
    std::size_t i = 0;
    self().each([&](auto& l) { f(l, std::string(l.name) + "_" + std::to_string(++i)); });
  }

  /// Calls `f(layer)` for each layer, in order, those inside of layers in the place of these.
  template <class F>
  void visit_layers(F&& f) {
    self().each([&](auto& l) { detail::visit_layers(l, f); });
  }

  /// All parameters under their full names: layer and place, counted from 1, before the layer's own.
  [[nodiscard]] std::vector<parameter<T>> parameters() {
    std::vector<parameter<T>> all;
    visit_parts([&](auto& l, std::string const& part) { append_parameters(l, part + ".", all); });
    return all;
  }

 protected:
  /// Not built any more.
  void forget() {
    sizes_.clear();
    homes_.clear();
    activations_.clear();
    reserved_ = 0;
  }

 private:
  static std::size_t sample_size(shape const& extents) {
    expects(extents.addressable<T>(), "{}: a sample between two layers has more elements than fit into memory",
            Self::name);
    return extents.size();
  }
  std::span<T> output(std::size_t i, std::size_t batch) noexcept {
    return std::span(activations_[homes_[i]]).first(batch * sizes_[i + 1]);
  }

  std::vector<std::size_t> sizes_;              // elements of one sample between the layers
  std::vector<std::size_t> homes_;              // in whose memory the output of each layer lies
  std::vector<aligned_vector<T>> activations_;  // of the layers that are not in place; the last one's is the caller's
  std::array<aligned_vector<T>, 2> gradients_;  // of the activation behind and of the one before a layer
  std::size_t reserved_ = 0;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
