// SPDX-License-Identifier: BSD-3-Clause
// The component xsimd: its largest magnitude is that of the plain loop.
#include <sqwa/kernels/portable.hpp>
#include <sqwa/kernels/xsimd.hpp>

#include <span>
#include <vector>

int main() {
  std::vector<float> x(1001, 0.5F);
  x[777] = -3;
  std::span<float const> const all = x;
  return sqwa::xsimd_kernels<>::max_abs(all) == sqwa::scalar_kernels::max_abs(all) ? 0 : 1;
}
