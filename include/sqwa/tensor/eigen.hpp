// SPDX-License-Identifier: BSD-3-Clause
// Eigen's matrices, arrays and contiguous maps as tensors. For Eigen::Tensor see tensor/eigen_tensor.hpp.
#ifndef SQWA_TENSOR_EIGEN_HPP
#define SQWA_TENSOR_EIGEN_HPP

#include <sqwa/tensor/adapter.hpp>

#include <Eigen/Core>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <class Derived>
void is_eigen_dense(Eigen::DenseBase<Derived> const&);

/// A matrix, vector, array, view or expression of Eigen's; not a sparse one.
template <class T>
concept eigen_object = requires(T const& t) {
  detail::is_eigen_dense(t);
};

template <class T>
inline constexpr bool eigen_run = std::derived_from<T, Eigen::PlainObjectBase<T>>;
template <class Plain, int Options, int Outer, int Inner>
inline constexpr bool eigen_run<Eigen::Map<Plain, Options, Eigen::Stride<Outer, Inner>>> = Outer == 0 &&
                                                                                           (Inner == 0 || Inner == 1);
template <class Of, int Rows, int Columns>  // true: whole columns, or whole rows where rows are contiguous
inline constexpr bool eigen_run<Eigen::Block<Of, Rows, Columns, true>> = eigen_run<std::remove_const_t<Of>>;

template <class T>
consteval bool is_eigen_run() {
  if constexpr ((T::Flags & Eigen::DirectAccessBit) == 0) {
    return false;
  } else {
    return eigen_run<T> || (T::IsVectorAtCompileTime && T::InnerStrideAtCompileTime == 1);
  }
}

/// …whose type says that its elements lie in memory without gaps.
template <class T>
concept contiguous_eigen_object = eigen_object<T> && detail::is_eigen_run<T>();

}  // namespace detail

/// The elements in the order in which they lie in memory; the extents in the same order, slowest index first.
///
/// Eigen's default is column-major: a matrix of r rows and c columns is a tensor of extents {c, r}, and
/// `per_channel{.axis = 0}` gives each column a scale, `per_channel{.axis = 1}` each row. A row-major one has extents
/// {r, c}. A vector has one extent. Served are Matrix and Array, Map without strides, whole columns of a column-major
/// and whole rows of a row-major matrix, and every vector whose type says that its elements touch. Memory: none.
template <detail::contiguous_eigen_object T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_pointer_t<decltype(t.data())>>(t.data(), static_cast<std::size_t>(t.size()));
  }
  static constexpr auto shape(T const& t) noexcept {
    if constexpr (T::IsVectorAtCompileTime) {
      return std::array{t.size()};
    } else if constexpr (T::IsRowMajor) {
      return std::array{t.rows(), t.cols()};
    } else {
      return std::array{t.cols(), t.rows()};
    }
  }
};

/// Expressions, blocks, maps and references with strides are refused: `eval()` makes a matrix of them.
template <detail::eigen_object T>
struct adapter<T> {
  using not_contiguous = void;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
