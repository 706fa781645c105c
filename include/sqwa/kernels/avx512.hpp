// SPDX-License-Identifier: BSD-3-Clause
// Kernels between values, codes and packed fields with the permutes of newer AVX-512; elsewhere only an alias.
#ifndef SQWA_KERNELS_AVX512_HPP
#define SQWA_KERNELS_AVX512_HPP

#include <sqwa/kernels/avx512_averages.hpp>
#include <sqwa/kernels/avx512_codes.hpp>
#include <sqwa/kernels/avx512_fits.hpp>
#include <sqwa/kernels/avx512_flags.hpp>
#include <sqwa/kernels/avx512_grid.hpp>
#include <sqwa/kernels/avx512_ternary.hpp>
#include <sqwa/kernels/xsimd.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#ifdef SQWA_AVX512
#include <immintrin.h>

namespace sqwa::inline SQWA_ABI {

/// The kernels of codes for processors with AVX-512 VBMI, VNNI and GFNI (from Ice Lake and Zen 4 on).
///
/// The others are those of xsimd for AVX-512. float only; double is xsimd's.
struct avx512_kernels : xsimd_kernels<xsimd::avx512bw> {
  using base = xsimd_kernels<xsimd::avx512bw>;

  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      base::round_to_grid<T>(y, x, scale, limit);
    } else {
      detail::avx512_grid::round(y, x.data(), scale, limit);
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
    detail::avx512_fields const read(bits);
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
      for (int f = 0; f != 16; ++f)
        values[static_cast<std::size_t>(f)] = static_cast<float>(f % (1 << bits) - limit) * scale;
      __m512 const table = _mm512_load_ps(values.data());
      if (bits == 2 && limit == 1) return decode_pairs(y, bytes, table, scale);
      detail::avx512_fields const read(bits);
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

  template <class T>
  static T lsq_backward(std::span<T> dx, std::span<T const> dy, std::span<T const> x, T scale, T limit) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      return base::lsq_backward<T>(dx, dy, x, scale, limit);
    } else {
      __m512 const inverse = _mm512_set1_ps(1 / scale), high = _mm512_set1_ps(limit), low = _mm512_set1_ps(-limit);
      __m512 even = _mm512_setzero_ps(), odd = even;
      auto const add = [&](std::size_t i, __m512 sum) {
        __m512 const v = _mm512_mul_ps(_mm512_loadu_ps(&x[i]), inverse), g = _mm512_loadu_ps(&dy[i]);
        __m512 const c = _mm512_min_ps(high, _mm512_max_ps(low, v));  // a NaN is the second operand, which stays
        __m512 const q = _mm512_roundscale_ps(c, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        __mmask16 const inside = _mm512_cmp_ps_mask(v, c, _CMP_EQ_OQ);
        _mm512_storeu_ps(&dx[i], _mm512_maskz_mov_ps(inside, g));
        return _mm512_add_ps(sum, _mm512_mul_ps(g, _mm512_mask_sub_ps(c, inside, q, v)));
      };
      std::size_t i = 0;
      for (; i + 32 <= x.size(); i += 32) {
        even = add(i, even);
        odd = add(i + 16, odd);
      }
      std::array<float, 32> lane;
      _mm512_storeu_ps(lane.data(), even);
      _mm512_storeu_ps(lane.data() + 16, odd);
      return base::lsq_rest<float>(lane, dx.subspan(i), dy.subspan(i), x.subspan(i), scale, limit);
    }
  }

  static bool add_codes(std::span<std::int8_t> sums, std::byte const* bytes, int bits, int limit,
                        int sign = 1) noexcept {
    bool const good = detail::avx512_averages::add(sums, bytes, bits, limit, sign);
    std::size_t const done = sums.size() / 64 * 64;
    return base::add_codes(sums.subspan(done), bytes + done / 8 * static_cast<std::size_t>(bits), bits, limit, sign) &&
           good;
  }

