// SPDX-License-Identifier: BSD-3-Clause
// A kernel set that is chosen while the program runs: for one binary that serves several processors.
#ifndef SQWA_KERNELS_KERNEL_TABLE_HPP
#define SQWA_KERNELS_KERNEL_TABLE_HPP

#include <sqwa/kernels/portable.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// The kernels of one set that work on T, as references: a table that lacks one does not compile.
template <class T>
struct kernel_functions {
  using in = std::span<T const>;
  using out = std::span<T>;
  using codes = std::span<std::int8_t>;
  using code_input = std::span<std::int8_t const>;

  T (&dot)(in, in) noexcept;
  T (&sum)(in) noexcept;
  T (&max_abs)(in) noexcept;
  void (&axpy)(out, in, T) noexcept;
  void (&lerp)(out, in, T) noexcept;
  void (&round_to_grid)(out, in, T, T) noexcept;
  bool (&to_codes)(codes, in, T, int) noexcept;
  void (&from_codes)(out, code_input, T) noexcept;
  bool (&encode)(std::byte*, in, int, int, T) noexcept;
  bool (&decode)(out, std::byte const*, int, int, T) noexcept;
  T (&lsq_backward)(out, in, in, T, T) noexcept;
  code_products (&sum_codes)(in, T, T) noexcept;
  std::size_t (&split_codes)(in, T, T, T, T*, code_products&) noexcept;
  tail_table (&tails)(in, std::array<T, tail_table::thresholds> const&) noexcept;
  std::size_t (&split)(in, T, T, T*, tail&) noexcept;
  bool (&mean_codes)(out, std::span<std::byte const* const>, int, int, double) noexcept;
  void (&gemm)(matrix<T>, matrix<T const>, matrix<T const>) noexcept;
  void (&convolve)(matrix<T>, windows<T>, matrix<T const>) noexcept;
  void (&convolve_transposed)(matrix<T>, windows<T>, matrix<T const>) noexcept;

  template <class K>
  static constexpr kernel_functions of() noexcept {
    return {K::template dot<T>,
            K::template sum<T>,
            K::template max_abs<T>,
            K::template axpy<T>,
            K::template lerp<T>,
            K::template round_to_grid<T>,
            K::template to_codes<T>,
            K::template from_codes<T>,
            K::template encode<T>,
            K::template decode<T>,
            K::template lsq_backward<T>,
            K::template sum_codes<T>,
            K::template split_codes<T>,
            K::template tails<T>,
            K::template split<T>,
            K::template mean_codes<T>,
            K::template gemm<T>,
            K::template convolve<T>,
            K::template convolve_transposed<T>};
  }
};

/// All kernels of one set, as pointers: what a file that is compiled for one instruction set hands to the program.
struct kernel_table {
  kernel_functions<float> of_float;
  kernel_functions<double> of_double;
  void (&pack_codes)(std::byte*, std::span<std::int8_t const>, int, int) noexcept;
  void (&unpack_codes)(std::span<std::int8_t>, std::byte const*, int, int) noexcept;
  bool (&add_codes)(std::span<std::int8_t>, std::byte const*, int, int, int) noexcept;
  void (&ternary_gemm)(std::int32_t*, std::size_t, ternary_rows, std::int8_t const*, std::size_t) noexcept;
  void (&ternary_gemv)(float*, ternary_rows, float const*) noexcept;

  template <kernel_set K>
  static constexpr kernel_table of() noexcept {
    return {kernel_functions<float>::of<K>(),
            kernel_functions<double>::of<K>(),
            K::pack_codes,
            K::unpack_codes,
            K::add_codes,
            K::ternary_gemm,
            K::ternary_gemv};
  }

  template <class T>
  constexpr kernel_functions<T> const& functions() const noexcept {
    if constexpr (std::same_as<T, float>) {
      return of_float;
    } else {
      return of_double;
    }
  }
};

