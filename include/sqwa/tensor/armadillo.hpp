// SPDX-License-Identifier: BSD-3-Clause
// Armadillo's vectors, matrices and cubes as tensors. Needs nothing to be linked.
#ifndef SQWA_TENSOR_ARMADILLO_HPP
#define SQWA_TENSOR_ARMADILLO_HPP

#include <sqwa/tensor/adapter.hpp>

#include <armadillo>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Mat, Col and Row, also of fixed size.
template <class T>
concept armadillo_matrix = requires {
  typename T::elem_type;
  requires std::derived_from<T, arma::Mat<typename T::elem_type>>;
};

template <class T>
concept armadillo_cube = requires {
  typename T::elem_type;
  requires std::derived_from<T, arma::Cube<typename T::elem_type>>;
};

/// A part or an expression: what stands for elements of others.
template <class T>
concept armadillo_view = requires {
  typename T::elem_type;
}
&&(arma::is_arma_type<T>::value || arma::is_arma_cube_type<T>::value) && !armadillo_matrix<T> && !armadillo_cube<T>;

template <class U>
constexpr auto armadillo_elements(U& t) noexcept {
  return std::span<std::remove_pointer_t<decltype(t.memptr())>>(t.memptr(), static_cast<std::size_t>(t.n_elem));
}

}  // namespace detail

/// The elements in the order in which they lie in memory: column after column. The extents in the same order, slowest
/// index first: {columns, rows}, so that `per_channel{.axis = 0}` gives each column a scale and `per_channel{.axis =
/// 1}` each row. Col and Row have one extent. Memory: none.
template <detail::armadillo_matrix T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return detail::armadillo_elements(t);
  }
  static constexpr auto shape(T const& t) noexcept {
    if constexpr (T::is_col || T::is_row) {
      return std::array{t.n_elem};
    } else {
      return std::array{t.n_cols, t.n_rows};
    }
  }
};

/// Slice after slice, each as a matrix: extents {slices, columns, rows}. Memory: none.
template <detail::armadillo_cube T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return detail::armadillo_elements(t);
  }
  static constexpr auto shape(T const& t) noexcept { return std::array{t.n_slices, t.n_cols, t.n_rows}; }
};

/// Subviews, diagonals and expressions are refused: a matrix that is made of them is a tensor, and a column is
/// `std::span(m.colptr(j), m.n_rows)`.
template <detail::armadillo_view T>
struct adapter<T> {
  using not_contiguous = void;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
