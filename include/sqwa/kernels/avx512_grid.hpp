// SPDX-License-Identifier: BSD-3-Clause
// Rounding to evenly spaced points with AVX-512; elsewhere nothing.
#ifndef SQWA_KERNELS_AVX512_GRID_HPP
#define SQWA_KERNELS_AVX512_GRID_HPP

#include <sqwa/kernels/avx512_flags.hpp>
#include <sqwa/kernels/xsimd_codes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#ifdef SQWA_AVX512
#include <immintrin.h>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// `round_to_grid` for float: the bits of the plain loop.
class avx512_grid {
 public:
  static void round(std::span<float> y, float const* x, float scale, float limit) noexcept {
    if (limit == 1 && scale > 8 * std::numeric_limits<float>::min()) return round_to_three(y, x, scale);
    grid_rounding<float, xsimd::avx512bw> const grid(scale, limit);
    __m512 const inverse = _mm512_set1_ps(grid.inverse), high = _mm512_set1_ps(limit), low = _mm512_set1_ps(-limit);
    __m512 const step = _mm512_set1_ps(scale), zero = _mm512_setzero_ps();
    __m512 const sure = _mm512_set1_ps(grid.divide ? -1.0F : grid.sure);
    map(y, x, [=](four& v) {
      constexpr int larger_magnitude = 0b1011;
      four q;
      __m512 rest = zero;  // the largest distance to a code; a NaN does not count
#pragma GCC unroll 4
      for (std::size_t k = 0; k != 4; ++k) {
        __m512 const t = inside(_mm512_mul_ps(v[k], inverse), low, high);
        q[k] = nearest(t);
        rest = _mm512_range_ps(rest, _mm512_sub_ps(t, q[k]), larger_magnitude);
      }
      if (_mm512_cmp_ps_mask(rest, sure, _CMP_GT_OQ) != 0) [[unlikely]] {  // perhaps beside a tie
#pragma GCC unroll 4
        for (std::size_t k = 0; k != 4; ++k) q[k] = nearest(inside(_mm512_div_ps(v[k], step), low, high));
      }
#pragma GCC unroll 4
      for (std::size_t k = 0; k != 4; ++k) v[k] = _mm512_fmadd_ps(q[k], step, zero);  // +0 in place of -0
    });
  }

 private:
  struct four {
    __m512 at[4];
    __m512& operator[](std::size_t k) noexcept { return at[k]; }
  };

  /// Three levels: |x| > scale / 2 gives ±scale, without compares, of which there is one a cycle.
  static void round_to_three(std::span<float> y, float const* x, float scale) noexcept {
    __m512 const edge = _mm512_set1_ps(scale / 2), one = _mm512_set1_ps(scale);
    __m512 const sign = _mm512_set1_ps(-0.0F), zero = _mm512_setzero_ps();
    map(y, x, [=](four& all) {
#pragma GCC unroll 4
      for (__m512& v : all.at) {
        __m512 const size = _mm512_andnot_ps(sign, v);
        __m512i const beyond = _mm512_srai_epi32(_mm512_castps_si512(_mm512_sub_ps(edge, size)), 31);
        __m512 const r = _mm512_and_ps(_mm512_castsi512_ps(beyond), _mm512_or_ps(one, _mm512_and_ps(v, sign)));
        v = _mm512_add_ps(r, _mm512_min_ps(zero, size));  // 0, or NaN, which is the second operand
      }
    });
  }

  /// Within low … high; a NaN stays: it is the second operand.
  static __m512 inside(__m512 t, __m512 low, __m512 high) noexcept {
    return _mm512_min_ps(high, _mm512_max_ps(low, t));
  }
  static __m512 nearest(__m512 t) noexcept {
    return _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }

  /// y <- x, through f(v) for four vectors at a time; whole cache lines of y.
  template <class F>
  static void map(std::span<float> y, float const* x, F f) noexcept {
    auto const some = [&](std::size_t i, std::size_t n) {
      auto const m = static_cast<__mmask16>((1U << n) - 1);
      four v{{_mm512_maskz_loadu_ps(m, x + i), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()}};
      f(v);
      _mm512_mask_storeu_ps(&y[i], m, v[0]);
    };
    std::size_t const past = reinterpret_cast<std::uintptr_t>(y.data()) / sizeof(float) % 16;
    std::size_t i = std::min(y.size(), (16 - past) % 16);
    if (i != 0) some(0, i);
    for (; i + 64 <= y.size(); i += 64) {
      four v{{_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i + 32),
              _mm512_loadu_ps(x + i + 48)}};
      f(v);
#pragma GCC unroll 4
      for (std::size_t k = 0; k != 4; ++k) _mm512_storeu_ps(&y[i + 16 * k], v[k]);
    }
    for (; i < y.size(); i += 16) some(i, std::min<std::size_t>(16, y.size() - i));
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
