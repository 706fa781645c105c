// SPDX-License-Identifier: BSD-3-Clause
// Averages of packed ternary codes with AVX-512; elsewhere nothing.
#ifndef SQWA_KERNELS_AVX512_AVERAGES_HPP
#define SQWA_KERNELS_AVX512_AVERAGES_HPP

#include <sqwa/kernels/avx512_codes.hpp>
#include <sqwa/kernels/avx512_flags.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#ifdef SQWA_AVX512
#include <immintrin.h>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// The kernels of `portable_average_kernels`, for whole vectors.
class avx512_averages {
 public:
  /// Adds or takes off the codes of the first sums.size() / 64 * 64 elements. Returns whether each field is a code.
  static bool add(std::span<std::int8_t> sums, std::byte const* bytes, int bits, int limit, int sign) noexcept {
    avx512_fields const read(bits);
    __m512i const zero = _mm512_set1_epi8(static_cast<char>(limit));
    __m512i largest = _mm512_setzero_si512();
    std::size_t const step = 8 * static_cast<std::size_t>(bits);
    for (std::size_t i = 0; i + 64 <= sums.size(); i += 64, bytes += step) {
      __m512i const field = read(bytes), sum = _mm512_loadu_si512(&sums[i]);
      largest = _mm512_max_epu8(largest, field);
      __m512i const code = _mm512_sub_epi8(field, zero);
      _mm512_storeu_si512(&sums[i], sign > 0 ? _mm512_add_epi8(sum, code) : _mm512_sub_epi8(sum, code));
    }
    return _mm512_cmpgt_epu8_mask(largest, _mm512_set1_epi8(static_cast<char>(2 * limit))) == 0;
  }

  /// The mean of at most seven ternary snapshots, of the first y.size() / 256 * 256 elements.
  ///
  /// Fields of two bits are summed in four: the even ones of a byte in one vector, the odd ones in another. A sum, at
  /// most 14, chooses its mean from a table.
  static bool mean(std::span<float> y, std::span<std::byte const* const> snapshots, double scale) noexcept {
    auto const n = static_cast<int>(snapshots.size());
    alignas(64) std::array<float, 16> means{};
    for (int sum = 0; sum <= 2 * n; ++sum) {
      means[static_cast<std::size_t>(sum)] = static_cast<float>(static_cast<double>(sum - n) * scale / n);
    }
    __m512 const table = _mm512_load_ps(means.data());
    __m512i const low = _mm512_set1_epi8(0x33);
    __m512i const shift = _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
    __m512i ones = _mm512_setzero_si512();
    for (std::size_t i = 0; i + 256 <= y.size(); i += 256) {
      __m512i even = _mm512_setzero_si512(), odd = even;
      for (std::byte const* s : snapshots) {
        __m512i const v = _mm512_loadu_si512(s + i / 4), w = _mm512_srli_epi64(v, 2);
        ones = _mm512_or_si512(ones, _mm512_and_si512(v, _mm512_srli_epi64(v, 1)));
        even = _mm512_add_epi8(even, _mm512_and_si512(v, low));
        odd = _mm512_add_epi8(odd, _mm512_and_si512(w, low));
      }
      alignas(64) std::array<std::int64_t, 16> pairs;  // the even and the odd sums of 16 elements beside each other
      __m512i const first = _mm512_unpacklo_epi32(even, odd), second = _mm512_unpackhi_epi32(even, odd);
      _mm512_store_si512(pairs.data(), first);
      _mm512_store_si512(pairs.data() + 8, second);
      for (std::size_t k = 0; k != 16; ++k) {  // 128 bits hold the pairs 0, 1 of `first` and 2, 3 of `second`
        std::size_t const at = k / 4 * 2 + k % 2 + (k % 4 < 2 ? 0 : 8);
        __m512i const sums = _mm512_srlv_epi32(_mm512_set1_epi64(pairs[at]), shift);
        _mm512_storeu_ps(&y[i + 16 * k], _mm512_permutexvar_ps(sums, table));
      }
    }
    return _mm512_test_epi8_mask(ones, _mm512_set1_epi8(0x55)) == 0;
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