  template <class T>
  static bool mean_codes(std::span<T> y, std::span<std::byte const* const> snapshots, int bits, int limit,
                         double scale) noexcept {
    if constexpr (std::is_same_v<T, float>) {
      if (bits == 2 && limit == 1 && snapshots.size() <= 7) {
        bool const good = detail::avx512_averages::mean(y, snapshots, scale);
        return base::template mean_with<avx512_kernels>(y, snapshots, y.size() / 256 * 256, bits, limit, scale) && good;
      }
    }
    return base::template mean_with<avx512_kernels>(y, snapshots, 0, bits, limit, scale);
  }

  template <class T>
  static code_products sum_codes(std::span<T const> x, T inverse, T limit) noexcept {
    if constexpr (!std::is_same_v<T, float>)
      return base::sum_codes<T>(x, inverse, limit);
    else
      return detail::avx512_fits::sum_codes(x, inverse, limit);
  }
  template <class T>
  static std::size_t split_codes(std::span<T const> x, T inverse, T other, T limit, T* inside,
                                 code_products& sums) noexcept {
    if constexpr (!std::is_same_v<T, float>) {
      return base::template split_codes<T>(x, inverse, other, limit, inside, sums);
    } else {
      return detail::avx512_fits::split_codes(x, inverse, other, limit, inside, sums);
    }
  }
  template <class T>
  static tail_table tails(std::span<T const> x, std::array<T, 6> const& above) noexcept {
    if constexpr (!std::is_same_v<T, float>)
      return base::tails<T>(x, above);
    else
      return detail::avx512_fits::tails(x, above);
  }
  template <class T>
  static std::size_t split(std::span<T const> x, T low, T high, T* inside, tail& above) noexcept {
    if constexpr (!std::is_same_v<T, float>)
      return base::split<T>(x, low, high, inside, above);
    else
      return detail::avx512_fits::split(x, low, high, inside, above);
  }

  static void ternary_gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a,
                           std::size_t n) noexcept {
    detail::avx512_ternary::gemm(c, stride, w, a, n);
  }

  static void ternary_gemv(float* y, ternary_rows w, float const* a) noexcept { detail::avx512_ternary::gemv(y, w, a); }

 private:
  /// The first n of 64.
  static __mmask64 first(std::size_t n) noexcept { return _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(n)); }

  /// Four fields of 2 bits, one a byte, become the lowest byte of their 32 bits.
  static __m512i bytes_of_pairs(__m512i fields) noexcept {
    __m512i const pairs = _mm512_maddubs_epi16(fields, _mm512_set1_epi16(0x0401));
    return _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x0010'0001));
  }

  /// `decode` of fields of 2 bits; `table` holds the four values four times over, for permutes that see four bits.
  static bool decode_pairs(std::span<float> y, std::byte const* bytes, __m512 table, float scale) noexcept {
    __m512i const shift = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    __m512i ones = _mm512_setzero_si512();
    std::size_t i = 0;
    for (; i + 256 <= y.size(); i += 256, bytes += 64) {
      __m512i const all = _mm512_loadu_si512(bytes);
      ones = _mm512_or_si512(ones, _mm512_and_si512(all, _mm512_srli_epi64(all, 1)));
      for (std::size_t k = 0; k != 16; ++k) {
        std::int32_t word;
        std::memcpy(&word, bytes + 4 * k, sizeof word);
        __m512i const fields = _mm512_srlv_epi32(_mm512_set1_epi32(word), shift);
        _mm512_storeu_ps(&y[i + 16 * k], _mm512_permutexvar_ps(fields, table));
      }
    }
    bool const good = _mm512_test_epi8_mask(ones, _mm512_set1_epi8(0x55)) == 0;
    return base::decode_with<avx512_kernels>(y.subspan(i), bytes, 2, 1, scale) && good;
  }

  static void put(float* y, __m128i fields, __m512 table) noexcept {
    _mm512_storeu_ps(y, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(fields), table));
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
