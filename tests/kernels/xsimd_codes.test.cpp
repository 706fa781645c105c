// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/xsimd.hpp>
#include "support/code_kernels.hpp"

#include <doctest/doctest.h>

namespace SQWA_TEST_FILE {

using kernels = sqwa::xsimd_kernels<>;

TEST_CASE_TEMPLATE("xsimd: codes and rounded values are those of the true quotient, beside every tie", T, float,
                   double) {
  test::rounding_is_exact<kernels, T>();
}
TEST_CASE_TEMPLATE("xsimd: round_to_grid keeps a NaN where it is, to_codes tells of it", T, float, double) {
  test::nan_is_told<kernels, T>();
}
TEST_CASE_TEMPLATE("xsimd: lsq_backward equals the plain loop in every bit, for every tail", T, float, double) {
  test::lsq_backward_is_plain<kernels, T>();
}
TEST_CASE_TEMPLATE("xsimd: fields are packed and unpacked as by the plain loops, for every width and tail", T, float,
                   double) {
  test::fields_are_plain<kernels, T>();
}
TEST_CASE_TEMPLATE("xsimd: round_to_grid at every alignment, in place", T, float, double) {
  test::any_alignment<kernels, T>();
}

}  // namespace SQWA_TEST_FILE
