// SPDX-License-Identifier: BSD-3-Clause
// The fast backends: the kernels of this machine's vectors on oneTBB threads.
#ifndef SQWA_FAST_HPP
#define SQWA_FAST_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/tbb.hpp>
#include <sqwa/kernels/avx512.hpp>
#include <sqwa/kernels/fused.hpp>

namespace sqwa::inline SQWA_ABI {

/// The fastest kernels that the target flags allow, on oneTBB threads; pass `sqwa::fast{}` where a backend is taken.
/// The same bits as plain code.
using fast = backend<native_kernels, tbb_executor>;

/// As `fast`, but with `fused_kernels`: networks train about twice as fast, and their bits depend on the instruction
/// set, though never on the number of threads.
using fastest = backend<fused_kernels<>, tbb_executor>;

}  // namespace sqwa::inline SQWA_ABI

#endif
