// SPDX-License-Identifier: BSD-3-Clause
// The four choices that make a quantizer, as one value.
#ifndef SQWA_QUANT_QUANTIZER_HPP
#define SQWA_QUANT_QUANTIZER_HPP

#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/quant/symmetric.hpp>

namespace sqwa::inline SQWA_ABI {

/// Which lattice, whose scale is fitted how, to which weights together, and how values reach it. No data.
template <number_format Format, class Fit = l2, granularity Granularity = per_tensor, rounding Rounding = nearest_even>
  requires fit<Fit, Format>
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
