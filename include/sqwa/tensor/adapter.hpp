// SPDX-License-Identifier: BSD-3-Clause
// How any tensor type is seen: as one run of float or double, and its shape where it has one.
#ifndef SQWA_TENSOR_ADAPTER_HPP
#define SQWA_TENSOR_ADAPTER_HPP

#include <sqwa/tensor/shape.hpp>

#include <concepts>
#include <cstddef>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// A number that tensors are made of.
template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

/// Shows a tensor's elements as a span; specialize it for tensor types of your own.
///
/// `elements(t)` returns `std::span<T>` or `std::span<T const>` over all elements of `t`, T being float or double.
/// `shape(t)` is optional: a range of extents, slowest index first, whose product is the number of elements. A member
/// type `not_contiguous` in the place of both refuses the type by that reason. This primary template serves every
/// contiguous range: std::vector, std::array, std::span and their like. Memory: none.
template <class T>
struct adapter {
  template <class U>
    requires std::ranges::contiguous_range<U&> && std::ranges::sized_range<U&>
  static constexpr auto elements(U& t) noexcept {
    return std::span<std::remove_reference_t<std::ranges::range_reference_t<U&>>>(std::ranges::data(t),
                                                                                  std::ranges::size(t));
  }
};

namespace detail {

template <class S>
inline constexpr bool real_span = false;
template <real T>
inline constexpr bool real_span<std::span<T>> = true;
template <real T>
inline constexpr bool real_span<std::span<T const>> = true;

template <class S>
inline constexpr bool mutable_real_span = false;
template <real T>
inline constexpr bool mutable_real_span<std::span<T>> = true;

/// False for types whose adapter has a member type `not_contiguous`: their elements may lie apart in memory.
template <class T>
concept known_to_be_contiguous = !requires {
  typename adapter<std::remove_cvref_t<T>>::not_contiguous;
};

template <class T>
concept adapted = known_to_be_contiguous<T> && requires(T& t) {
  adapter<std::remove_cvref_t<T>>::elements(t);
};

template <adapted T>
using elements_of = decltype(adapter<std::remove_cvref_t<T>>::elements(std::declval<T&>()));

}  // namespace detail

/// A type whose elements can be read as one run of float or double.
///
/// Models: `adapter<T>::elements(t)` covers every element once, in an order that does not change.
template <class T>
concept tensor = detail::adapted < std::remove_reference_t<T>
const > &&detail::real_span<detail::elements_of<std::remove_reference_t<T> const>>;

/// A `tensor` whose elements can be written too.
template <class T>
concept mutable_tensor = tensor<T> && detail::mutable_real_span<detail::elements_of<std::remove_reference_t<T>>>;

/// float or double: what the elements of a tensor are.
template <tensor T>
using element_of = std::remove_const_t<typename detail::elements_of<std::remove_reference_t<T> const>::element_type>;

/// All elements, to read. The span lives as long as the elements do.
template <tensor T>
[[nodiscard]] constexpr auto values(T const& t) noexcept {  // auto: else clang refuses element_of, and names no concept
  return std::span<element_of<T> const>(adapter<std::remove_cvref_t<T>>::elements(t));
}

/// All elements, to write. The span lives as long as the elements do.
template <class T>
  requires mutable_tensor<T>
[[nodiscard]] constexpr auto mutable_values(T&& t) noexcept {
  return std::span<element_of<T>>(adapter<std::remove_cvref_t<T>>::elements(t));
}

/// The extents of a tensor; one extent, its size, for a tensor that has no shape.
template <tensor T>
[[nodiscard]] constexpr shape shape_of(T const& t) {
  if constexpr (requires { adapter<std::remove_cvref_t<T>>::shape(t); }) {
    return shape(adapter<std::remove_cvref_t<T>>::shape(t));
  } else {
    return shape{values(t).size()};
  }
}

}  // namespace sqwa::inline SQWA_ABI

#endif
