// SPDX-License-Identifier: BSD-3-Clause
// The codes of one tensor and their scales where someone else keeps them: in a file that is mapped, in flash.
#ifndef SQWA_QUANT_PACKED_VIEW_HPP
#define SQWA_QUANT_PACKED_VIEW_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>

#include <bit>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// What `packed` holds, to read; the members mean the same. Any `packed` is one. Memory: none, it owns nothing.
struct packed_view {
  int levels = 3;
  blocks layout;
  std::span<float const> scales;
  std::span<std::byte const> bytes;

  constexpr packed_view() = default;
  constexpr packed_view(int l, blocks const& which, std::span<float const> s, std::span<std::byte const> b)
      : levels(l), layout(which), scales(s), bytes(b) {}
  packed_view(packed const& p) : levels(p.levels), layout(p.layout), scales(p.scales), bytes(p.bytes) {}

  [[nodiscard]] constexpr int max_code() const noexcept { return (levels - 1) / 2; }
  [[nodiscard]] constexpr int bits() const noexcept {
    return static_cast<int>(std::bit_width(static_cast<unsigned>(levels - 1)));
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return layout.size; }

  /// Breaks a precondition, told in the name of `who`, unless the four members fit together. The codes are not read.
  void check(char const* who) const { detail::check_packed(who, *this); }

  /// A copy that owns its codes and scales.
  [[nodiscard]] packed copy() const {
    return {levels, layout, {scales.begin(), scales.end()}, {bytes.begin(), bytes.end()}};
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
