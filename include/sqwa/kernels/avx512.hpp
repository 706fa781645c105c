// SPDX-License-Identifier: BSD-3-Clause
// Kernels between values, codes and packed fields with the permutes of newer AVX-512; elsewhere only an alias.
#ifndef SQWA_KERNELS_AVX512_HPP
#define SQWA_KERNELS_AVX512_HPP

#include <sqwa/kernels/xsimd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512VBMI__) && \
    defined(__AVX512VNNI__) && defined(__GFNI__) && defined(__BMI2__)
#include <immintrin.h>

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
    float const edge = scale / 2;
    float const above = std::nextafter(edge, scale);
    for (int c = 1; c <= 101 && border_ == 0; c += 2) {
      auto const at = static_cast<float>(c) - 0.5F;
      float r = std::nextafter(at / edge, 0.0F);
      for (int k = 0; k != 3; ++k, r = std::nextafter(r, scale + r)) {
        if (edge * r <= at && above * r > at) {
          border_ = c;
          factor_ = r;
          break;
        }
      }
    }
  }

  /// Byte 16 l + 4 k + e is the code of x[16 k + 4 l + e].
  __m512i operator()(float const* x) noexcept {
    __m512 const a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16), c = _mm512_loadu_ps(x + 32),
                 d = _mm512_loadu_ps(x + 48);
    unordered_ |=
        static_cast<unsigned>(_mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q));
    if (border_ == 0) return packed(rounded(a), rounded(b), rounded(c), rounded(d));
    __m512i const q = packed(scaled(a), scaled(b), scaled(c), scaled(d));
    __mmask64 const up = _mm512_cmpgt_epi8_mask(q, _mm512_set1_epi8(static_cast<char>(border_ - 1)));
    __mmask64 const down = _mm512_cmplt_epi8_mask(q, _mm512_set1_epi8(static_cast<char>(1 - border_)));
    __m512i const one = _mm512_set1_epi8(1);
    return _mm512_mask_sub_epi8(_mm512_maskz_mov_epi8(up, one), down, _mm512_setzero_si512(), one);
  }

  /// Whether no value so far was NaN.
  bool numbers() const noexcept { return unordered_ == 0; }

 private:
  static __m512i packed(__m512i a, __m512i b, __m512i c, __m512i d) noexcept {
    return _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
  }
  __m512i scaled(__m512 v) const noexcept {
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_mul_ps(v, _mm512_set1_ps(factor_)), _mm512_set1_ps(127)));
  }
  __m512i rounded(__m512 v) const noexcept {
    return _mm512_cvtps_epi32(grid_(xsimd::batch<float, xsimd::avx512bw>(v)));
  }

  grid_rounding<float, xsimd::avx512bw> grid_;
  int border_ = 0;  // C; 0 if there is none
  float factor_ = 0;
  unsigned unordered_ = 0;
};

}  // namespace detail

