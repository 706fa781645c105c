// SPDX-License-Identifier: BSD-3-Clause
// Which weights share a scale.
#ifndef SQWA_QUANT_GRANULARITY_HPP
#define SQWA_QUANT_GRANULARITY_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

/// How `size` elements are cut into `count` blocks: element i belongs to block (i / inner) % count.
///
/// Memory holds `outer` rounds of one run for each block; a run has `inner` elements, but for the last one of the tensor.
struct blocks {
  std::size_t size = 0;
  std::size_t outer = 1;
  std::size_t count = 0;
  std::size_t inner = 1;

  [[nodiscard]] constexpr std::size_t of(std::size_t i) const noexcept { return i / inner % count; }
  bool operator==(blocks const&) const = default;
};

/// Calls `f(block, first, length)` for each contiguous run of elements that share a block, in the order of memory.
template <std::invocable<std::size_t, std::size_t, std::size_t> F>
constexpr void for_each_run(blocks const& layout, F&& f) {
  std::size_t block = 0;
  for (std::size_t first = 0; first < layout.size; first += layout.inner) {
    f(block, first, std::min(layout.inner, layout.size - first));
    if (++block == layout.count) block = 0;
  }
}

/// A rule that cuts a tensor into blocks by its shape.
template <class G>
concept granularity = std::semiregular<G> && requires(G const g, shape const& extents) {
  { g(extents) } -> std::same_as<blocks>;
};

/// One scale for the whole tensor; none for an empty one.
struct per_tensor {
  constexpr blocks operator()(shape const& extents) const {
    std::size_t const n = extents.size();
    return {n, 1, n == 0 ? 0U : 1U, std::max<std::size_t>(n, 1)};
  }
};

/// One scale for each index along `axis`: with 0, for each output channel of the usual weight layouts.
struct per_channel {
  std::size_t axis = 0;

  /// @pre axis < rank
  constexpr blocks operator()(shape const& extents) const {
    expects(axis < extents.rank(), "per_channel: axis {} of a tensor with {} axes", axis, extents.rank());
    blocks b{extents.size(), 1, extents[axis], 1};
    for (std::size_t a = 0; a != axis; ++a) b.outer *= extents[a];
    for (std::size_t a = axis + 1; a != extents.rank(); ++a) b.inner *= extents[a];
    if (b.size == 0) b = {0, 1, 0, 1};
    return b;
  }
};

/// One scale for every `size` consecutive elements; the last group may be shorter.
struct per_group {
  std::size_t size = 128;

  /// @pre size >= 1
  constexpr blocks operator()(shape const& extents) const {
    expects(size >= 1, "per_group: a group of {} elements", size);
    std::size_t const n = extents.size();
    return {n, 1, (n + size - 1) / size, size};
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
