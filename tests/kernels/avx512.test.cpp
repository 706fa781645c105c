// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/kernels/avx512.hpp>
#include "support/average_kernels.hpp"
#include "support/code_kernels.hpp"
#include "support/fit_kernels.hpp"

#include <doctest/doctest.h>
#include <concepts>

namespace SQWA_TEST_FILE {

using kernels = sqwa::native_kernels;

#ifdef __AVX512VBMI__
static_assert(std::same_as<kernels, sqwa::avx512_kernels>, "these flags are meant to have the leaf kernels");
#else
static_assert(std::same_as<kernels, sqwa::xsimd_kernels<>>);
#endif

TEST_CASE_TEMPLATE("native: codes and rounded values are those of the true quotient, beside every tie", T, float,
                   double) {
  test::rounding_is_exact<kernels, T>();
}
TEST_CASE_TEMPLATE("native: round_to_grid keeps a NaN where it is, to_codes tells of it", T, float, double) {
  test::nan_is_told<kernels, T>();
}
TEST_CASE_TEMPLATE("native: lsq_backward equals the plain loop in every bit, for every tail", T, float, double) {
  test::lsq_backward_is_plain<kernels, T>();
}
TEST_CASE_TEMPLATE("native: fields are packed and unpacked as by the plain loops, for every width and tail", T, float,
                   double) {
  test::fields_are_plain<kernels, T>();
}
TEST_CASE_TEMPLATE("native: round_to_grid at every alignment, in place", T, float, double) {
  test::any_alignment<kernels, T>();
}
TEST_CASE_TEMPLATE("native: sums over magnitudes are those of the plain loops, in every bit", T, float, double) {
  test::fits_are_plain<kernels, T>();
}
TEST_CASE_TEMPLATE("native: averages of packed codes are those of the plain loops, in every bit", T, float, double) {
  test::averages_are_plain<kernels, T>();
  test::long_means_are_plain<kernels, T>();
}

}  // namespace SQWA_TEST_FILE
