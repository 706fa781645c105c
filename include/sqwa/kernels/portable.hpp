// SPDX-License-Identifier: BSD-3-Clause
// The inner loops of the library: what each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_HPP
#define SQWA_KERNELS_PORTABLE_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/kernels/portable_averages.hpp>
#include <sqwa/kernels/portable_fits.hpp>
#include <sqwa/kernels/portable_ternary.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// A matrix in somebody else's memory: element (i, j) is `data[i * row_stride + j * column_stride]`.
template <class T>
struct matrix {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t row_stride = columns;
  std::size_t column_stride = 1;

  constexpr T& operator()(std::size_t i, std::size_t j) const noexcept {
    return data[i * row_stride + j * column_stride];
  }
  /// The same elements with rows and columns exchanged; nothing moves.
  constexpr matrix transposed() const noexcept { return {data, columns, rows, column_stride, row_stride}; }
};

/// A matrix read in place out of an image: row i is the window of one output position of a convolution.
///
/// Row i consists of `runs` runs of `length` neighbouring elements; run r begins at `data + offsets[i] + r * stride`.
/// Windows may overlap: nothing is copied.
template <class T>
struct windows {
  T const* data = nullptr;
  std::span<std::uint32_t const> offsets{};
  std::size_t runs = 1;
  std::size_t length = 0;
  std::size_t stride = 0;

  constexpr std::size_t rows() const noexcept { return offsets.size(); }
  constexpr std::size_t columns() const noexcept { return runs * length; }
  constexpr T const& operator()(std::size_t i, std::size_t k) const noexcept {
    return data[offsets[i] + k / length * stride + k % length];
  }
};

/// The inner loops of the library, as static functions over contiguous float or double.
///
/// Kernels do not check, allocate or throw. Spans of one call have one length. Kernel sets agree in every bit, but for
/// `dot` and `sum`, whose order of additions is theirs (docs/reproducibility.md), provided that the compiler does not
/// contract a product and a sum into one operation (-ffp-contract=off).
template <class K>
concept kernel_set = requires(std::span<float> y, std::span<float const> x, float w, matrix<float> c,
                              matrix<float const> a, windows<float> v, std::span<std::int8_t> codes,
                              std::span<std::int8_t const> const_codes, std::byte* bytes, ternary_rows t,
                              std::array<float, 6> const& above, tail& sums,
                              std::span<std::byte const* const> snapshots, code_products& codes_sum) {
  { K::template dot<float>(x, x) }
  noexcept->std::same_as<float>;
  { K::template sum<float>(x) }
  noexcept->std::same_as<float>;
  { K::template max_abs<float>(x) }
  noexcept->std::same_as<float>;
  { K::template axpy<float>(y, x, w) }
  noexcept->std::same_as<void>;
  { K::template lerp<float>(y, x, w) }
  noexcept->std::same_as<void>;
  { K::template round_to_grid<float>(y, x, w, w) }
  noexcept->std::same_as<void>;
  { K::template to_codes<float>(codes, x, w, 1) }
  noexcept->std::same_as<bool>;
  { K::template from_codes<float>(y, const_codes, w) }
  noexcept->std::same_as<void>;
  { K::pack_codes(bytes, const_codes, 2, 1) }
  noexcept->std::same_as<void>;
  { K::unpack_codes(codes, bytes, 2, 1) }
  noexcept->std::same_as<void>;
  { K::template encode<float>(bytes, x, 2, 1, w) }
  noexcept->std::same_as<bool>;
  { K::template decode<float>(y, bytes, 2, 1, w) }
  noexcept->std::same_as<bool>;
  { K::template lsq_backward<float>(y, x, x, w, w) }
  noexcept->std::same_as<float>;
  { K::template sum_codes<float>(x, w, w) }
  noexcept->std::same_as<code_products>;
  { K::template split_codes<float>(x, w, w, w, y.data(), codes_sum) }
  noexcept->std::same_as<std::size_t>;
  { K::template tails<float>(x, above) }
  noexcept->std::same_as<tail_table>;
  { K::template split<float>(x, w, w, y.data(), sums) }
  noexcept->std::same_as<std::size_t>;
  { K::add_codes(codes, bytes, 2, 1, -1) }
  noexcept->std::same_as<bool>;
  { K::template mean_codes<float>(y, snapshots, 2, 1, 1.0) }
  noexcept->std::same_as<bool>;
  { K::ternary_gemm(static_cast<std::int32_t*>(nullptr), 1, t, codes.data(), 1) }
  noexcept->std::same_as<void>;
  { K::ternary_gemv(y.data(), t, x.data()) }
  noexcept->std::same_as<void>;
  { K::template gemm<float>(c, a, a) }
  noexcept->std::same_as<void>;
  { K::template convolve<float>(c, v, a) }
  noexcept->std::same_as<void>;
  { K::template convolve_transposed<float>(c, v, a) }
  noexcept->std::same_as<void>;
};

