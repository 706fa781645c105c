// SPDX-License-Identifier: BSD-3-Clause
// Rivals for the benchmarks: the same operations with every freedom the library does not have, for AVX-512.
//
// They may choose their own bit layout, round only nearly right beside ties, take no NaN, no tail and no unaligned
// data, and check nothing. So they show what the machine allows.
#ifndef SQWA_BENCHMARKS_REFERENCE_KERNELS_HPP
#define SQWA_BENCHMARKS_REFERENCE_KERNELS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BW__) && defined(__AVX512VBMI__) && defined(__AVX512VNNI__) && defined(__GFNI__)
#define SQWA_HAS_REFERENCE 1
#include <immintrin.h>

namespace reference {

inline constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// y = scale * clamp(round(x / scale), ±limit)
inline void fake_quantize(float* y, float const* x, std::size_t n, float scale, float limit) {
  __m512 const inverse = _mm512_set1_ps(1 / scale), step = _mm512_set1_ps(scale);
  __m512 const high = _mm512_set1_ps(limit), low = _mm512_set1_ps(-limit);
  auto const one = [=](float const* p) {
    __m512 const t = _mm512_mul_ps(_mm512_load_ps(p), inverse);
    return _mm512_mul_ps(_mm512_roundscale_ps(_mm512_min_ps(high, _mm512_max_ps(low, t)), nearest), step);
  };
  for (std::size_t i = 0; i != n; i += 32) {
    __m512 const a = one(x + i), b = one(x + i + 16);
    _mm512_store_ps(y + i, a);
    _mm512_store_ps(y + i + 16, b);
  }
}

/// Two-bit fields of 64 values in 16 bytes: byte j holds the values j, j + 16, j + 32 and j + 48.
inline void encode(std::byte* bytes, float const* x, std::size_t n, float scale) {
  __m512 const inverse = _mm512_set1_ps(1 / scale);
  __m512i const one = _mm512_set1_epi32(1), minus = _mm512_set1_epi32(-1), ones = _mm512_set1_epi32(0x55);
  auto const code = [=](float const* p) {
    __m512i const q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_load_ps(p), inverse));
    return _mm512_min_epi32(one, _mm512_max_epi32(minus, q));
  };
  for (std::size_t i = 0; i != n; i += 64) {
    __m512i const low = _mm512_add_epi32(code(x + i), _mm512_slli_epi32(code(x + i + 16), 2));
    __m512i const high = _mm512_add_epi32(code(x + i + 32), _mm512_slli_epi32(code(x + i + 48), 2));
    __m512i const all = _mm512_add_epi32(_mm512_add_epi32(low, _mm512_slli_epi32(high, 4)), ones);
    _mm_store_si128(reinterpret_cast<__m128i*>(bytes + i / 4), _mm512_cvtepi32_epi8(all));
  }
}

/// The inverse of `encode`.
inline void decode(float* y, std::byte const* bytes, std::size_t n, float scale) {
  __m512 const table =
      _mm512_mul_ps(_mm512_set1_ps(scale), _mm512_setr_ps(-1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2));
  for (std::size_t i = 0; i != n; i += 64) {
    __m512i const f = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<__m128i const*>(bytes + i / 4)));
    _mm512_store_ps(y + i, _mm512_permutexvar_ps(f, table));
    _mm512_store_ps(y + i + 16, _mm512_permutexvar_ps(_mm512_srli_epi32(f, 2), table));
    _mm512_store_ps(y + i + 32, _mm512_permutexvar_ps(_mm512_srli_epi32(f, 4), table));
    _mm512_store_ps(y + i + 48, _mm512_permutexvar_ps(_mm512_srli_epi32(f, 6), table));
  }
}

/// sums += codes, whose fields lie as the weights j, j + 64, j + 128 and j + 192 of a block in byte j.
inline void add_codes(std::int8_t* sums, std::byte const* bytes, std::size_t n) {
  __m512i const three = _mm512_set1_epi8(3), one = _mm512_set1_epi8(1);
  for (std::size_t i = 0; i != n; i += 256) {
    __m512i const all = _mm512_loadu_si512(bytes + i / 4);
#pragma GCC unroll 4
    for (unsigned k = 0; k != 4; ++k) {
      __m512i const code = _mm512_sub_epi8(_mm512_and_si512(_mm512_srli_epi16(all, 2 * k), three), one);
      std::int8_t* const to = sums + i + 64 * k;
      _mm512_storeu_si512(to, _mm512_adds_epi8(_mm512_loadu_si512(to), code));
    }
  }
}

