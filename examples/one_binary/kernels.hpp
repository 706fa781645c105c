// SPDX-License-Identifier: BSD-3-Clause
// The kernel sets of this program, one for each instruction set, and the one that it has chosen.
#ifndef SQWA_EXAMPLES_ONE_BINARY_KERNELS_HPP
#define SQWA_EXAMPLES_ONE_BINARY_KERNELS_HPP

#include <sqwa/kernels/kernel_table.hpp>

namespace example {

/// Each is defined in a file of its own, which is compiled for its instruction set.
sqwa::kernel_table const& sse2_kernels() noexcept;
sqwa::kernel_table const& avx2_kernels() noexcept;
sqwa::kernel_table const& avx512_kernels() noexcept;

/// The chosen one: at first the best that this processor runs.
sqwa::kernel_table const& chosen_kernels() noexcept;

/// Chooses by name: sse2, avx2 or avx512. False, and no change, where this processor lacks it or there is no such name.
bool choose_kernels(char const* name) noexcept;

/// The name of the chosen one.
char const* name_of_kernels() noexcept;

}  // namespace example

#endif