/// Plain loops: the meaning of every kernel, and the oracle of its tests.
///
/// @tparam Isa  names the instruction set a derived set is compiled for, so that two translation
///              units with different target flags never share one of these symbols
template <class Isa>
struct portable_kernels : portable_fit_kernels<Isa>, portable_average_kernels<Isa>, portable_ternary_kernels<Isa> {
  /// The sum of x[i] * y[i]; 0 for no values.
  template <class T>
  static T dot(std::span<T const> x, std::span<T const> y) noexcept {
    T s = 0;
    for (std::size_t i = 0; i != x.size(); ++i) s += x[i] * y[i];
    return s;
  }

  /// The sum of x[i]; 0 for no values.
  template <class T>
  static T sum(std::span<T const> x) noexcept {
    T s = 0;
    for (T v : x) s += v;
    return s;
  }

  /// The largest |x[i]|; 0 for no values. NaN does not count.
  template <class T>
  static T max_abs(std::span<T const> x) noexcept {
    T m = 0;
    for (T v : x) m = std::max(m, std::abs(v));
    return m;
  }

  /// y[i] += w * x[i]
  template <class T>
  static void axpy(std::span<T> y, std::span<T const> x, T w) noexcept {
    for (std::size_t i = 0; i != y.size(); ++i) y[i] += w * x[i];
  }

  /// y[i] += w * (x[i] - y[i])
  template <class T>
  static void lerp(std::span<T> y, std::span<T const> x, T w) noexcept {
    for (std::size_t i = 0; i != y.size(); ++i) y[i] += w * (x[i] - y[i]);
  }

  /// c += a b. The products of one element are added in ascending order of the inner index, one after the other.
  ///
  /// Rows of `b` and `c` are contiguous (column_stride 1); `a` is strided as it likes, so `a.transposed()` costs
  /// nothing.
  template <class T>
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    for (std::size_t i = 0; i != c.rows; ++i) {
      T* const row = &c(i, 0);
      for (std::size_t k = 0; k != a.columns; ++k) {
        T const w = a(i, k);
        T const* const other = &b(k, 0);
        for (std::size_t j = 0; j != c.columns; ++j) row[j] += w * other[j];
      }
    }
  }

  /// c += a b, where the rows of `a` are windows: a convolution. Order of additions and rows of `b`, `c` as in `gemm`.
  template <class T>
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    for (std::size_t i = 0; i != c.rows; ++i) {
      T* const row = &c(i, 0);
      for (std::size_t k = 0; k != a.columns(); ++k) {
        T const w = a(i, k);
        T const* const other = &b(k, 0);
        for (std::size_t j = 0; j != c.columns; ++j) row[j] += w * other[j];
      }
    }
  }

  /// c += aᵀ b: the gradient of a convolution in its weights. The order of additions is that of the windows.
  template <class T>
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    for (std::size_t k = 0; k != c.rows; ++k) {
      T* const row = &c(k, 0);
      for (std::size_t i = 0; i != a.rows(); ++i) {
        T const w = a(i, k);
        T const* const other = &b(i, 0);
        for (std::size_t j = 0; j != c.columns; ++j) row[j] += w * other[j];
      }
    }
  }
};

using scalar_kernels = portable_kernels<void>;
static_assert(kernel_set<scalar_kernels>);

}  // namespace sqwa::inline SQWA_ABI

#endif
