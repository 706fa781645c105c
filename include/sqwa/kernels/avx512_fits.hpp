// SPDX-License-Identifier: BSD-3-Clause
// Sums over magnitudes with AVX-512; elsewhere nothing.
#ifndef SQWA_KERNELS_AVX512_FITS_HPP
#define SQWA_KERNELS_AVX512_FITS_HPP

#include <sqwa/kernels/avx512_flags.hpp>
#include <sqwa/kernels/portable_fits.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#ifdef SQWA_AVX512
#include <immintrin.h>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// The kernels of `portable_fit_kernels` for float; the sum of a lane is the same there and here.
class avx512_fits {
 public:
  static code_products sum_codes(std::span<float const> x, float inverse, float limit) noexcept {
    __m512 const factor = _mm512_set1_ps(inverse), most = _mm512_set1_ps(limit), half = _mm512_set1_ps(0.5F);
    wide_lanes products, squares;
    std::int64_t ones = 0;
    if (limit == 1) {  // a sum of magnitudes
      in_lanes(x, [&](__m512 a, __m512 b) {
        __mmask16 const k = _mm512_cmp_ps_mask(_mm512_mul_ps(a, factor), half, _CMP_GT_OQ);
        __mmask16 const l = _mm512_cmp_ps_mask(_mm512_mul_ps(b, factor), half, _CMP_GT_OQ);
        products.add(k, a, l, b);
        ones += count(k, l);
      });
      return {products.total(), static_cast<double>(ones)};
    }
    in_lanes(x, [&](__m512 a, __m512 b) {
      constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
      __m512 const c = _mm512_roundscale_ps(_mm512_min_ps(_mm512_mul_ps(a, factor), most), nearest);
      __m512 const d = _mm512_roundscale_ps(_mm512_min_ps(_mm512_mul_ps(b, factor), most), nearest);
      products.add_products(a, c, b, d);
      squares.add_products(c, c, d, d);
    });
    return {products.total(), squares.total()};
  }

  static std::size_t split_codes(std::span<float const> x, float inverse, float other, float limit, float* inside,
                                 code_products& sums) noexcept {
    __m512 const factor = _mm512_set1_ps(inverse), second = _mm512_set1_ps(other), most = _mm512_set1_ps(limit);
    auto const code = [=](__m512 v, __m512 f) {
      constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
      return _mm512_roundscale_ps(_mm512_min_ps(_mm512_mul_ps(v, f), most), nearest);
    };
    wide_lanes products, squares;
    float* end = inside;
    in_lanes(x, [&](__m512 a, __m512 b) {
      __m512 const c = code(a, factor), d = code(b, factor);
      products.add_products(a, c, b, d);
      squares.add_products(c, c, d, d);
      end = keep(end, _mm512_cmp_ps_mask(c, code(a, second), _CMP_NEQ_UQ), a);
      end = keep(end, _mm512_cmp_ps_mask(d, code(b, second), _CMP_NEQ_UQ), b);
    });
    sums = sums + code_products{products.total(), squares.total()};
    return static_cast<std::size_t>(end - inside);
  }

  static tail_table tails(std::span<float const> x, std::array<float, 6> const& above) noexcept {
    __m512 threshold[6], low[6], high[6];
    __m512 largest = _mm512_setzero_ps();
    std::array<std::int64_t, 6> n{};
    for (std::size_t k = 0; k != 6; ++k) {
      threshold[k] = _mm512_set1_ps(above[k]);
      low[k] = high[k] = _mm512_setzero_ps();
    }
    in_lanes(x, [&](__m512 a, __m512 b) {
      largest = _mm512_max_ps(largest, _mm512_max_ps(a, b));
#pragma GCC unroll 6
      for (std::size_t k = 0; k != 6; ++k) {
        __mmask16 const i = _mm512_cmp_ps_mask(a, threshold[k], _CMP_GT_OQ);
        __mmask16 const j = _mm512_cmp_ps_mask(b, threshold[k], _CMP_GT_OQ);
        low[k] = _mm512_mask_add_ps(low[k], i, low[k], a);
        high[k] = _mm512_mask_add_ps(high[k], j, high[k], b);
        n[k] += count(i, j);
      }
    });
    tail_table all;
    for (std::size_t k = 0; k != 6; ++k) {
      wide_lanes sum;
      sum.add(0xFFFF, low[k], 0xFFFF, high[k]);
      all.above[k] = {sum.total(), static_cast<double>(n[k])};
    }
    all.largest = static_cast<double>(_mm512_reduce_max_ps(largest));
    return all;
  }

