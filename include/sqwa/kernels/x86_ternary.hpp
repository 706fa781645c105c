// SPDX-License-Identifier: BSD-3-Clause
// Products of ternary weights with int8 vectors for SSE2 and AVX2; on other processors nothing.
#ifndef SQWA_KERNELS_X86_TERNARY_HPP
#define SQWA_KERNELS_X86_TERNARY_HPP

#include <sqwa/kernels/portable_ternary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <immintrin.h>

namespace sqwa::inline SQWA_ABI::detail {

/// `ternary_gemm` of `portable_ternary_kernels`. Arch names the instruction set in the symbols.
///
/// A block's fields are spread to bytes once and multiplied with up to four columns. With AVX2 a field, 0 to 2, times
/// an activation is a byte product, and the sum of the activations is taken off; with SSE2, which has none, activations
/// are made unsigned and summed where the field is 2 and where it is 0, and 128 times the sum of the codes is taken
/// off.
template <class Arch>
class x86_ternary {
 public:
  static void gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a, std::size_t n) noexcept {
    std::size_t j = 0;
    for (; j + 4 <= n; j += 4) columns<4>(c + j * stride, stride, w, a + j * w.blocks * ternary_rows::block);
    for (; j != n; ++j) columns<1>(c + j * stride, stride, w, a + j * w.blocks * ternary_rows::block);
  }

 private:
#ifdef __AVX2__
  using vector = __m256i;
  static vector load(void const* p) noexcept { return _mm256_loadu_si256(static_cast<__m256i const*>(p)); }
  static std::int32_t total(vector v) noexcept {
    std::array<std::int32_t, 8> s;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(s.data()), v);
    return s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
  }

  template <std::size_t Columns>
  static void columns(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a) noexcept {
    std::size_t const length = w.blocks * ternary_rows::block;
    vector const three = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
    std::int32_t shift[Columns];
    for (std::size_t q = 0; q != Columns; ++q) {
      vector s = _mm256_setzero_si256();
      for (std::size_t k = 0; k != length; k += 32) {
        vector const pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), load(a + q * length + k));
        s = _mm256_add_epi32(s, _mm256_madd_epi16(pairs, ones));
      }
      shift[q] = total(s);
    }
    for (std::size_t i = 0; i != w.rows; ++i) {
      vector sum[Columns];
      for (vector& s : sum) s = _mm256_setzero_si256();
      for (std::size_t b = 0; b != w.blocks; ++b) {
        for (std::size_t half = 0; half != 64; half += 32) {
          vector const bytes = load(w.row(i) + b * ternary_rows::block_bytes + half);
          vector const f[4] = {_mm256_and_si256(bytes, three), _mm256_and_si256(_mm256_srli_epi16(bytes, 2), three),
                               _mm256_and_si256(_mm256_srli_epi16(bytes, 4), three),
                               _mm256_and_si256(_mm256_srli_epi16(bytes, 6), three)};
          for (std::size_t q = 0; q != Columns; ++q) {
            std::int8_t const* x = a + q * length + b * ternary_rows::block + half;
            vector const low = _mm256_add_epi16(_mm256_maddubs_epi16(f[0], load(x)),  // four times 2 * 128 * 2 at most
                                                _mm256_maddubs_epi16(f[1], load(x + 64)));
            vector const high =
                _mm256_add_epi16(_mm256_maddubs_epi16(f[2], load(x + 128)), _mm256_maddubs_epi16(f[3], load(x + 192)));
            sum[q] = _mm256_add_epi32(sum[q], _mm256_madd_epi16(_mm256_add_epi16(low, high), ones));
          }
        }
      }
      for (std::size_t q = 0; q != Columns; ++q) c[q * stride + i] = total(sum[q]) - shift[q];
    }
  }
#else
  using vector = __m128i;
  static vector load(void const* p) noexcept { return _mm_loadu_si128(static_cast<__m128i const*>(p)); }
  static std::int32_t total(vector v) noexcept {  // of sums of bytes, which lie in the lower halves of 64 bits
    return _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_srli_si128(v, 8)));
  }

  template <std::size_t Columns>
  static void columns(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a) noexcept {
    std::size_t const length = w.blocks * ternary_rows::block;
    vector const three = _mm_set1_epi8(3), two = _mm_set1_epi8(2), zero = _mm_setzero_si128();
    vector const sign = _mm_set1_epi8(-128);
    for (std::size_t i = 0; i != w.rows; ++i) {
      vector fields = zero, sum[Columns];
      for (vector& s : sum) s = zero;
      for (std::size_t b = 0; b != w.blocks; ++b) {
        for (std::size_t quarter = 0; quarter != 64; quarter += 16) {
          vector const bytes = load(w.row(i) + b * ternary_rows::block_bytes + quarter);
          std::int8_t const* x = a + b * ternary_rows::block + quarter;
          vector const f[4] = {_mm_and_si128(bytes, three), _mm_and_si128(_mm_srli_epi16(bytes, 2), three),
                               _mm_and_si128(_mm_srli_epi16(bytes, 4), three),
                               _mm_and_si128(_mm_srli_epi16(bytes, 6), three)};
          fields = _mm_add_epi32(fields,
                                 _mm_sad_epu8(_mm_add_epi8(_mm_add_epi8(f[0], f[1]), _mm_add_epi8(f[2], f[3])), zero));
          for (std::size_t p = 0; p != 4; ++p) {
            vector const up = _mm_cmpeq_epi8(f[p], two), down = _mm_cmpeq_epi8(f[p], zero);
            for (std::size_t q = 0; q != Columns; ++q) {
              vector const u = _mm_xor_si128(load(x + q * length + 64 * p), sign);
              sum[q] = _mm_add_epi32(sum[q], _mm_sad_epu8(_mm_and_si128(u, up), zero));
              sum[q] = _mm_sub_epi32(sum[q], _mm_sad_epu8(_mm_and_si128(u, down), zero));
            }
          }
        }
      }
      auto const codes = static_cast<std::int32_t>(total(fields) - static_cast<std::int32_t>(length));
      for (std::size_t q = 0; q != Columns; ++q) c[q * stride + i] = total(sum[q]) - 128 * codes;
    }
  }
#endif
};

}  // namespace sqwa::inline SQWA_ABI::detail

#endif

#endif
