// SPDX-License-Identifier: BSD-3-Clause
// The larger and the smaller of two batches where one may be NaN: the one place that knows how versions of xsimd
// differ.
#ifndef SQWA_KERNELS_XSIMD_ORDER_HPP
#define SQWA_KERNELS_XSIMD_ORDER_HPP

#include <sqwa/core/config.hpp>

#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

#if defined(__SSE2__) || defined(_M_X64)
// x86 returns the second operand of its instructions; xsimd exchanged the two in version 14.
inline constexpr bool xsimd_orders_by_instruction = true;
#else
inline constexpr bool xsimd_orders_by_instruction = false;
#endif
inline constexpr bool xsimd_exchanges_operands = XSIMD_VERSION_MAJOR >= 14;

/// Each lane: a where a > b, else b; so b where a or b is NaN, whatever xsimd's own `max` does.
template <class Batch>
Batch larger(Batch const& a, Batch const& b) noexcept {
  if constexpr (!xsimd_orders_by_instruction)
    return xsimd::select(a > b, a, b);
  else if constexpr (xsimd_exchanges_operands)
    return xsimd::max(b, a);
  else
    return xsimd::max(a, b);
}

/// Each lane: a where a < b, else b; so b where a or b is NaN.
template <class Batch>
Batch smaller(Batch const& a, Batch const& b) noexcept {
  if constexpr (!xsimd_orders_by_instruction)
    return xsimd::select(a < b, a, b);
  else if constexpr (xsimd_exchanges_operands)
    return xsimd::min(b, a);
  else
    return xsimd::min(a, b);
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