/// The kernel set whose kernels `Table` names: one call through a pointer for each kernel.
///
/// `backend<table_kernels<choose>>` is taken wherever a backend is. `Table` is the program's own function; it returns
/// the table that it has chosen, the same one at every call. docs/kernels.md has the whole recipe.
template <kernel_table const& (*Table)() noexcept>
struct table_kernels {
  template <class T>
  static T dot(std::span<T const> x, std::span<T const> y) noexcept {
    return of<T>().dot(x, y);
  }
  template <class T>
  static T sum(std::span<T const> x) noexcept {
    return of<T>().sum(x);
  }
  template <class T>
  static T max_abs(std::span<T const> x) noexcept {
    return of<T>().max_abs(x);
  }
  template <class T>
  static void axpy(std::span<T> y, std::span<T const> x, T w) noexcept {
    of<T>().axpy(y, x, w);
  }
  template <class T>
  static void lerp(std::span<T> y, std::span<T const> x, T w) noexcept {
    of<T>().lerp(y, x, w);
  }
  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    of<T>().round_to_grid(y, x, scale, limit);
  }
  template <class T>
  static bool to_codes(std::span<std::int8_t> codes, std::span<T const> x, T scale, int limit) noexcept {
    return of<T>().to_codes(codes, x, scale, limit);
  }
  template <class T>
  static void from_codes(std::span<T> y, std::span<std::int8_t const> codes, T scale) noexcept {
    of<T>().from_codes(y, codes, scale);
  }
  static void pack_codes(std::byte* bytes, std::span<std::int8_t const> codes, int bits, int limit) noexcept {
    Table().pack_codes(bytes, codes, bits, limit);
  }
  static void unpack_codes(std::span<std::int8_t> codes, std::byte const* bytes, int bits, int limit) noexcept {
    Table().unpack_codes(codes, bytes, bits, limit);
  }
  template <class T>
  static bool encode(std::byte* bytes, std::span<T const> x, int bits, int limit, T scale) noexcept {
    return of<T>().encode(bytes, x, bits, limit, scale);
  }
  template <class T>
  static bool decode(std::span<T> y, std::byte const* bytes, int bits, int limit, T scale) noexcept {
    return of<T>().decode(y, bytes, bits, limit, scale);
  }
  template <class T>
  static T lsq_backward(std::span<T> dx, std::span<T const> dy, std::span<T const> x, T scale, T limit) noexcept {
    return of<T>().lsq_backward(dx, dy, x, scale, limit);
  }
  template <class T>
  static code_products sum_codes(std::span<T const> x, T inverse, T limit) noexcept {
    return of<T>().sum_codes(x, inverse, limit);
  }
  template <class T>
  static std::size_t split_codes(std::span<T const> x, T inverse, T other, T limit, T* inside,
                                 code_products& sums) noexcept {
    return of<T>().split_codes(x, inverse, other, limit, inside, sums);
  }
  template <class T>
  static tail_table tails(std::span<T const> x, std::array<T, tail_table::thresholds> const& above) noexcept {
    return of<T>().tails(x, above);
  }
  template <class T>
  static std::size_t split(std::span<T const> x, T low, T high, T* inside, tail& above) noexcept {
    return of<T>().split(x, low, high, inside, above);
  }
  static bool add_codes(std::span<std::int8_t> sums, std::byte const* bytes, int bits, int limit,
                        int sign = 1) noexcept {
    return Table().add_codes(sums, bytes, bits, limit, sign);
  }
  template <class T>
  static bool mean_codes(std::span<T> y, std::span<std::byte const* const> snapshots, int bits, int limit,
                         double scale) noexcept {
    return of<T>().mean_codes(y, snapshots, bits, limit, scale);
  }
  static void ternary_gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a,
                           std::size_t n) noexcept {
    Table().ternary_gemm(c, stride, w, a, n);
  }
  static void ternary_gemv(float* y, ternary_rows w, float const* a) noexcept { Table().ternary_gemv(y, w, a); }
  template <class T>
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    of<T>().gemm(c, a, b);
  }
  template <class T>
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    of<T>().convolve(c, a, b);
  }
  template <class T>
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    of<T>().convolve_transposed(c, a, b);
  }

 private:
  template <class T>
  static kernel_functions<T> const& of() noexcept {
    return Table().template functions<T>();
  }
};

namespace detail {

kernel_table const& some_table() noexcept;  // declared only: for the next line

}  // namespace detail

static_assert(kernel_set<table_kernels<detail::some_table>>,
              "kernel_table or table_kernels lacks a kernel of kernel_set");

}  // namespace sqwa::inline SQWA_ABI

#endif
