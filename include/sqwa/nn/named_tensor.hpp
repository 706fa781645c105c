// SPDX-License-Identifier: BSD-3-Clause
// A tensor with a name: what whole models are made of, whoever keeps them.
#ifndef SQWA_NN_NAMED_TENSOR_HPP
#define SQWA_NN_NAMED_TENSOR_HPP

#include <sqwa/quant/packed_view.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// A name for any tensor, packed tensor, or contiguous range of integers or truth values; a span names foreign memory.
template <class T>
struct named_tensor {
  std::string name;
  T value;
};
template <class T>
named_tensor(std::string, T) -> named_tensor<T>;

namespace detail {

/// Numbers that are copied, never averaged.
template <class T>
concept integer_range =
    std::ranges::contiguous_range<T> && std::ranges::sized_range<T> && std::integral<std::ranges::range_value_t<T>>;

template <class T>
auto contents(T& t) {
  if constexpr (std::convertible_to<T const&, packed_view>) {
    return packed_view(t);
  } else if constexpr (integer_range<T&>) {
    return std::span(std::ranges::data(t), std::ranges::size(t));
  } else if constexpr (mutable_tensor<T&>) {
    return mutable_values(t);
  } else {
    static_assert(tensor<T>, "a tensor of float or double, a packed tensor, or a contiguous range of integers");
    return values(t);
  }
}

/// What a named thing holds: packed_view, or a span of floats or integers, mutable where it can be written.
template <class Item>
auto contents_of(Item& item) {
  if constexpr (tensor<Item>) {
    return contents(item);
  } else if constexpr (requires { item.weights; }) {
    return contents(item.weights);
  } else if constexpr (requires { item.values; }) {
    return contents(item.values);
  } else {
    return contents(item.value);
  }
}

template <class Item>
shape extents_of(Item const& item) {
  if constexpr (requires { shape(item.extents); }) {
    return shape(item.extents);
  } else if constexpr (requires { shape_of(item.value); }) {
    return shape_of(item.value);
  } else {
    return shape{contents_of(item).size()};
  }
}

/// The elements of a tensor: 'f', 'i', 'u' or 'b' and their size; 'p' for packed codes.
struct element_kind {
  char letter = 'f';
  std::uint8_t size = 4;

  [[nodiscard]] std::string text() const {
    if (letter == 'p') return "packed codes";
    std::string const bits = std::to_string(8 * size);
    return letter == 'f' ? "float" + bits : letter == 'b' ? "bool" : (letter == 'i' ? "int" : "uint") + bits;
  }
  bool operator==(element_kind const&) const = default;
};

template <class T>
constexpr element_kind kind_of(std::span<T> const&) {
  using U = std::remove_const_t<T>;
  char const letter = std::floating_point<U> ? 'f' : std::same_as<U, bool> ? 'b' : std::signed_integral<U> ? 'i' : 'u';
  return {letter, sizeof(U)};
}
constexpr element_kind kind_of(packed_view const&) { return {'p', 0}; }

}  // namespace detail

/// Anything with a name and a tensor: `named_tensor`, `nn::parameter`, `low_bit_tensor`, `float_tensor` and their like.
///
/// Models: has `name`, and is a tensor itself or holds one as `weights`, `values` or `value`; `extents` if it has them.
template <class I>
concept model_item = requires(I& item) {
  { item.name } -> std::convertible_to<std::string_view>;
  detail::contents_of(item);
};

}  // namespace sqwa::inline SQWA_ABI

#endif
