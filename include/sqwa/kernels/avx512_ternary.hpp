// SPDX-License-Identifier: BSD-3-Clause
// Products of ternary weights in two bits with the byte products of newer AVX-512; elsewhere nothing.
#ifndef SQWA_KERNELS_AVX512_TERNARY_HPP
#define SQWA_KERNELS_AVX512_TERNARY_HPP

#include <sqwa/kernels/avx512_flags.hpp>
#include <sqwa/kernels/portable_ternary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#ifdef SQWA_AVX512
#include <immintrin.h>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Sums fields, not codes, times a: unsigned bytes times signed ones; the sum of a is subtracted at the end.
struct avx512_ternary {
  static constexpr std::size_t block = ternary_rows::block, step = ternary_rows::block_bytes;
  static constexpr std::size_t panel_rows = 8, tile_rows = 4, tile_columns = 4, depth = 8;  // depth in blocks

  static void gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a, std::size_t n) noexcept {
    std::size_t const length = w.blocks * block;
    for (std::size_t j = 0; j != n; ++j) {
      std::int32_t const minus = -sum(a + j * length, length);
      if (n >= tile_rows) {
        std::fill_n(c + j * stride, w.rows, minus);
      } else {
        gemv(c + j * stride, w, a + j * length, minus);
      }
    }
    if (n < tile_rows) return;
    alignas(64) std::array<std::uint8_t, panel_rows * depth * block> panel;  // fields, one a byte, in L1
    for (std::size_t i = 0; i < w.rows; i += panel_rows) {
      std::size_t const rows = std::min(panel_rows, w.rows - i);
      for (std::size_t b = 0; b < w.blocks; b += depth) {
        std::size_t const blocks = std::min(depth, w.blocks - b);
        for (std::size_t r = 0; r != panel_rows; ++r) {  // rows past the end are computed and dropped
          unpack(panel.data() + r * depth * block, w.row(i + std::min(r, rows - 1)) + b * step, blocks);
        }
        for (std::size_t j = 0; j < n; j += tile_columns) {
          std::size_t const columns = std::min(tile_columns, n - j);
          for (std::size_t r = 0; r < rows; r += tile_rows) {
            tile(c + j * stride + i + r, stride, panel.data() + r * depth * block, a + j * length + b * block, length,
                 blocks * 4, std::min(tile_rows, rows - r), columns);
          }
        }
      }
    }
  }

  static void gemv(float* y, ternary_rows w, float const* a) noexcept {
    __m512 const code = _mm512_setr_ps(-1, 0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0);
    for (std::size_t i = 0; i != w.rows; ++i) {
      __m512 lane[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
      for (std::size_t b = 0; b != w.blocks; ++b) {
        std::byte const* bytes = w.row(i) + b * step;
        float const* x = a + b * block;
        __m512i fields[4];
        for (std::size_t q = 0; q != 4; ++q) {
          fields[q] = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<__m128i const*>(bytes + 16 * q)));
        }
        for (std::size_t s = 0; s != 4; ++s) {
          for (std::size_t q = 0; q != 4; ++q) {
            __m512 const product = _mm512_mul_ps(_mm512_permutexvar_ps(fields[q], code), _mm512_loadu_ps(x));
            lane[q] = _mm512_add_ps(lane[q], product);
            fields[q] = _mm512_srli_epi32(fields[q], 2);
            x += 16;
          }
        }
      }
      __m512 const all = _mm512_add_ps(_mm512_add_ps(lane[0], lane[2]), _mm512_add_ps(lane[1], lane[3]));
      __m256 const eight = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
      __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
      four = _mm_add_ps(four, _mm_movehl_ps(four, four));
      y[i] = _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
    }
  }

 private:
  static std::int32_t sum(std::int8_t const* a, std::size_t length) noexcept {
    __m512i s = _mm512_setzero_si512();
    for (std::size_t k = 0; k != length; k += 64) {
      s = _mm512_dpbusd_epi32(s, _mm512_set1_epi8(1), _mm512_loadu_si512(a + k));
    }
    return _mm512_reduce_add_epi32(s);
  }

  /// Fields number `s` of 64 bytes: a product of bits takes the place of a shift and a mask.
  template <int S>
  static __m512i fields(__m512i bytes) noexcept {
    constexpr std::array<std::int64_t, 4> matrix{0x0102'0000'0000'0000, 0x0408'0000'0000'0000, 0x1020'0000'0000'0000,
                                                 0x4080'0000'0000'0000};
    return _mm512_gf2p8affine_epi64_epi8(bytes, _mm512_set1_epi64(matrix[S]), 0);
  }

  static void unpack(std::uint8_t* to, std::byte const* bytes, std::size_t blocks) noexcept {
    for (std::size_t b = 0; b != blocks; ++b, to += block, bytes += step) {
      __m512i const w = _mm512_loadu_si512(bytes);
      _mm512_store_si512(to, fields<0>(w));
      _mm512_store_si512(to + 64, fields<1>(w));
      _mm512_store_si512(to + 128, fields<2>(w));
      _mm512_store_si512(to + 192, fields<3>(w));
    }
  }

  /// y[i] = start + the sum of fields times a.
  static void gemv(std::int32_t* y, ternary_rows w, std::int8_t const* a, std::int32_t start) noexcept {
    std::size_t i = 0;
    for (; i + 4 <= w.rows; i += 4) dot<4>(y + i, w, i, a, start);
    for (; i != w.rows; ++i) dot<1>(y + i, w, i, a, start);
  }

  template <std::size_t Rows>
  static void dot(std::int32_t* y, ternary_rows w, std::size_t i, std::int8_t const* a, std::int32_t start) noexcept {
    __m512i even[Rows], odd[Rows];
    std::byte const* row[Rows];
    for (std::size_t r = 0; r != Rows; ++r) {
      even[r] = odd[r] = _mm512_setzero_si512();
      row[r] = w.row(i + r);
    }
    for (std::size_t b = 0; b != w.blocks; ++b, a += block) {
      __m512i const a0 = _mm512_loadu_si512(a), a1 = _mm512_loadu_si512(a + 64), a2 = _mm512_loadu_si512(a + 128),
                    a3 = _mm512_loadu_si512(a + 192);
#pragma GCC unroll 4
      for (std::size_t r = 0; r != Rows; ++r) {
        _mm_prefetch(reinterpret_cast<char const*>(row[r] + (b + 32) * step), _MM_HINT_T0);  // may lie past the end
        __m512i const bytes = _mm512_loadu_si512(row[r] + b * step);
        even[r] = _mm512_dpbusd_epi32(even[r], fields<0>(bytes), a0);
        odd[r] = _mm512_dpbusd_epi32(odd[r], fields<1>(bytes), a1);
        even[r] = _mm512_dpbusd_epi32(even[r], fields<2>(bytes), a2);
        odd[r] = _mm512_dpbusd_epi32(odd[r], fields<3>(bytes), a3);
      }
    }
    for (std::size_t r = 0; r != Rows; ++r) {
      y[r] = start + _mm512_reduce_add_epi32(_mm512_add_epi32(even[r], odd[r]));
    }
  }

  /// sum += fields * a. Not the intrinsic: g++ 12 copies its sums from register to register, and spills them.
  static void multiply_add(__m512i& sum, __m512i fields, __m512i a) noexcept {
    asm("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(sum) : "v"(fields), "v"(a));
  }

  /// The sums of four rows with one column.
  struct column {
    std::int8_t const* a;
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;

    void add(__m512i f0, __m512i f1, __m512i f2, __m512i f3, std::size_t k) noexcept {
      __m512i const v = _mm512_loadu_si512(a + k);
      multiply_add(s0, f0, v);
      multiply_add(s1, f1, v);
      multiply_add(s2, f2, v);
      multiply_add(s3, f3, v);
    }
    void add_to(std::int32_t* c, __mmask8 wanted) const noexcept {
      __m128i const sums = four_sums(s0, s1, s2, s3);
      _mm_mask_storeu_epi32(c, wanted, _mm_add_epi32(_mm_maskz_loadu_epi32(wanted, c), sums));
    }
  };

  /// c += the products of 4 rows of a panel with up to 4 columns, of which `rows` and `columns` are wanted.
  static void tile(std::int32_t* c, std::size_t stride, std::uint8_t const* w, std::int8_t const* a, std::size_t length,
                   std::size_t steps, std::size_t rows, std::size_t columns) noexcept {
    auto const at = [=](std::size_t j) { return a + std::min(j, columns - 1) * length; };
    column c0{at(0)}, c1{at(1)}, c2{at(2)}, c3{at(3)};
    for (std::size_t k = 0; k != steps * 64; k += 64, w += 64) {
      __m512i const f0 = _mm512_load_si512(w), f1 = _mm512_load_si512(w + depth * block),
                    f2 = _mm512_load_si512(w + 2 * depth * block), f3 = _mm512_load_si512(w + 3 * depth * block);
      c0.add(f0, f1, f2, f3, k);
      c1.add(f0, f1, f2, f3, k);
      c2.add(f0, f1, f2, f3, k);
      c3.add(f0, f1, f2, f3, k);
    }
    auto const wanted = static_cast<__mmask8>((1U << rows) - 1);
    std::size_t j = 0;
    for (column const& one : {c0, c1, c2, c3}) {
      if (j == columns) break;
      one.add_to(c + j++ * stride, wanted);
    }
  }

  /// The sums of the lanes of four vectors.
  static __m128i four_sums(__m512i a, __m512i b, __m512i c, __m512i d) noexcept {
    __m512i const ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i const cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i const all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i const half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
