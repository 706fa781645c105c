// SPDX-License-Identifier: BSD-3-Clause
// Products of small dense matrices with fused multiply-add, tile by tile in registers.
#ifndef SQWA_KERNELS_REGISTER_TILES_HPP
#define SQWA_KERNELS_REGISTER_TILES_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// @tparam V  a vector as `winograd` takes it
template <class V>
class register_tiles {
  using T = typename V::value_type;
  static constexpr std::size_t lanes = V::size;

 public:
  /// c = a b or with `Gradient` c += a'b; rows of a, b and c are contiguous, one after the other.
  ///
  /// Tiles of c stay in registers while the inner index runs.
  template <bool Gradient>
  static void multiply(T const* a, std::size_t a_stride, std::size_t rows, std::size_t inner, T const* b,
                       std::size_t columns, T* c) noexcept {
    std::size_t j = 0;
    if constexpr (sizeof(V) < 64) {  // 16 registers, and each element of a is loaded by an instruction of its own
      for (; j + 2 * lanes <= columns; j += 2 * lanes) {
        std::size_t left = strip<Gradient, 6, 2>(a, a_stride, 0, rows, inner, b + j, columns, c + j);
        left = strip<Gradient, 4, 2>(a, a_stride, left, rows, inner, b + j, columns, c + j);
        strip<Gradient, 1, 2>(a, a_stride, left, rows, inner, b + j, columns, c + j);
      }
    }
    for (; j != columns; j += lanes) {  // an element of a that is used once is an operand in memory
      std::size_t left = 0;
      if constexpr (sizeof(V) == 64) {
        left = strip<Gradient, 16, 1>(a, a_stride, left, rows, inner, b + j, columns, c + j);
      }
      left = strip<Gradient, 8, 1>(a, a_stride, left, rows, inner, b + j, columns, c + j);
      left = strip<Gradient, 4, 1>(a, a_stride, left, rows, inner, b + j, columns, c + j);
      strip<Gradient, 1, 1>(a, a_stride, left, rows, inner, b + j, columns, c + j);
    }
  }

 private:
  /// Whole tiles from row `first` on; returns the first row that is left.
  template <bool Gradient, std::size_t Rows, std::size_t Vectors>
  static std::size_t strip(T const* a, std::size_t a_stride, std::size_t first, std::size_t rows, std::size_t inner,
                           T const* b, std::size_t columns, T* c) noexcept {
    for (; first + Rows <= rows; first += Rows) {
      register_tile<Gradient, Rows, Vectors>(a + first * (Gradient ? 1 : a_stride), a_stride, inner, b, columns,
                                             c + first * columns);
    }
    return first;
  }

  template <bool Gradient, std::size_t Rows, std::size_t Vectors>
  static void register_tile(T const* a, std::size_t a_stride, std::size_t inner, T const* b, std::size_t columns,
                            T* c) noexcept {
    V sum[Rows][Vectors];
#pragma GCC unroll 16
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t q = 0; q != Vectors; ++q) {
        sum[r][q] = Gradient ? V::load_unaligned(c + r * columns + q * lanes) : V(T(0));
      }
    }
    for (std::size_t k = 0; k != inner; ++k) {
      V other[Vectors];
#pragma GCC unroll 2
      for (std::size_t q = 0; q != Vectors; ++q) other[q] = V::load_unaligned(b + k * columns + q * lanes);
#pragma GCC unroll 16
      for (std::size_t r = 0; r != Rows; ++r) {
        V const one(Gradient ? a[k * a_stride + r] : a[r * a_stride + k]);
#pragma GCC unroll 2
        for (std::size_t q = 0; q != Vectors; ++q) sum[r][q] = fma(one, other[q], sum[r][q]);
      }
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r != Rows; ++r) {
#pragma GCC unroll 2
      for (std::size_t q = 0; q != Vectors; ++q) sum[r][q].store_unaligned(c + r * columns + q * lanes);
    }
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
