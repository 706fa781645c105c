// SPDX-License-Identifier: BSD-3-Clause
// Sixty-four values to codes, and sixty-four fields to bytes, with the permutes of newer AVX-512; elsewhere nothing.
#ifndef SQWA_KERNELS_AVX512_CODES_HPP
#define SQWA_KERNELS_AVX512_CODES_HPP

#include <sqwa/kernels/avx512_flags.hpp>
#include <sqwa/kernels/xsimd_codes.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef SQWA_AVX512
#include <immintrin.h>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// 64 floats to 64 codes of one byte, exactly; the order of the codes is that of two rounds of packing.
///
/// x * r falls into the same integer as x / scale: see `grid_rounding` for any limit. For three levels r is about
/// (2 C - 1) / scale with an odd C, chosen such that x * r rounds to C or more exactly where x > scale / 2.
class avx512_coder {
 public:
  avx512_coder(float scale, int limit) noexcept : grid_(scale, static_cast<float>(limit)) {
    if (limit != 1 || !(scale > 0x1p-100F && scale < 0x1p100F)) return;
    float const edge = scale / 2, above = next(edge);
    for (int c = 1; c <= 101; c += 2) {
      auto const at = static_cast<float>(c) - 0.5F;
      float const middle = at / edge;
      for (float const r : {middle, next(middle), std::bit_cast<float>(std::bit_cast<std::uint32_t>(middle) - 1)}) {
        if (edge * r <= at && above * r > at) {
          border_ = c;
          factor_ = r;
          return;
        }
      }
    }
  }

  /// Byte 16 l + 4 k + e is the code of x[16 k + 4 l + e]. Inlined always: a call for each 64 values costs a quarter.
  [[gnu::always_inline]] __m512i operator()(float const* x) noexcept {
    __m512 const a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16), c = _mm512_loadu_ps(x + 32),
                 d = _mm512_loadu_ps(x + 48);
    unordered_ |=
        static_cast<unsigned>(_mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q));
    if (border_ == 0) return rounded(a, b, c, d);
    __m512i const q = packed(scaled(a), scaled(b), scaled(c), scaled(d));
    if (border_ == 1) return _mm512_max_epi8(_mm512_min_epi8(q, _mm512_set1_epi8(1)), _mm512_set1_epi8(-1));
    __mmask64 const up = _mm512_cmpgt_epi8_mask(q, _mm512_set1_epi8(static_cast<char>(border_ - 1)));
    __mmask64 const down = _mm512_cmplt_epi8_mask(q, _mm512_set1_epi8(static_cast<char>(1 - border_)));
    __m512i const one = _mm512_set1_epi8(1);
    return _mm512_mask_sub_epi8(_mm512_maskz_mov_epi8(up, one), down, _mm512_setzero_si512(), one);
  }

  /// Whether no value so far was NaN.
  bool numbers() const noexcept { return unordered_ == 0; }

 private:
  static float next(float x) noexcept { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) + 1); }
  static __m512i packed(__m512i a, __m512i b, __m512i c, __m512i d) noexcept {
    return _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
  }
  __m512i scaled(__m512 v) const noexcept {
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_mul_ps(v, _mm512_set1_ps(factor_)), _mm512_set1_ps(127)));
  }
  /// Codes of any limit, with one look for values beside a tie.
  __m512i rounded(__m512 a, __m512 b, __m512 c, __m512 d) const noexcept {
    constexpr int larger_magnitude = 0b1011;
    __m512 const inverse = _mm512_set1_ps(grid_.inverse);
    __m512 const high = _mm512_set1_ps(grid_.limit), low = _mm512_set1_ps(-grid_.limit);
    auto const times = [=](__m512 v) { return _mm512_min_ps(high, _mm512_max_ps(low, _mm512_mul_ps(v, inverse))); };
    auto const rest = [](__m512 t) {  // how far it is to the nearest integer
      return _mm512_sub_ps(t, _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    };
    __m512 const t = times(a), u = times(b), v = times(c), w = times(d);
    __m512 const most = _mm512_range_ps(_mm512_range_ps(rest(t), rest(u), larger_magnitude),
                                        _mm512_range_ps(rest(v), rest(w), larger_magnitude), larger_magnitude);
    __m512 const sure = _mm512_set1_ps(grid_.divide ? -1.0F : grid_.sure);
    if (_mm512_cmp_ps_mask(most, sure, _CMP_NLE_UQ) == 0) return packed(near(t), near(u), near(v), near(w));
    auto const divided = [this](__m512 x) { return near(grid_(xsimd::batch<float, xsimd::avx512bw>(x))); };
    return packed(divided(a), divided(b), divided(c), divided(d));
  }
  static __m512i near(__m512 t) noexcept { return _mm512_cvtps_epi32(t); }

  grid_rounding<float, xsimd::avx512bw> grid_;
  int border_ = 0;  // C; 0 if there is none
  float factor_ = 0;
  unsigned unordered_ = 0;
};

/// 64 fields of `bits` bits each, one a byte, from the first bit of `bytes` on.
class avx512_fields {
 public:
  explicit avx512_fields(int bits) noexcept
      : from_(_mm512_load_si512(order[static_cast<std::size_t>(bits)].from.data())),
        shift_(_mm512_load_si512(order[static_cast<std::size_t>(bits)].shift.data())),
        field_(_mm512_set1_epi8(static_cast<char>((1 << bits) - 1))),
        bytes_(_bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(8 * bits))) {}
  __m512i operator()(std::byte const* bytes) const noexcept {
    __m512i const eight = _mm512_permutexvar_epi8(from_, _mm512_maskz_loadu_epi8(bytes_, bytes));
    return _mm512_and_si512(_mm512_multishift_epi64_epi8(shift_, eight), field_);
  }

 private:
  struct places {
    alignas(64) std::array<std::uint8_t, 64> from, shift;
  };
  static constexpr std::array<places, 9> order = [] {
    std::array<places, 9> all{};
    for (std::size_t bits = 0; bits != 9; ++bits) {
      for (std::size_t i = 0; i != 64; ++i) {
        all[bits].from[i] = static_cast<std::uint8_t>(i / 8 * bits + i % 8);
        all[bits].shift[i] = static_cast<std::uint8_t>(i % 8 * bits);
      }
    }
    return all;
  }();
  __m512i from_, shift_, field_;
  __mmask64 bytes_;
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
