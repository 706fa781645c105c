// SPDX-License-Identifier: BSD-3-Clause
// How a gradient passes the rounding: straight-through estimators.
#ifndef SQWA_QUANT_GRADIENT_HPP
#define SQWA_QUANT_GRADIENT_HPP

#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// The gradient of clamp(w, ±max_code * scale): passed inside, 0 outside the outermost point; passed on the point itself.
///
/// The rounding counts as the identity (Bengio, Léonard, Courville 2013). Where the scale is 0, only w = 0 passes.
struct ste_clipped {
  /// @pre sizes that agree with the layout
  template <real T, number_format F>
  void operator()(std::span<T> gradient, std::span<T const> latent, blocks const& layout, std::span<float const> scales,
                  F const&) const {
    detail::check_sizes("ste_clipped", latent.size(), layout, scales.size(), gradient.size());
    for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
      T const edge = static_cast<T>(scales[block]) * static_cast<T>(F::max_code);
      for (std::size_t i = first; i != first + length; ++i) {
        if (!(std::abs(latent[i]) <= edge)) gradient[i] = 0;
      }
    });
  }
};

/// The gradient as it is, everywhere.
struct ste_plain {
  template <real T, number_format F>
  void operator()(std::span<T>, std::span<T const>, blocks const&, std::span<float const>, F const&) const noexcept {}
};

}  // namespace sqwa::inline SQWA_ABI

#endif
