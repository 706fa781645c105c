// SPDX-License-Identifier: BSD-3-Clause
// The kernels that gain from explicit vectors, written with xsimd batches.
#ifndef SQWA_KERNELS_XSIMD_HPP
#define SQWA_KERNELS_XSIMD_HPP

#include <sqwa/kernels/portable.hpp>
#include <sqwa/kernels/x86_ternary.hpp>
#include <sqwa/kernels/xsimd_codes.hpp>
#include <sqwa/kernels/xsimd_gemm.hpp>
#include <sqwa/kernels/xsimd_order.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

/// Kernels written with xsimd batches. Those it does not replace are the portable ones.
template <class Arch = xsimd::default_arch>
struct xsimd_kernels : xsimd_code_kernels<Arch> {
  using portable = portable_kernels<Arch>;
  template <class T>
  using batch = xsimd::batch<T, Arch>;

  template <class T>
  static T dot(std::span<T const> x, std::span<T const> y) noexcept {
    constexpr std::size_t lanes = batch<T>::size;
    batch<T> even(T{0}), odd(T{0});  // two chains hide the latency of the addition
    std::size_t i = 0;
    for (; i + 2 * lanes <= x.size(); i += 2 * lanes) {
      even += batch<T>::load_unaligned(&x[i]) * batch<T>::load_unaligned(&y[i]);
      odd += batch<T>::load_unaligned(&x[i + lanes]) * batch<T>::load_unaligned(&y[i + lanes]);
    }
    return portable::template sum<T>(stored(even + odd)) + portable::template dot<T>(x.subspan(i), y.subspan(i));
  }

  template <class T>
  static T sum(std::span<T const> x) noexcept {
    constexpr std::size_t lanes = batch<T>::size;
    batch<T> even(T{0}), odd(T{0});
    std::size_t i = 0;
    for (; i + 2 * lanes <= x.size(); i += 2 * lanes) {
      even += batch<T>::load_unaligned(&x[i]);
      odd += batch<T>::load_unaligned(&x[i + lanes]);
    }
    return portable::template sum<T>(stored(even + odd)) + portable::template sum<T>(x.subspan(i));
  }

  template <class T>
  static T max_abs(std::span<T const> x) noexcept {
    constexpr std::size_t lanes = batch<T>::size;
    batch<T> even(T{0}), odd(T{0});
    std::size_t i = 0;
    for (; i + 2 * lanes <= x.size(); i += 2 * lanes) {  // a NaN in x does not count
      even = detail::larger(xsimd::abs(batch<T>::load_unaligned(&x[i])), even);
      odd = detail::larger(xsimd::abs(batch<T>::load_unaligned(&x[i + lanes])), odd);
    }
    return std::max(portable::template max_abs<T>(stored(detail::larger(even, odd))),
                    portable::template max_abs<T>(x.subspan(i)));
  }

  template <class T>
  static void lerp(std::span<T> y, std::span<T const> x, T w) noexcept {
    constexpr std::size_t lanes = batch<T>::size;
    std::size_t i = 0;
    for (; i + lanes <= y.size(); i += lanes) {
      auto const a = batch<T>::load_unaligned(&y[i]);
      (a + batch<T>(w) * (batch<T>::load_unaligned(&x[i]) - a)).store_unaligned(&y[i]);
    }
    portable::template lerp<T>(y.subspan(i), x.subspan(i), w);
  }

  template <class T>
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch>::gemm(c, a, b);
  }
  template <class T>
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch>::convolve(c, a, b);
  }
  template <class T>
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch>::convolve_transposed(c, a, b);
  }

#ifdef __SSE2__
  static void ternary_gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a,
                           std::size_t n) noexcept {
    detail::x86_ternary<Arch>::gemm(c, stride, w, a, n);
  }
#endif

 private:
  template <class T>
  static std::array<T, batch<T>::size> stored(batch<T> const& b) noexcept {
    std::array<T, batch<T>::size> lane;
    b.store_unaligned(lane.data());
    return lane;
  }
};

static_assert(kernel_set<xsimd_kernels<>>);

}  // namespace sqwa::inline SQWA_ABI

#endif
