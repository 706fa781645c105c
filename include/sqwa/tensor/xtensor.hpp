// SPDX-License-Identifier: BSD-3-Clause
// xtensor's containers and contiguous adaptors as tensors; and the one place that knows where xtensor keeps its
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

/// A container or adaptor of xtensor's that owns or borrows one dense run: not a view, not an expression.
template <class T>
concept xtensor_container = std::derived_from<T, xt::xcontainer<T>> &&
                            T::static_layout != xt::layout_type::dynamic&& requires(T& t) {
  { t.data() } -> std::convertible_to<typename T::value_type const*>;
  t.storage();
};

}  // namespace detail

/// The elements in the order in which they lie in memory.
template <detail::xtensor_container T>
struct adapter<T> {
  template <class U>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_pointer_t<decltype(t.data())>>(t.data(), t.size());
  }
  static constexpr auto const& shape(auto const& t) noexcept { return t.shape(); }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
