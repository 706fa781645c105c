// SPDX-License-Identifier: BSD-3-Clause
// Whether the flags of this translation unit allow the AVX-512 kernels: then SQWA_AVX512 is defined.
#ifndef SQWA_KERNELS_AVX512_FLAGS_HPP
#define SQWA_KERNELS_AVX512_FLAGS_HPP

#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512VBMI__) && \
    defined(__AVX512VNNI__) && defined(__GFNI__) && defined(__BMI2__)
#define SQWA_AVX512 1
#endif

#endif
