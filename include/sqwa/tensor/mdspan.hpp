// SPDX-License-Identifier: BSD-3-Clause
// mdspan as a tensor: std::mdspan, its reference implementation, and whatever else has that interface. Nothing is
// included of them.
#ifndef SQWA_TENSOR_MDSPAN_HPP
#define SQWA_TENSOR_MDSPAN_HPP

#include <sqwa/tensor/adapter.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// The members that an mdspan has, of any layout and accessor (ISO C++23, [mdspan.mdspan]).
template <class T>
concept mdspan_object = requires(T const& t) {
  typename T::extents_type;
  typename T::layout_type;
  typename T::mapping_type;
  typename T::accessor_type;
  typename T::element_type;
  typename T::reference;
  typename T::data_handle_type;
  t.data_handle();
  { t.extent(0) } -> std::convertible_to<std::size_t>;
  { t.size() } -> std::convertible_to<std::size_t>;
  { T::rank() } -> std::convertible_to<std::size_t>;
  { T::is_always_exhaustive() } -> std::convertible_to<bool>;
};

enum class index_order { unknown, last_fastest, first_fastest };

/// The order of a layout, asked of its mapping for two by three elements.
template <class Layout, class Extents>
inline constexpr auto order_of = index_order::unknown;
template <class Layout, template <class, std::size_t...> class Extents, class Index, std::size_t... N>
  requires(Layout::template mapping<Extents<Index, 2, 3>>::is_always_exhaustive())
inline constexpr auto order_of<Layout, Extents<Index, N...>> = [] {
  typename Layout::template mapping<Extents<Index, 2, 3>> const m{};
  if (m.stride(0) == 3 && m.stride(1) == 1) return index_order::last_fastest;
  if (m.stride(0) == 1 && m.stride(1) == 2) return index_order::first_fastest;
  return index_order::unknown;
}();

/// …whose type says that it is one run of plain elements, row-major or column-major.
template <class T>
concept contiguous_mdspan = mdspan_object<T> &&
    T::is_always_exhaustive() && std::same_as<typename T::data_handle_type, typename T::element_type*> && std::same_as<
        typename T::reference, typename T::element_type&> && order_of<typename T::layout_type, typename T::extents_type>
!= index_order::unknown;

}  // namespace detail

/// The elements in the order in which they lie in memory; extents in the same order, slowest index first. So those of
/// `layout_left` come in reverse, and `per_channel` counts its axes so.
///
/// Like a span, an mdspan shows elements to write unless they are constant. Memory: none.
template <detail::contiguous_mdspan T>
struct adapter<T> {
  static constexpr auto elements(T const& t) noexcept {
    return std::span<typename T::element_type>(t.data_handle(), static_cast<std::size_t>(t.size()));
  }
  static constexpr auto shape(T const& t) noexcept {
    constexpr std::size_t rank = T::rank();
    constexpr auto order = detail::order_of<typename T::layout_type, typename T::extents_type>;
    std::array<std::size_t, rank> extents{};
    for (std::size_t i = 0; i != rank; ++i) {
      extents[i] = static_cast<std::size_t>(t.extent(order == detail::index_order::last_fastest ? i : rank - 1 - i));
    }
    return extents;
  }
};

/// `layout_stride`, padded layouts and accessors that give something else than the element are refused.
template <detail::mdspan_object T>
struct adapter<T> {
  using not_contiguous = void;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
