// SPDX-License-Identifier: BSD-3-Clause
// xtensor's containers, adaptors and contiguous views as tensors; and the one place that knows where xtensor keeps its
// headers.
#ifndef SQWA_TENSOR_XTENSOR_HPP
#define SQWA_TENSOR_XTENSOR_HPP

#include <sqwa/tensor/adapter.hpp>

#if __has_include(<xtensor/containers/xtensor.hpp>)  // 0.26 moved its headers into folders
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <concepts>
#include <ranges>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// A container, adaptor, view or expression of xtensor's.
template <class T>
concept xtensor_expression = std::derived_from<T, xt::xexpression<T>>;

/// A container or adaptor that owns or borrows one dense run.
template <class T>
concept xtensor_container = xtensor_expression<T> && std::derived_from<T, xt::xcontainer<T>> &&
                            T::static_layout != xt::layout_type::dynamic&& requires(T& t) {
  { t.data() } -> std::convertible_to<typename T::value_type const*>;
  t.storage();
};

template <class T>
inline constexpr bool is_xview = false;
template <class Of, class... Slices>
inline constexpr bool is_xview<xt::xview<Of, Slices...>> = true;

/// An `xt::view` whose slices say, by their types alone, that it shows one dense run.
template <class T>
concept contiguous_xtensor_view = xtensor_expression<T> && is_xview<T> &&
                                  T::static_layout != xt::layout_type::dynamic&& requires(T& t) {
  { t.data() } -> std::convertible_to<typename T::value_type const*>;
  t.data_offset();
};

/// Extents as they lie in memory: slowest index first.
template <class T>
constexpr sqwa::shape xtensor_shape(T const& t) {
  if constexpr (T::static_layout == xt::layout_type::column_major) {
    return sqwa::shape(std::views::reverse(t.shape()));
  } else {
    return sqwa::shape(t.shape());
  }
}

}  // namespace detail

/// The elements in the order in which they lie in memory; extents in the same order, slowest index first. So those of a
/// column-major container come in reverse, and `per_channel` counts its axes so.
template <detail::xtensor_container T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_pointer_t<decltype(t.data())>>(t.data(), t.size());
  }
  static constexpr sqwa::shape shape(T const& t) { return detail::xtensor_shape(t); }
};

/// Views of one index, or of a range of them, on the slowest axes of a dense container: `xt::view(a, 2)`,
/// `xt::view(a, xt::range(2, 5))`. A view is read-only where it is constant itself.
template <detail::contiguous_xtensor_view T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_pointer_t<decltype(t.data())>>(t.data() + t.data_offset(), t.size());
  }
  static constexpr sqwa::shape shape(T const& t) { return detail::xtensor_shape(t); }
};

/// Expressions, strided and other views, containers of dynamic layout are refused: `xt::eval` or an `xt::xtensor` of
/// them is a tensor.
template <detail::xtensor_expression T>
struct adapter<T> {
  using not_contiguous = void;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