/// The backward pass of a learned step.
inline float lsq_backward(float* dx, float const* dy, float const* x, std::size_t n, float scale, float limit) {
  __m512 const inverse = _mm512_set1_ps(1 / scale), high = _mm512_set1_ps(limit), low = _mm512_set1_ps(-limit);
  __m512 even = _mm512_setzero_ps(), odd = even;
  auto const one = [=](std::size_t i, __m512 sum) {
    __m512 const v = _mm512_mul_ps(_mm512_load_ps(x + i), inverse), g = _mm512_load_ps(dy + i);
    __m512 const c = _mm512_min_ps(high, _mm512_max_ps(low, v)), q = _mm512_roundscale_ps(c, nearest);
    __mmask16 const inside = _mm512_cmp_ps_mask(v, c, _CMP_EQ_OQ);
    _mm512_store_ps(dx + i, _mm512_maskz_mov_ps(inside, g));
    return _mm512_fmadd_ps(g, _mm512_mask_sub_ps(q, inside, q, v), sum);
  };
  for (std::size_t i = 0; i != n; i += 32) {
    even = one(i, even);
    odd = one(i + 16, odd);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}

/// The sum of the magnitudes above a threshold, in float, over their number: a pass of an alternating ternary fit.
inline float sum_above(float const* x, std::size_t n, float threshold) {
  __m512 const edge = _mm512_set1_ps(threshold);
  __m512 even = _mm512_setzero_ps(), odd = even;
  __m512i counts = _mm512_setzero_si512();
  auto const add = [&](float const* p, __m512 sum) {
    __m512 const v = _mm512_abs_ps(_mm512_loadu_ps(p));
    __mmask16 const k = _mm512_cmp_ps_mask(v, edge, _CMP_GT_OQ);
    counts = _mm512_mask_add_epi32(counts, k, counts, _mm512_set1_epi32(1));
    return _mm512_mask_add_ps(sum, k, sum, v);
  };
  for (std::size_t i = 0; i != n; i += 32) {
    even = add(x + i, even);
    odd = add(x + i + 16, odd);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(even, odd)) / static_cast<float>(_mm512_reduce_add_epi32(counts));
}

/// Two bits of each byte.
inline __m512i fields(__m512i bytes, int s) {
  static constexpr std::int64_t matrix[4] = {0x0102'0000'0000'0000, 0x0408'0000'0000'0000, 0x1020'0000'0000'0000,
                                             0x4080'0000'0000'0000};
  return _mm512_gf2p8affine_epi64_epi8(bytes, _mm512_set1_epi64(matrix[s]), 0);
}

/// Products of 32 rows, whose fields lie as 16 rows x 4 columns to a shift of 64 bytes, with 8 vectors: no sums across
/// lanes. c[j * rows + i] for `rows` a multiple of 32, n of 8, k of 16; the sum of fields, not of codes.
inline void gemm(std::int32_t* c, std::byte const* w, std::int8_t const* a, std::size_t rows, std::size_t n,
                 std::size_t k) {
  for (std::size_t i = 0; i != rows; i += 32) {
    std::byte const* low = w + i / 16 * k * 4;
    std::byte const* high = low + k * 4;
    for (std::size_t j = 0; j != n; j += 8) {
      __m512i s[2][8];
#pragma GCC unroll 8
      for (int q = 0; q != 8; ++q) s[0][q] = s[1][q] = _mm512_setzero_si512();
      for (std::size_t at = 0; at != k; at += 16) {
        __m512i const b0 = _mm512_loadu_si512(low + at * 4), b1 = _mm512_loadu_si512(high + at * 4);
#pragma GCC unroll 4
        for (int part = 0; part != 4; ++part) {
          __m512i const f0 = fields(b0, part), f1 = fields(b1, part);
#pragma GCC unroll 8
          for (std::size_t q = 0; q != 8; ++q) {
            std::int32_t four;
            std::memcpy(&four, a + (j + q) * k + at + 4 * static_cast<std::size_t>(part), 4);
            __m512i const v = _mm512_set1_epi32(four);
            s[0][q] = _mm512_dpbusd_epi32(s[0][q], f0, v);
            s[1][q] = _mm512_dpbusd_epi32(s[1][q], f1, v);
          }
        }
      }
#pragma GCC unroll 8
      for (std::size_t q = 0; q != 8; ++q) {
        _mm512_storeu_si512(c + (j + q) * rows + i, s[0][q]);
        _mm512_storeu_si512(c + (j + q) * rows + i + 16, s[1][q]);
      }
    }
  }
}

}  // namespace reference

#endif

#endif
