// SPDX-License-Identifier: BSD-3-Clause
// Matrix multiplication with xsimd: tiles of c stay in registers while the inner index runs.
#ifndef SQWA_KERNELS_XSIMD_GEMM_HPP
#define SQWA_KERNELS_XSIMD_GEMM_HPP

#include <sqwa/kernels/portable.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {
namespace detail {

/// c += a b in tiles of `Rows` × `Vectors` batches. Each element is added to in the order of the portable loop.
///
/// Columns that fill no batch are computed on padded copies of b's last columns, on the stack.
template <class T, class Arch>
struct xsimd_gemm {
  using batch = xsimd::batch<T, Arch>;
  static constexpr std::size_t lanes = batch::size;
  static constexpr std::size_t rows = sizeof(batch) == 64 ? 8 : 4;  // 32 vector registers, or 16
  static constexpr std::size_t depth = 256;                         // of a padded copy

  static void run(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    std::size_t j = 0;
    for (; j + 2 * lanes <= c.columns; j += 2 * lanes) strip<2>(c, a, b, j);
    for (; j + lanes <= c.columns; j += lanes) strip<1>(c, a, b, j);
    if (j != c.columns) tail(c, a, b, j);
  }

 private:
  template <std::size_t Vectors>
  static void strip(matrix<T> c, matrix<T const> a, matrix<T const> b, std::size_t j) noexcept {
    std::size_t i = 0;
    for (; i + rows <= c.rows; i += rows) tile<rows, Vectors>(c, a, b, i, j);
    for (; i + 2 <= c.rows; i += 2) tile<2, Vectors>(c, a, b, i, j);
    for (; i != c.rows; ++i) tile<1, Vectors>(c, a, b, i, j);
  }

  template <std::size_t Rows, std::size_t Vectors>
  static void tile(matrix<T> c, matrix<T const> a, matrix<T const> b, std::size_t i, std::size_t j) noexcept {
    std::array<std::array<batch, Vectors>, Rows> sum;
#pragma GCC unroll 8
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Vectors; ++v) sum[r][v] = batch::load_unaligned(&c(i + r, j + v * lanes));
    }
    for (std::size_t k = 0; k != a.columns; ++k) {
      std::array<batch, Vectors> row;
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Vectors; ++v) row[v] = batch::load_unaligned(&b(k, j + v * lanes));
#pragma GCC unroll 8
      for (std::size_t r = 0; r != Rows; ++r) {
        batch const w(a(i + r, k));
#pragma GCC unroll 2
        for (std::size_t v = 0; v != Vectors; ++v) sum[r][v] = sum[r][v] + w * row[v];
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v != Vectors; ++v) sum[r][v].store_unaligned(&c(i + r, j + v * lanes));
    }
  }

  static void tail(matrix<T> c, matrix<T const> a, matrix<T const> b, std::size_t j) noexcept {
    std::size_t const wide = c.columns - j;
    std::array<T, depth * lanes> padded_b;
    std::array<T, rows * lanes> padded_c;
    for (std::size_t k = 0; k < a.columns; k += depth) {
      std::size_t const deep = std::min(depth, a.columns - k);
      for (std::size_t d = 0; d != deep; ++d) {
        std::fill_n(std::copy_n(&b(k + d, j), wide, &padded_b[d * lanes]), lanes - wide, T(0));
      }
      for (std::size_t i = 0; i < c.rows; i += rows) {
        std::size_t const high = std::min(rows, c.rows - i);
        padded_c.fill(0);
        for (std::size_t r = 0; r != high; ++r) std::copy_n(&c(i + r, j), wide, &padded_c[r * lanes]);
        matrix<T const> const block{&a(i, k), high, deep, a.row_stride, a.column_stride};
        strip<1>({padded_c.data(), high, lanes}, block, {padded_b.data(), deep, lanes}, 0);
        for (std::size_t r = 0; r != high; ++r) std::copy_n(&padded_c[r * lanes], wide, &c(i + r, j));
      }
    }
  }
};

}  // namespace detail
}  // namespace sqwa::inline SQWA_ABI

#endif
