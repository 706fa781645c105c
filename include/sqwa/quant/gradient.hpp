// SPDX-License-Identifier: BSD-3-Clause
// How a gradient passes the rounding: straight-through estimators.
#ifndef SQWA_QUANT_GRADIENT_HPP
#define SQWA_QUANT_GRADIENT_HPP

#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Turns the gradient at the quantized weights into one for the latent weights, in place.
///
/// Models: element i of the result depends on element i of gradient and latent weights and on the scale of its block.
template <class G>
concept ste = std::semiregular<G> &&
    requires(G const g, std::span<float> gradient, std::span<float const> latent, blocks const& layout,
             std::span<float const> scales, symmetric<3> const& format) {
  { g(gradient, latent, layout, scales, format) } -> std::same_as<void>;
};

/// The gradient passes where the rounding is the identity but for a step, and is 0 beyond the outermost point.
///
/// It is the derivative of clamp(w, ±max_code * scale), and passes on the outermost point itself: Y. Bengio, N.
/// Léonard, A. Courville, arXiv 1308.3432. A scale of 0 lets pass where w is 0; a NaN in `latent` or as a scale passes
/// nothing, a NaN gradient passes as it is.
/// Memory: none.
struct ste_clipped {
  /// @pre sizes that agree with a valid layout
  template <real T, uniform_format F>
  void operator()(std::span<T> gradient, std::span<std::type_identity_t<T> const> latent, blocks const& layout,
                  std::span<float const> scales, F const&) const {
    detail::check_sizes("ste_clipped", latent.size(), layout, scales.size(), gradient.size());
    for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
      T const edge = static_cast<T>(scales[block]) * static_cast<T>(F::max_code);
      for (std::size_t i = first; i != first + length; ++i) {
        gradient[i] = std::abs(latent[i]) <= edge ? gradient[i] : T{0};
      }
    });
  }
};

/// The gradient passes as it is, everywhere.
struct ste_plain {
  template <real T, uniform_format F>
  void operator()(std::span<T>, std::span<std::type_identity_t<T> const>, blocks const&, std::span<float const>,
                  F const&) const noexcept {}
};

}  // namespace sqwa::inline SQWA_ABI

#endif
