// SPDX-License-Identifier: BSD-3-Clause
// How a learned scale or bound moves without ever leaving the positive numbers.
#ifndef SQWA_QUANT_POSITIVE_STEP_HPP
#define SQWA_QUANT_POSITIVE_STEP_HPP

#include <sqwa/quant/fit.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>

namespace sqwa::inline SQWA_ABI {

/// Where a learned scale stays: by default where it and its inverse are normal floats.
struct positive_range {
  float least = 0x1p-126F;
  float most = 0x1p126F;

  template <real T>
  [[nodiscard]] constexpr bool holds(T value) const noexcept {
    return value >= static_cast<T>(least) && value <= static_cast<T>(most);  // no NaN
  }

  bool operator==(positive_range const&) const = default;
};

namespace detail {

/// The range of a scale whose product with `max_code` is finite too.
inline positive_range scale_range(int max_code) noexcept { return {.most = finite_scale(0x1p126, max_code)}; }

/// The range of the outermost point, max_code * scale.
inline positive_range bound_range(int max_code) noexcept {
  positive_range const scale = scale_range(max_code);
  auto const codes = static_cast<float>(max_code);
  return {scale.least * codes, scale.most * codes};
}

}  // namespace detail

/// `proposed`, but at least half and at most twice `old`, and always within `range`.
///
/// A scale that halves or doubles moves every code by that factor: whoever asks for more has left the neighbourhood in
/// which the gradient says anything. So no gradient and no rate makes a scale vanish or explode at once, and a scale
/// that became tiny doubles with every step that asks for it: it needs 20 steps for a factor of a million, and never
/// sticks. Infinity halves or doubles; a NaN in `proposed` gives `old`. An `old` of 0 gives the least of the range,
/// from where it may grow. `old` is not negative. Memory: none.
template <real T>
[[nodiscard]] constexpr T positive_step(T old, T proposed, positive_range range = {}) noexcept {
  T const next = proposed == proposed ? std::clamp(proposed, old / 2, 2 * old) : old;
  return std::clamp(next, static_cast<T>(range.least), static_cast<T>(range.most));
}

}  // namespace sqwa::inline SQWA_ABI

#endif
