// SPDX-License-Identifier: BSD-3-Clause
// The four choices that make a quantizer, as one value.
#ifndef SQWA_QUANT_QUANTIZER_HPP
#define SQWA_QUANT_QUANTIZER_HPP

#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/min_max.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/quant/symmetric.hpp>  // IWYU pragma: export

#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// The fit of a quantizer that names none: `l2`, and `min_max` for affine formats.
template <class Format>
using default_fit = std::conditional_t<affine_format<Format>, min_max, l2>;

/// How weights become codes: which format, how its scale is fitted, which weights share one, and how values are
/// rounded.
///
/// `quantizer{symmetric<3>{}}` is ternary, with the best scale for the whole tensor. Holds parameters, never data.
template <number_format Format, fit<Format> Fit = default_fit<Format>, granularity Granularity = per_tensor,
          rounding Rounding = nearest_even>
struct quantizer {
  Format format{};
  Fit scale_fit{};
  Granularity grain{};
  Rounding round{};
};
template <class Format>
quantizer(Format) -> quantizer<Format>;
template <class Format, class Fit>
quantizer(Format, Fit) -> quantizer<Format, Fit>;
template <class Format, class Fit, class Granularity>
quantizer(Format, Fit, Granularity) -> quantizer<Format, Fit, Granularity>;
template <class Format, class Fit, class Granularity, class Rounding>
quantizer(Format, Fit, Granularity, Rounding) -> quantizer<Format, Fit, Granularity, Rounding>;

}  // namespace sqwa::inline SQWA_ABI

#endif
