// SPDX-License-Identifier: BSD-3-Clause
// How a number becomes one of the two integers around it.
#ifndef SQWA_QUANT_ROUNDING_HPP
#define SQWA_QUANT_ROUNDING_HPP

#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <concepts>

namespace sqwa::inline SQWA_ABI {

/// Picks one of the two integers around `t`.
///
/// Models: for every finite `t` and every `u` in [0, 1), `r(t, u)` is `floor(t)` or `ceil(t)`. A rounding that does not
/// need noise does not look at `u`. NaN stays NaN, infinity stays infinity.
template <class R>
concept rounding = std::semiregular<R> && requires(R const r, float f, double d) {
  { R::needs_noise } -> std::convertible_to<bool>;
  { r(f, f) }
  noexcept->std::same_as<float>;
  { r(d, d) }
  noexcept->std::same_as<double>;
};

/// Rounds to the nearest integer, ties to even: the default, and what ONNX, PyTorch and NumPy do.
struct nearest_even {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, T) const noexcept {
    return std::rint(t);
  }
};

/// Rounds to the nearest integer, ties away from zero: what ggml and OpenVINO do.
struct half_away {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, T) const noexcept {
    return std::round(t);
  }
};

/// Drops the fractional part.
struct toward_zero {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, T) const noexcept {
    return std::trunc(t);
  }
};

/// Rounds up with a probability equal to the fractional part; unbiased up to the resolution of `u`.
struct stochastic {
  static constexpr bool needs_noise = true;
  template <real T>
  T operator()(T t, T u) const noexcept {
    T const down = std::floor(t);
    return u < t - down ? down + 1 : down;  // floor(t + u) would round t + u first, and could leave [floor, ceil]
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
