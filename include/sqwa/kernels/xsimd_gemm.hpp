// SPDX-License-Identifier: BSD-3-Clause
// Matrix products with xsimd: tiles of the result stay in registers while the inner index runs.
#ifndef SQWA_KERNELS_XSIMD_GEMM_HPP
#define SQWA_KERNELS_XSIMD_GEMM_HPP

#include <sqwa/kernels/portable.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// c += a b for an `a` given by `first(i)`, where row i begins, and `walk(other, stride, step)`, which calls
/// `step(at, other)` for each inner index: `at` is the element's distance from the begin of its row, `other` the row of
/// b.
///
/// A tile of c stays in registers while the inner index runs: rows × two batches, then one, then ever narrower ones.
/// Each element is added to in the order of the portable loop, a product and a sum at a time, so the bits are the same;
/// with `Fused` they are one operation, rounded once.
template <class T, class Arch, bool Fused = false>
class xsimd_product {
 public:
  template <class First, class Walk>
  static void run(matrix<T> c, matrix<T const> b, First first, Walk walk) noexcept {
    std::size_t j = 0;
    if constexpr (sizeof(wide) < 64) {  // with AVX-512 an element of a that is used once is an operand in memory
      for (; j + 2 * wide::size <= c.columns; j += 2 * wide::size) panel<wide, 2>(c, b, j, first, walk);
    }
    narrow<wide>(c, b, j, first, walk);
  }

  /// c += a b
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    run(
        c, b, [a](std::size_t i) { return a.data + i * a.row_stride; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t k = 0, at = 0; k != a.columns; ++k, at += a.column_stride, other += other_stride) {
            step(at, other);
          }
        });
  }

  /// c += a b, where the rows of `a` are windows
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    run(
        c, b, [a](std::size_t i) { return a.data + a.offsets[i]; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t r = 0; r != a.runs; ++r) {
            for (std::size_t k = 0, at = r * a.stride; k != a.length; ++k, ++at, other += other_stride) step(at, other);
          }
        });
  }

  /// c += aᵀ b
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    run(
        c, b, [a](std::size_t k) { return a.data + k / a.length * a.stride + k % a.length; },
        [a](T const* other, std::size_t other_stride, auto&& step) {
          for (std::size_t const at : a.offsets) {
            step(at, other);
            other += other_stride;
          }
        });
  }

 private:
  using wide = xsimd::batch<T, Arch>;

  /// As many rows as leave registers for the other operands: there are 32 vector registers with AVX-512, else 16.
  static constexpr std::size_t tile_rows = sizeof(wide) == 64 ? 16 : 4;

  /// One number with the interface of a batch: the last columns of a matrix.
  struct single {
    static constexpr std::size_t size = 1;
    T value;
    explicit single(T v = 0) : value(v) {}
    static single load_unaligned(T const* p) { return single(*p); }
    void store_unaligned(T* p) const { *p = value; }
    friend single operator+(single a, single b) { return single(a.value + b.value); }
    friend single operator*(single a, single b) { return single(a.value * b.value); }
    friend single fma(single a, single b, single c) { return single(std::fma(a.value, b.value, c.value)); }
  };

  template <class B>
  static B add_product(B sum, B a, B b) noexcept {
    if constexpr (Fused) {
      return fma(a, b, sum);
    } else {
      return sum + a * b;
    }
  }

  /// The batch of half as many lanes as B, or a single number where there is none.
  template <class B>
  static auto half_as_wide() {
    using half = xsimd::make_sized_batch_t<T, B::size / 2>;
    if constexpr (B::size > 2 && !std::is_void_v<half>) {
      return half(T{0});
    } else {
      return single{};
    }
  }

  template <class B, class First, class Walk>
  static void narrow(matrix<T> c, matrix<T const> b, std::size_t j, First first, Walk walk) noexcept {
    for (; j + B::size <= c.columns; j += B::size) panel<B, 1>(c, b, j, first, walk);
    if constexpr (B::size > 1) narrow<decltype(half_as_wide<B>())>(c, b, j, first, walk);
  }

  template <class B, std::size_t Batches, class First, class Walk>
  static void panel(matrix<T> c, matrix<T const> b, std::size_t j, First first, Walk walk) noexcept {
    std::size_t i = 0;
    for (; i + tile_rows <= c.rows; i += tile_rows) tile<tile_rows, B, Batches>(c, b, i, j, first, walk);
    if constexpr (tile_rows > 4) {
      for (; i + 4 <= c.rows; i += 4) tile<4, B, Batches>(c, b, i, j, first, walk);
    }
    for (; i + 2 <= c.rows; i += 2) tile<2, B, Batches>(c, b, i, j, first, walk);
    for (; i != c.rows; ++i) tile<1, B, Batches>(c, b, i, j, first, walk);
  }

  template <std::size_t Rows, class B, std::size_t Batches, class First, class Walk>
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
        for (std::size_t v = 0; v != Batches; ++v) sum[r][v] = add_product(sum[r][v], w, factor[v]);
      }
    });
#pragma GCC unroll 16
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Batches; ++v) sum[r][v].store_unaligned(corner + r * c.row_stride + v * B::size);
    }
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
