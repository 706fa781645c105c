// SPDX-License-Identifier: BSD-3-Clause
// The fast backend: the kernels of this machine's vectors on oneTBB threads.
#ifndef SQWA_FAST_HPP
#define SQWA_FAST_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/tbb.hpp>
#include <sqwa/kernels/avx512.hpp>

namespace sqwa::inline SQWA_ABI {

/// The fastest kernels that the target flags allow, on oneTBB threads; pass `sqwa::fast{}` where a backend is taken.
using fast = backend<native_kernels, tbb_executor>;

}  // namespace sqwa::inline SQWA_ABI

#endif