  static std::size_t split(std::span<float const> x, float low, float high, float* inside, tail& above) noexcept {
    __m512 const from = _mm512_set1_ps(low), to = _mm512_set1_ps(high);
    wide_lanes sum;
    std::int64_t more = 0;
    float* end = inside;
    in_lanes(x, [&](__m512 a, __m512 b) {
      __mmask16 const i = _mm512_cmp_ps_mask(a, to, _CMP_GT_OQ), j = _mm512_cmp_ps_mask(b, to, _CMP_GT_OQ);
      sum.add(i, a, j, b);
      more += count(i, j);
      end = keep(end, _mm512_cmp_ps_mask(a, from, _CMP_GT_OQ) & ~i, a);
      end = keep(end, _mm512_cmp_ps_mask(b, from, _CMP_GT_OQ) & ~j, b);
    });
    above.sum += sum.total();
    above.count += static_cast<double>(more);
    return static_cast<std::size_t>(end - inside);
  }

 private:
  /// Thirty-two lanes of double.
  class wide_lanes {
   public:
    /// Adds a to the first sixteen lanes and b to the others, where the masks say so.
    void add(__mmask16 k, __m512 a, __mmask16 l, __m512 b) noexcept {
      auto const upper = [](__mmask16 m) { return static_cast<__mmask8>(m >> 8); };
      lane_[0] = _mm512_mask_add_pd(lane_[0], static_cast<__mmask8>(k), lane_[0], lower_half(a));
      lane_[1] = _mm512_mask_add_pd(lane_[1], upper(k), lane_[1], upper_half(a));
      lane_[2] = _mm512_mask_add_pd(lane_[2], static_cast<__mmask8>(l), lane_[2], lower_half(b));
      lane_[3] = _mm512_mask_add_pd(lane_[3], upper(l), lane_[3], upper_half(b));
    }
    /// Adds a * c and b * d, which are exact in double.
    void add_products(__m512 a, __m512 c, __m512 b, __m512 d) noexcept {
      lane_[0] = _mm512_fmadd_pd(lower_half(a), lower_half(c), lane_[0]);
      lane_[1] = _mm512_fmadd_pd(upper_half(a), upper_half(c), lane_[1]);
      lane_[2] = _mm512_fmadd_pd(lower_half(b), lower_half(d), lane_[2]);
      lane_[3] = _mm512_fmadd_pd(upper_half(b), upper_half(d), lane_[3]);
    }
    /// The sum in halves.
    double total() const noexcept {
      std::array<double, 8> s;
      _mm512_storeu_pd(s.data(), _mm512_add_pd(_mm512_add_pd(lane_[0], lane_[2]), _mm512_add_pd(lane_[1], lane_[3])));
      for (std::size_t half = 4; half != 0; half /= 2) {
        for (std::size_t i = 0; i != half; ++i) s[i] += s[i + half];
      }
      return s[0];
    }

   private:
    static __m512d lower_half(__m512 v) noexcept { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
    static __m512d upper_half(__m512 v) noexcept { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }

    __m512d lane_[4] = {_mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()};
  };

  static int count(__mmask16 k, __mmask16 l) noexcept { return std::popcount(static_cast<unsigned>(k) << 16 | l); }

  static float* keep(float* end, __mmask16 k, __m512 v) noexcept {
    _mm512_storeu_ps(end, _mm512_maskz_compress_ps(k, v));
    return end + std::popcount(static_cast<unsigned>(k));
  }

  /// `f(a, b)` for the magnitudes of each 32 values; the last ones are filled up with zeros, which add nothing.
  template <class F>
  static void in_lanes(std::span<float const> x, F&& f) noexcept {
    std::size_t i = 0;
    for (; i + 32 <= x.size(); i += 32) {
      f(_mm512_abs_ps(_mm512_loadu_ps(&x[i])), _mm512_abs_ps(_mm512_loadu_ps(&x[i + 16])));
    }
    if (i == x.size()) return;
    std::array<float, 32> last{};
    std::copy(x.begin() + static_cast<std::ptrdiff_t>(i), x.end(), last.begin());
    f(_mm512_abs_ps(_mm512_loadu_ps(last.data())), _mm512_abs_ps(_mm512_loadu_ps(last.data() + 16)));
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif

#endif
