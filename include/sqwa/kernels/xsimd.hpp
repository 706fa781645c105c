// SPDX-License-Identifier: BSD-3-Clause
// The kernels that gain from explicit vectors, written with xsimd batches.
#ifndef SQWA_KERNELS_XSIMD_HPP
#define SQWA_KERNELS_XSIMD_HPP

#include <sqwa/kernels/portable.hpp>
#include <sqwa/kernels/xsimd_gemm.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

/// Kernels written with xsimd batches. Those it does not replace are the portable ones.
template <class Arch = xsimd::default_arch>
struct xsimd_kernels : portable_kernels<Arch> {
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
    for (; i + 2 * lanes <= x.size(); i += 2 * lanes) {  // a NaN in x is the first operand, which x86's max drops
      even = xsimd::max(xsimd::abs(batch<T>::load_unaligned(&x[i])), even);
      odd = xsimd::max(xsimd::abs(batch<T>::load_unaligned(&x[i + lanes])), odd);
    }
    return std::max(portable::template max_abs<T>(stored(xsimd::max(even, odd))),
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

  /// Adding and subtracting 1.5 * 2^(mantissa bits) rounds to even where the instruction set has no rounding.
  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    constexpr std::size_t lanes = batch<T>::size;
    constexpr T magic = std::is_same_v<T, float> ? T(0x1.8p23) : T(0x1.8p52);
    std::size_t i = 0;
    for (; i + lanes <= y.size(); i += lanes) {
      auto const t = batch<T>::load_unaligned(&x[i]) / batch<T>(scale);
      auto const inside = xsimd::min(xsimd::max(t, batch<T>(-limit)), batch<T>(limit));
      (((inside + batch<T>(magic)) - batch<T>(magic)) * batch<T>(scale)).store_unaligned(&y[i]);
    }
    portable::template round_to_grid<T>(y.subspan(i), x.subspan(i), scale, limit);
  }

  template <class T>
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    product<T>(
        c, b, [a](std::size_t i) { return a.data + i * a.row_stride; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t k = 0, at = 0; k != a.columns; ++k, at += a.column_stride, other += other_stride) {
            step(at, other);
          }
        });
  }

  template <class T>
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    product<T>(
        c, b, [a](std::size_t i) { return a.data + a.offsets[i]; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t r = 0; r != a.runs; ++r) {
            for (std::size_t k = 0, at = r * a.stride; k != a.length; ++k, ++at, other += other_stride) step(at, other);
          }
        });
  }

  template <class T>
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    product<T>(
        c, b, [a](std::size_t k) { return a.data + k / a.length * a.stride + k % a.length; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t const at : a.offsets) {
            step(at, other);
            other += other_stride;
          }
        });
  }

 private:
  /// One number with the interface of a batch: the last columns of a matrix.
  template <class T>
  struct single {
    static constexpr std::size_t size = 1;
    T value;
    explicit single(T v = 0) : value(v) {}
    static single load_unaligned(T const* p) { return single(*p); }
    void store_unaligned(T* p) const { *p = value; }
    friend single operator+(single a, single b) { return single(a.value + b.value); }
    friend single operator*(single a, single b) { return single(a.value * b.value); }
  };

  /// The batch of half as many lanes as B, or a single number where there is none.
  template <class T, class B>
  static auto half_as_wide() {
    if constexpr (B::size > 2 && !std::is_void_v<xsimd::make_sized_batch_t<T, B::size / 2>>) {
      return xsimd::make_sized_batch_t<T, B::size / 2>(T{0});
    } else {
      return single<T>{};
    }
  }

  /// c += a b for an `a` given by `first(i)`, where row i begins, and `walk(other, stride, step)`, which calls
  /// `step(at, other)` for each inner index: `at` is the element's distance from the begin of its row.
  ///
  /// A tile of `c` stays in registers while the inner index runs: rows × two batches, then one, then ever narrower.
  template <class T, class First, class Walk>
  static void product(matrix<T> c, matrix<T const> b, First first, Walk walk) noexcept {
    using wide = batch<T>;
    std::size_t j = 0;
    for (; j + 2 * wide::size <= c.columns; j += 2 * wide::size) panel<T, wide, 2>(c, b, j, first, walk);
    narrow<T, wide>(c, b, j, first, walk);
  }

  template <class T, class B, class First, class Walk>
  static void narrow(matrix<T> c, matrix<T const> b, std::size_t j, First first, Walk walk) noexcept {
    for (; j + B::size <= c.columns; j += B::size) panel<T, B, 1>(c, b, j, first, walk);
    if constexpr (B::size > 1) narrow<T, decltype(half_as_wide<T, B>())>(c, b, j, first, walk);
  }

  template <class T, class B, std::size_t Batches, class First, class Walk>
  static void panel(matrix<T> c, matrix<T const> b, std::size_t j, First first, Walk walk) noexcept {
    std::size_t i = 0;
    for (; i + tile_rows <= c.rows; i += tile_rows) tile<tile_rows, T, B, Batches>(c, b, i, j, first, walk);
    if constexpr (tile_rows > 4) {
      for (; i + 4 <= c.rows; i += 4) tile<4, T, B, Batches>(c, b, i, j, first, walk);
    }
    for (; i + 2 <= c.rows; i += 2) tile<2, T, B, Batches>(c, b, i, j, first, walk);
    for (; i != c.rows; ++i) tile<1, T, B, Batches>(c, b, i, j, first, walk);
  }

  template <std::size_t Rows, class T, class B, std::size_t Batches, class First, class Walk>
  static void tile(matrix<T> c, matrix<T const> b, std::size_t i, std::size_t j, First first, Walk walk) noexcept {
    T* const corner = &c(i, j);
    std::array<T const*, Rows> row;
    B sum[Rows][Batches];
#pragma GCC unroll 16
    for (std::size_t r = 0; r != Rows; ++r) {
      row[r] = first(i + r);
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Batches; ++v) {
        sum[r][v] = B::load_unaligned(corner + r * c.row_stride + v * B::size);
      }
    }
    walk(b.data + j, b.row_stride, [&](std::size_t at, T const* other) {
      B factor[Batches];
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Batches; ++v) factor[v] = B::load_unaligned(other + v * B::size);
#pragma GCC unroll 16
      for (std::size_t r = 0; r != Rows; ++r) {
        B const w(row[r][at]);
#pragma GCC unroll 2
        for (std::size_t v = 0; v != Batches; ++v) sum[r][v] = sum[r][v] + w * factor[v];
      }
    });
#pragma GCC unroll 16
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Batches; ++v) sum[r][v].store_unaligned(corner + r * c.row_stride + v * B::size);
    }
  }

  /// As many rows as leave registers for the other operands: there are 32 vector registers with AVX-512, else 16.
  static constexpr std::size_t tile_rows = batch<float>::size >= 16 ? 8 : 4;

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
