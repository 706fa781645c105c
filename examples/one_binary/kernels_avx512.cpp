// SPDX-License-Identifier: BSD-3-Clause
// The kernels for AVX-512: CMakeLists.txt compiles this file, and nothing else, with the flags for it.
#include "kernels.hpp"

#include <sqwa/kernels/avx512.hpp>

sqwa::kernel_table const& example::avx512_kernels() noexcept {
  static constexpr auto table = sqwa::kernel_table::of<sqwa::native_kernels>();
  return table;
}