/// The kernels of codes for processors with AVX-512 VBMI, VNNI and GFNI (from Ice Lake and Zen 4 on).
///
/// The others are those of xsimd for AVX-512. float only; double is xsimd's.
struct avx512_kernels : xsimd_kernels<xsimd::avx512bw> {
  using base = xsimd_kernels<xsimd::avx512bw>;

  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      base::round_to_grid<T>(y, x, scale, limit);
    } else if (limit == 1 && scale > 8 * std::numeric_limits<float>::min()) {
      __m512 const edge = _mm512_set1_ps(scale / 2), low = _mm512_set1_ps(-scale / 2);
      __m512 const one = _mm512_set1_ps(scale), minus = _mm512_set1_ps(-scale);
      map(y, x.data(), [=](__m512 v) {
        __m512 r = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, edge, _CMP_GT_OQ), one);
        r = _mm512_mask_mov_ps(r, _mm512_cmp_ps_mask(v, low, _CMP_LT_OQ), minus);
        return _mm512_mask_mov_ps(r, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), v);
      });
    } else {
      detail::grid_rounding<float, xsimd::avx512bw> const round(scale, limit);
      map(y, x.data(), [=](__m512 v) { return _mm512_mul_ps(round(batch<float>(v)), _mm512_set1_ps(scale)); });
    }
  }

  template <class T>
  static bool to_codes(std::span<std::int8_t> codes, std::span<T const> x, T scale, int limit) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      return base::to_codes<T>(codes, x, scale, limit);
    } else {
      detail::avx512_coder code(scale, limit);
      __m512i const order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      std::size_t i = 0;
      for (; i + 64 <= x.size(); i += 64) {
        _mm512_storeu_si512(&codes[i], _mm512_permutexvar_epi32(order, code(&x[i])));
      }
      if (i != x.size()) {
        std::array<float, 64> last{};
        std::copy(x.begin() + static_cast<std::ptrdiff_t>(i), x.end(), last.begin());
        _mm512_mask_storeu_epi8(&codes[i], first(x.size() - i), _mm512_permutexvar_epi32(order, code(last.data())));
      }
      return code.numbers();
    }
  }

  template <class T>
  static void from_codes(std::span<T> y, std::span<std::int8_t const> codes, T scale) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      base::from_codes<T>(y, codes, scale);
    } else {
      std::size_t i = 0;
      for (; i + 16 <= y.size(); i += 16) {
        __m512i const c = _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<__m128i const*>(&codes[i])));
        _mm512_storeu_ps(&y[i], _mm512_mul_ps(_mm512_cvtepi32_ps(c), _mm512_set1_ps(scale)));
      }
      base::from_codes<T>(y.subspan(i), codes.subspan(i), scale);
    }
  }

  static void pack_codes(std::byte* bytes, std::span<std::int8_t const> codes, int bits, int limit) noexcept {
    __m512i const zero = _mm512_set1_epi8(static_cast<char>(limit));
    std::uint64_t const field = ((std::uint64_t{1} << bits) - 1) * 0x0101'0101'0101'0101;
    std::size_t i = 0;
    for (; i + 64 <= codes.size(); i += 64, bytes += 8 * bits) {
      __m512i const f = _mm512_add_epi8(_mm512_loadu_si512(&codes[i]), zero);
      if (bits == 2) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm512_cvtepi32_epi8(bytes_of_pairs(f)));
      } else if (bits == 4) {
        __m512i const pairs = _mm512_maddubs_epi16(f, _mm512_set1_epi16(0x1001));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), _mm512_cvtepi16_epi8(pairs));
      } else {
        alignas(64) std::array<std::uint64_t, 8> eight;
        std::array<std::byte, 64> out;
        _mm512_store_si512(eight.data(), f);
        for (std::size_t k = 0; k != 8; ++k) {  // each begins where the one before ends
          std::uint64_t const v = _pext_u64(eight[k], field);
          std::memcpy(out.data() + k * static_cast<std::size_t>(bits), &v, sizeof v);
        }
        std::memcpy(bytes, out.data(), 8 * static_cast<std::size_t>(bits));
      }
    }
    base::pack_codes(bytes, codes.subspan(i), bits, limit);
  }

  static void unpack_codes(std::span<std::int8_t> codes, std::byte const* bytes, int bits, int limit) noexcept {
    field_reader const read(bits);
    __m512i const zero = _mm512_set1_epi8(static_cast<char>(limit));
    std::size_t i = 0;
    for (; i + 64 <= codes.size(); i += 64, bytes += 8 * bits) {
      _mm512_storeu_si512(&codes[i], _mm512_sub_epi8(read(bytes), zero));
    }
    base::unpack_codes(codes.subspan(i), bytes, bits, limit);
  }

  template <class T>
  static bool encode(std::byte* bytes, std::span<T const> x, int bits, int limit, T scale) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      return base::encode<T>(bytes, x, bits, limit, scale);
    } else if (bits != 2) {
      return base::encode_with<avx512_kernels>(bytes, x, bits, limit, scale);
    } else {
      detail::avx512_coder code(scale, limit);
      __m512i const zero = _mm512_set1_epi8(static_cast<char>(limit));
      __m128i const order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      std::size_t i = 0;
      for (; i + 64 <= x.size(); i += 64, bytes += 16) {
        __m512i const w = bytes_of_pairs(_mm512_add_epi8(code(&x[i]), zero));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm_shuffle_epi8(_mm512_cvtepi32_epi8(w), order));
      }
      return base::encode_with<avx512_kernels>(bytes, x.subspan(i), bits, limit, scale) && code.numbers();
    }
  }

  template <class T>
  static bool decode(std::span<T> y, std::byte const* bytes, int bits, int limit, T scale) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      return base::decode<T>(y, bytes, bits, limit, scale);
    } else if (bits > 4) {
      return base::decode_with<avx512_kernels>(y, bytes, bits, limit, scale);
    } else {
      alignas(64) std::array<float, 16> values;
      for (int f = 0; f != 16; ++f) values[static_cast<std::size_t>(f)] = static_cast<float>(f - limit) * scale;
      __m512 const table = _mm512_load_ps(values.data());
      field_reader const read(bits);
      __m512i largest = _mm512_setzero_si512();
      std::size_t i = 0;
      for (; i + 64 <= y.size(); i += 64, bytes += 8 * bits) {
        __m512i const f = read(bytes);
        largest = _mm512_max_epu8(largest, f);
        put(&y[i], _mm512_castsi512_si128(f), table);
        put(&y[i + 16], _mm512_extracti32x4_epi32(f, 1), table);
        put(&y[i + 32], _mm512_extracti32x4_epi32(f, 2), table);
        put(&y[i + 48], _mm512_extracti32x4_epi32(f, 3), table);
      }
      bool const good = _mm512_cmpgt_epu8_mask(largest, _mm512_set1_epi8(static_cast<char>(2 * limit))) == 0;
      return base::decode_with<avx512_kernels>(y.subspan(i), bytes, bits, limit, scale) && good;
    }
  }

 private:
  /// 64 fields of `bits` bits each, one a byte, from the first bit of `bytes` on.
  class field_reader {
   public:
    explicit field_reader(int bits) noexcept {
      alignas(64) std::array<std::uint8_t, 64> from, shift;
      for (std::size_t i = 0; i != 64; ++i) {
        from[i] = static_cast<std::uint8_t>(i / 8 * static_cast<std::size_t>(bits) + i % 8);
        shift[i] = static_cast<std::uint8_t>(i % 8 * static_cast<std::size_t>(bits));
      }
      from_ = _mm512_load_si512(from.data());
      shift_ = _mm512_load_si512(shift.data());
      field_ = _mm512_set1_epi8(static_cast<char>((1 << bits) - 1));
      bytes_ = first(8 * static_cast<std::size_t>(bits));
    }
    __m512i operator()(std::byte const* bytes) const noexcept {
      __m512i const eight = _mm512_permutexvar_epi8(from_, _mm512_maskz_loadu_epi8(bytes_, bytes));
      return _mm512_and_si512(_mm512_multishift_epi64_epi8(shift_, eight), field_);
    }

   private:
    __m512i from_, shift_, field_;
    __mmask64 bytes_;
  };

  /// The first n of 64.
  static __mmask64 first(std::size_t n) noexcept { return _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(n)); }

  /// Four fields of 2 bits, one a byte, become the lowest byte of their 32 bits.
  static __m512i bytes_of_pairs(__m512i fields) noexcept {
    __m512i const pairs = _mm512_maddubs_epi16(fields, _mm512_set1_epi16(0x0401));
    return _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x0010'0001));
  }

  static void put(float* y, __m128i fields, __m512 table) noexcept {
    _mm512_storeu_ps(y, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(fields), table));
  }

  /// y[i] = f(x[i]), whole cache lines of y at a time.
  template <class F>
  static void map(std::span<float> y, float const* x, F f) noexcept {
    auto const some = [&](std::size_t i, std::size_t n) {
      auto const m = static_cast<__mmask16>(first(n));
      _mm512_mask_storeu_ps(&y[i], m, f(_mm512_maskz_loadu_ps(m, x + i)));
    };
    std::size_t const past = reinterpret_cast<std::uintptr_t>(y.data()) / sizeof(float) % 16;
    std::size_t i = std::min(y.size(), (16 - past) % 16);
    if (i != 0) some(0, i);
    for (; i + 32 <= y.size(); i += 32) {
      __m512 const a = f(_mm512_loadu_ps(x + i));
      __m512 const b = f(_mm512_loadu_ps(x + i + 16));
      _mm512_storeu_ps(&y[i], a);
      _mm512_storeu_ps(&y[i + 16], b);
    }
    for (; i < y.size(); i += 16) some(i, std::min<std::size_t>(16, y.size() - i));
  }
};

static_assert(kernel_set<avx512_kernels>);

/// The fastest kernels that the flags of this translation unit allow.
using native_kernels = avx512_kernels;

}  // namespace sqwa::inline SQWA_ABI

#else

namespace sqwa::inline SQWA_ABI {

using native_kernels = xsimd_kernels<>;

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
