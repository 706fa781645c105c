// SPDX-License-Identifier: BSD-3-Clause
// Which of the two integers around a number is taken.
#ifndef SQWA_QUANT_ROUNDING_HPP
#define SQWA_QUANT_ROUNDING_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <concepts>

namespace sqwa::inline SQWA_ABI {

/// Picks one of the two integers around `t`.
///
/// Models: `r(t, u)` is `floor(t)` or `ceil(t)` for every `u` in [0, 1); an integer stays. `r` is unbiased when its mean over a
/// uniform `u` is `t`. Infinity and NaN stay what they are.
template <class R>
concept rounding = std::semiregular<R> && requires(R const r, float t, double d, float u) {
  { R::needs_noise } -> std::convertible_to<bool>;
  { r(t, u) } noexcept -> std::same_as<float>;
  { r(d, u) } noexcept -> std::same_as<double>;
};

/// To the nearest integer, ties to even: what ONNX, PyTorch and numpy do.
struct nearest_even {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, float) const noexcept {
    return std::rint(t);
  }
};

/// To the nearest integer, ties away from zero: what `std::round` and ggml do.
struct half_away {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, float) const noexcept {
    T const down = std::trunc(t);  // t - down is exact, so a tie is seen as one
    return std::abs(t - down) >= T(0.5) ? down + std::copysign(T(1), t) : down;
  }
};

/// To the integer nearer to zero.
struct toward_zero {
  static constexpr bool needs_noise = false;
  template <real T>
  T operator()(T t, float) const noexcept {
    return std::trunc(t);
  }
};

/// Up with a probability equal to the fractional part; unbiased but for the 2^-24 steps of `u`.
struct stochastic {
  static constexpr bool needs_noise = true;
  template <real T>
  T operator()(T t, float u) const noexcept {
    T const down = std::floor(t);
    return T(u) < t - down ? down + 1 : down;  // floor(t + u) would round t + u first, and could leave [floor, ceil]
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
