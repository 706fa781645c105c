// SPDX-License-Identifier: BSD-3-Clause
// Tensors of Eigen's unsupported modules. A header of its own, since theirs is a large one.
#ifndef SQWA_TENSOR_EIGEN_TENSOR_HPP
#define SQWA_TENSOR_EIGEN_TENSOR_HPP

#include <sqwa/tensor/adapter.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <class Derived, int Access>
void is_eigen_tensor(Eigen::TensorBase<Derived, Access> const&);

/// A tensor, map or expression of Eigen's tensor module.
template <class T>
concept eigen_tensor_object = requires(T const& t) {
  detail::is_eigen_tensor(t);
};

template <class T>
inline constexpr bool eigen_tensor_run = false;
template <class Scalar, int Rank, int Options, class Index>
inline constexpr bool eigen_tensor_run<Eigen::Tensor<Scalar, Rank, Options, Index>> = true;
template <class Scalar, class Dimensions, int Options, class Index>
inline constexpr bool eigen_tensor_run<Eigen::TensorFixedSize<Scalar, Dimensions, Options, Index>> = true;
template <class Of, int Options, template <class> class Pointer>
inline constexpr bool eigen_tensor_run<Eigen::TensorMap<Of, Options, Pointer>> = true;

/// …that owns or borrows one dense run.
template <class T>
concept contiguous_eigen_tensor = eigen_tensor_object<T> && eigen_tensor_run<T>;

}  // namespace detail

/// The elements of Tensor, TensorFixedSize and TensorMap in the order in which they lie in memory; extents in the same
/// order, slowest index first. So those of a column-major tensor, Eigen's default, come in reverse. A map is a view:
/// constant or not, it shows elements to write unless it maps a constant tensor. Memory: none.
template <detail::contiguous_eigen_tensor T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_pointer_t<decltype(t.data())>>(t.data(), static_cast<std::size_t>(t.size()));
  }
  static constexpr auto shape(T const& t) noexcept {
    constexpr auto rank = static_cast<std::size_t>(T::NumIndices);
    constexpr bool row_major = int{T::Layout} == int{Eigen::RowMajor};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<std::size_t, rank>{static_cast<std::size_t>(t.dimensions()[row_major ? I : rank - 1 - I])...};
    }
    (std::make_index_sequence<rank>());
  }
};

/// Expressions, slices and references to them are refused: a Tensor that is made of them is a tensor.
template <detail::eigen_tensor_object T>
struct adapter<T> {
  using not_contiguous = void;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
