// SPDX-License-Identifier: BSD-3-Clause
// The fast backend: xsimd kernels on oneTBB threads.
#ifndef SQWA_FAST_HPP
#define SQWA_FAST_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/tbb.hpp>
#include <sqwa/kernels/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

/// xsimd kernels on oneTBB threads; pass `sqwa::fast{}` where a backend is taken.
using fast = backend<xsimd_kernels<>, tbb_executor>;

}  // namespace sqwa::inline SQWA_ABI

#endif
