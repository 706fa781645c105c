// SPDX-License-Identifier: BSD-3-Clause
// What a layer of the included trainer is: one differentiable step, its parameters, and how a batch is cut.
#ifndef SQWA_NN_LAYER_HPP
#define SQWA_NN_LAYER_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// What a parameter is for: only a `weight` is quantized and decays; a `norm` is a scale, a shift or a learned bound of
/// activations; a `statistic` is measured, not trained.
enum class role { weight, bias, norm, statistic };

/// What a forward pass is for: `train` keeps what `backward` needs and moves running statistics; `infer` uses the
/// running statistics; `refresh` normalizes by the batch and gathers statistics between `begin_refresh` and
/// `end_refresh`.
enum class pass { train, infer, refresh };

/// A view of one tensor of a model: valid while the model is neither destroyed nor assigned to.
///
/// A `mutable_tensor`: its elements are those of `value`. `gradient` is empty for a statistic.
template <real T>
struct parameter {
  std::string name;
  shape extents;
  std::span<T> value;
  std::span<T> gradient;
  role kind = role::weight;
};

/// One differentiable step of a model, applied to a batch that is stored sample after sample, channels last.
///
/// - `build(input, init)` fixes the extents of one sample, draws the initial weights from `init` and returns the
/// extents
///   of one sample of the output. Called again, it starts anew.
/// - `reserve(batch)` allocates what batches of up to `batch` samples need; nothing is allocated afterwards.
/// - `forward(x, y, batch, pass, backend)` computes y from x.
/// - `backward(x, dy, dx, batch, backend)` follows a `forward` in `pass::train` on the same x. It overwrites dx and the
///   gradients of the parameters; an empty dx is not computed.
/// - `visit(f)` calls `f(parameter)` for each parameter, in an order that does not change, with the layer's own names.
///
/// Models: `in_place` is true only where `forward` may be given one run of memory as x and y, and `backward` as dy and
/// dx, with x holding what `forward` left there. A layer does not read its y in `backward`: the next layer may have
/// overwritten it. The same bits on every executor.
template <class L>
concept layer = std::copyable<L> && real<typename L::scalar> &&
    requires(L l, std::span<typename L::scalar const> x, std::span<typename L::scalar> y, std::size_t batch, noise init,
             shape input, pass what, backend<> where, void (*f)(parameter<typename L::scalar> const&)) {
  { L::name } -> std::convertible_to<std::string>;
  { L::in_place } -> std::convertible_to<bool>;
  { l.build(input, init) } -> std::same_as<shape>;
  l.reserve(batch);
  l.forward(x, y, batch, what, where);
  l.backward(x, x, y, batch, where);
  l.visit(f);
};

/// The members that most layers without parameters share; a layer derives from it and hides what it does otherwise.
template <real T>
struct layer_defaults {
  using scalar = T;
  static constexpr bool in_place = false;

  void reserve(std::size_t) {}
  template <class F>
  void visit(F&&) {}
};

namespace detail {

/// The pieces of a batch, at least eight samples each and at most 32: a function of the batch size alone.
constexpr chunks sample_pieces(std::size_t batch) { return {batch, std::max<std::size_t>(8, (batch + 31) / 32)}; }

/// How many numbers an optimizer moves: the elements of all parameters with a gradient.
template <real T, class Model>
std::size_t trained_size(Model& model) {
  std::size_t total = 0;
  model.visit([&](parameter<T> const& p) { total += p.gradient.size(); });
  return total;
}

/// Calls `f(at, channel)` for each element `at` of rows of `channels` elements.
///
/// Sixteen channels at a time: a fixed inner loop, which compilers turn into vectors whatever the number of channels.
template <class F>
void for_each_channel(std::size_t rows, std::size_t channels, F f) {
  constexpr std::size_t lanes = 16;
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    for (std::size_t i = 0, at = c; i != rows; ++i, at += channels) {
      for (std::size_t k = 0; k != lanes; ++k) f(at + k, c + k);
    }
  }
  if (c == channels) return;
  for (std::size_t i = 0; i != rows; ++i) {
    for (std::size_t k = c; k != channels; ++k) f(i * channels + k, k);
  }
}

/// total[c] = the sum of f(at, c) over the elements of channel c, in ascending order of rows.
template <class T, class F>
void sum_channels(std::size_t rows, std::size_t channels, T* total, F f) {
  constexpr std::size_t lanes = 16;
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    T sum[lanes] = {};
    for (std::size_t i = 0, at = c; i != rows; ++i, at += channels) {
      for (std::size_t k = 0; k != lanes; ++k) sum[k] += f(at + k, c + k);
    }
    for (std::size_t k = 0; k != lanes; ++k) total[c + k] = sum[k];
  }
  if (c == channels) return;
  std::fill(total + c, total + channels, T(0));
  for (std::size_t i = 0; i != rows; ++i) {
    for (std::size_t k = c; k != channels; ++k) total[k] += f(i * channels + k, k);
  }
}

/// to[j * rows + i] = from[i * columns + j] for the columns [first, last).
template <class T>
void transpose(T const* from, T* to, std::size_t rows, std::size_t columns, std::size_t first, std::size_t last) {
  constexpr std::size_t block = 16;  // rows and columns of a block share a few cache lines
  for (std::size_t j0 = first; j0 < last; j0 += block) {
    std::size_t const j1 = std::min(last, j0 + block);
    for (std::size_t i0 = 0; i0 < rows; i0 += block) {
      std::size_t const i1 = std::min(rows, i0 + block);
      for (std::size_t j = j0; j != j1; ++j) {
        for (std::size_t i = i0; i != i1; ++i) to[j * rows + i] = from[i * columns + j];
      }
    }
  }
}

}  // namespace detail

}  // namespace nn

template <real T>
struct adapter<nn::parameter<T>> {
  static constexpr std::span<T> elements(nn::parameter<T> const& p) noexcept { return p.value; }
  static constexpr sqwa::shape const& shape(nn::parameter<T> const& p) noexcept { return p.extents; }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
