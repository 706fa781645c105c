// SPDX-License-Identifier: BSD-3-Clause
// Which weights share a scale: a whole tensor, a channel, or a group of consecutive weights.
#ifndef SQWA_QUANT_GRANULARITY_HPP
#define SQWA_QUANT_GRANULARITY_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

/// Which scale belongs to which element: element i of `size` belongs to block (i / inner) % count.
///
/// The elements of a block lie in runs of `inner` consecutive elements, `outer` runs each; the last run may be shorter.
/// One scale is stored for each of the `count` blocks. Memory: none.
struct blocks {
  std::size_t size = 0;
  std::size_t outer = 1;
  std::size_t count = 1;
  std::size_t inner = 0;

  /// The block of element i.
  /// Models: i < size
  [[nodiscard]] constexpr std::size_t of(std::size_t i) const noexcept { return i / inner % count; }

  /// Whether every element belongs to a block and every block has its elements; for layouts that come from a file.
  ///
  /// Either size = outer * count * inner, or one run a block with a shorter last one.
  [[nodiscard]] constexpr bool valid() const noexcept {
    if (outer == 0 || count == 0 || inner == 0) return size == 0;
    std::size_t const runs = size / inner + (size % inner == 0 ? 0 : 1);
    if (outer == 1 && runs == count) return true;
    return size % inner == 0 && runs % count == 0 && runs / count == outer;
  }

  bool operator==(blocks const&) const = default;
};

/// Calls `f(block, begin, length)` for each run of consecutive elements of one block within [first, last), ascending.
///
/// Where there is only one block, that is one run, whatever `inner` says.
/// Models: last <= layout.size
template <std::invocable<std::size_t, std::size_t, std::size_t> F>
constexpr void for_each_run(blocks const& layout, std::size_t first, std::size_t last, F&& f) {
  if (first >= last) return;
  if (layout.count == 1) {
    f(std::size_t{0}, first, last - first);
    return;
  }
  std::size_t block = layout.of(first);
  std::size_t left = layout.inner - first % layout.inner;
  while (first != last) {
    std::size_t const length = std::min(left, last - first);
    f(block, first, length);
    first += length;
    left = layout.inner;
    if (++block == layout.count) block = 0;
  }
}

/// Calls `f(block, first, length)` for each run of consecutive elements of one block, in ascending order.
///
/// No elements: no call.
template <std::invocable<std::size_t, std::size_t, std::size_t> F>
constexpr void for_each_run(blocks const& layout, F&& f) {
  for_each_run(layout, 0, layout.size, f);
}

/// Cuts a tensor into blocks that have a scale each.
template <class G>
concept granularity = std::semiregular<G> && requires(G const g, shape const& extents) {
  { g(extents) } -> std::same_as<blocks>;
};

/// One scale for the whole tensor; also for a tensor without elements.
struct per_tensor {
  [[nodiscard]] constexpr blocks operator()(shape const& extents) const noexcept {
    return {.size = extents.size(), .outer = 1, .count = 1, .inner = extents.size()};
  }
};

/// One scale for each index along `axis`; axis 0 is the output channel of a weight.
struct per_channel {
  std::size_t axis = 0;

  /// @pre axis < extents.rank()
  [[nodiscard]] constexpr blocks operator()(shape const& extents) const {
    expects(axis < extents.rank(), "per_channel: axis {} of a tensor with {} axes", axis, extents.rank());
    blocks layout{.size = extents.size(), .outer = 1, .count = extents[axis], .inner = 1};
    for (std::size_t i = 0; i != axis; ++i) layout.outer *= extents[i];
    for (std::size_t i = axis + 1; i != extents.rank(); ++i) layout.inner *= extents[i];
    return layout;
  }
};

/// One scale for every `size` consecutive elements, whatever the extents; the last group may be shorter.
struct per_group {
  std::size_t size = 128;

  /// @pre size > 0
  [[nodiscard]] constexpr blocks operator()(shape const& extents) const {
    expects(size > 0, "per_group: a group of 0 elements");
    std::size_t const n = extents.size();
    return {.size = n, .outer = 1, .count = n / size + (n % size == 0 ? 0 : 1), .inner = size};
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
