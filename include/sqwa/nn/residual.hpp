// SPDX-License-Identifier: BSD-3-Clause
// A layer around which its input finds another way.
#ifndef SQWA_NN_RESIDUAL_HPP
#define SQWA_NN_RESIDUAL_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/identity.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

namespace detail {

/// A layer that adds its output to what is there: `add(x, y, batch, backend)` and `add_back(dy, dx, batch, backend)`.
template <class L>
concept adding_layer = layer<L> && requires(L const l, std::span<typename L::scalar const> from,
                                            std::span<typename L::scalar> to, std::size_t batch, backend<> where) {
  l.add(from, to, batch, where);
  l.add_back(from, to, batch, where);
};

}  // namespace detail

/// y = body(x) + shortcut(x), both of them any layers whose outputs have equal extents.
///
/// Shortcuts: `identity` (the default), `padding_shortcut`, or a projection such as
/// `sequential{conv2d{filters, {.kernel = 1, .stride = 2, .bias = false}}, batch_norm{}}`. What follows the sum in a
/// network, mostly a relu, is a layer of its own.
/// Parameters are those of both: "body.conv2d_1.weight", "shortcut.batch_norm_2.scale".
/// Memory: one activation and one gradient, for shortcuts other than `identity` and `padding_shortcut`.
///
/// K. He et al., "Deep residual learning for image recognition", CVPR 2016, section 3.2.
template <layer Body, layer Shortcut = identity<typename Body::scalar>>
  requires std::same_as<typename Body::scalar, typename Shortcut::scalar>
class residual : public detail::layer_holder<residual<Body, Shortcut>, typename Body::scalar> {
  using T = typename Body::scalar;

 public:
  static constexpr char const* name = "residual";

  explicit residual(Body body, Shortcut shortcut = Shortcut{})
      : body_(std::move(body)), shortcut_(std::move(shortcut)) {}

  /// @pre body and shortcut give equal extents
  shape build(shape const& input, noise const& init) {
    shape const main = body_.build(input, detail::part_noise(init, 0));
    shape const side = shortcut_.build(input, detail::part_noise(init, 1));
    expects(main.rank() == side.rank(), "residual: an output of {} extents of the body, {} of the shortcut",
            main.rank(), side.rank());
    for (std::size_t axis = 0; axis != main.rank(); ++axis) {
      expects(main[axis] == side[axis], "residual: extent {} of the output is {} of the body, {} of the shortcut", axis,
              main[axis], side[axis]);
    }
    larger_ = std::max(input.size(), main.size());
    other_.clear();
    return main;
  }

  void reserve(std::size_t batch) {
    body_.reserve(batch);
    shortcut_.reserve(batch);
    if (!detail::adding_layer<Shortcut>) other_.resize(std::max(other_.size(), batch * larger_));
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    body_.forward(x, y, batch, what, where);
    if constexpr (detail::adding_layer<Shortcut>) {
      shortcut_.add(x, y, batch, where);
    } else {
      std::span<T> const other = std::span(other_).first(y.size());
      shortcut_.forward(x, other, batch, what, where);
      identity<T>{}.add(other, y, batch, where);
    }
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    body_.backward(x, dy, dx, batch, where);
    if constexpr (detail::adding_layer<Shortcut>) {
      if (!dx.empty()) shortcut_.add_back(dy, dx, batch, where);
    } else {
      std::span<T> const other = std::span(other_).first(dx.size());
      shortcut_.backward(x, dy, other, batch, where);
      identity<T>{}.add(other, dx, batch, where);
    }
  }

  /// Calls `f(layer)` for each layer inside, those of the body first.
  template <class F>
  void visit_layers(F&& f) {
    detail::visit_layers(body_, f);
    detail::visit_layers(shortcut_, f);
  }

  /// All parameters under their full names.
  [[nodiscard]] std::vector<parameter<T>> parameters() {
    std::vector<parameter<T>> all;
    visit_parts([&](auto& l, std::string const& part) { detail::append_parameters(l, part + ".", all); });
    return all;
  }

  /// Calls `f(layer, name)` for the body and for the shortcut, as they are.
  template <class F>
  void visit_parts(F&& f) {
    f(body_, std::string("body"));
    f(shortcut_, std::string("shortcut"));
  }

  [[nodiscard]] Body const& body() const noexcept { return body_; }
  [[nodiscard]] Shortcut const& shortcut() const noexcept { return shortcut_; }

 private:
  Body body_;
  Shortcut shortcut_;
  std::size_t larger_ = 0;  // elements of one sample of input or output
  std::vector<T> other_;    // what the shortcut gives
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
