// SPDX-License-Identifier: BSD-3-Clause
// Learned step size quantization of activations: one step for all of a layer, with or without points below zero.
#ifndef SQWA_QUANT_ACTIVATION_STEP_HPP
#define SQWA_QUANT_ACTIVATION_STEP_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/activation_quantizer.hpp>
#include <sqwa/quant/learned_step.hpp>
#include <sqwa/quant/positive_step.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Activations become code * scale with the codes 0 … levels - 1, or as many below zero as above; the scale is learned.
///
/// S. Esser et al., "Learned step size quantization", arXiv 1902.08153; the unsigned codes are for what follows a ReLU.
/// Parameters only; the scale is the caller's. The same bits on every backend.
struct activation_step {
  int levels = 16;
  bool is_signed = false;
  /// What the gradient of the scale is multiplied by. 0: 1 / sqrt(features * max_code), section 2.2; 1: nothing.
  float gradient_scale = 0;

  static constexpr bool learned = true;
  static constexpr char const* bound_name = "scale";

  /// Where the scale may lie.
  /// @pre levels in [2, 65536], and odd and at least 3 where is_signed
  [[nodiscard]] positive_range range() const { return detail::scale_range(max_code()); }

  /// 2 mean|x| / sqrt(max_code), section 2.1; 0 of no values and of zeros. NaN gives 0, infinity the end of the range.
  template <real T, any_backend B = backend<>>
  [[nodiscard]] T initial(std::span<T const> x, B const& where = {}) const {
    double const begin = 2 * detail::mean_magnitude(x, where) / std::sqrt(static_cast<double>(max_code()));
    return begin == begin ? detail::into<T>(range(), begin) : T{0};
  }

  /// y = the nearest of the points, ties to even. Infinity gives an end; NaN stays NaN. y may be x. Memory: none.
  /// @pre scale within range(); as many results as values; levels as for range()
  template <real T, any_backend B = backend<>>
  void forward(std::span<T const> x, std::span<T> y, T scale, B const& where = {}) const {
    detail::check_bound("activation_step", scale, range(), x.size(), y.size());
    detail::round_activations(x, y, scale, max_code(), is_signed, where);
  }

  /// dx = dy where x lies within the outermost points, else 0; returns the gradient of the scale.
  ///
  /// That is the sum of dy * (rint(v) - v) inside and dy * ±max_code outside, v = x * (1 / scale), times the gradient
  /// scale. Where codes begin at 0, a negative x passes nothing and adds nothing: its code is 0 whatever the scale. A
  /// NaN in x passes nothing and makes the result NaN; no values give 0. An empty dx is not computed; dx may be dy.
  /// Memory: 4 to 8 KiB of stack.
  /// @pre scale within range(); gradient_scale finite and >= 0; sizes that agree; levels as for range()
  template <real T, any_backend B = backend<>>
  T backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, T scale, std::size_t features,
             B const& where = {}) const {
    detail::check_bound("activation_step", scale, range(), x.size(), x.size());
    detail::check_gradient("activation_step", x, dy, dx);
    expects(gradient_scale >= 0 && gradient_scale <= std::numeric_limits<float>::max(),
            "activation_step: the gradient scale {}", gradient_scale);
    auto const limit = static_cast<T>(max_code());
    T const sum = detail::activation_gradient(x, dy, dx, where, [=, this](std::span<T> g, std::span<T const> values) {
      if (!is_signed) {
        detail::in_lanes(g.size(), [to = g.data(), from = values.data()](std::size_t, std::size_t i) {
          T const error = to[i];  // loaded in any case, so that the loop has no branch
          to[i] = from[i] < 0 ? T{0} : error;
        });
      }
      return B::kernels::template lsq_backward<T>(g, g, values, scale, limit);
    });
    return static_cast<T>(static_cast<double>(sum) *
                          detail::step_gradient_scale(gradient_scale, features, static_cast<double>(limit)));
  }

  /// scale - rate * gradient, but halved or doubled at most; always within range(). See `positive_step`.
  /// @pre scale >= 0
  template <real T>
  [[nodiscard]] T update(T scale, T gradient, float rate) const {
    return detail::descend("activation_step", scale, gradient, rate, range());
  }

 private:
  int max_code() const { return detail::activation_max_code("activation_step", levels, is_signed); }
};

static_assert(activation_quantizer<activation_step>);

}  // namespace sqwa::inline SQWA_ABI

#endif
