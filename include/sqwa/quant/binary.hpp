// SPDX-License-Identifier: BSD-3-Clause
// One bit a weight: its sign.
#ifndef SQWA_QUANT_BINARY_HPP
#define SQWA_QUANT_BINARY_HPP

#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// The two points -1 (code 0) and +1 (code 1); zero, of either sign, becomes +1.
///
/// M. Rastegari et al., "XNOR-Net", arXiv 1603.05279, section 3.1. Memory: none.
struct binary {
  static constexpr int levels = 2;
  static constexpr int bits = 1;
  using code = std::uint8_t;
  [[nodiscard]] static constexpr std::array<float, 2> points() noexcept { return {-1.0F, 1.0F}; }
  bool operator==(binary const&) const = default;
};

/// The mean magnitude of a block: for signs as codes, the scale with the least squared error.
///
/// An empty block gives 0. A mean beyond float's range gives float's largest.
/// Memory: none. Time: one pass, one sum from the first weight to the last.
struct mean_magnitude {
  template <real T>
  [[nodiscard]] float operator()(std::span<T const> block, binary const&) const noexcept {
    double sum = 0;
    for (T w : block) sum += static_cast<double>(std::abs(w));
    double const mean = sum / static_cast<double>(std::max<std::size_t>(block.size(), 1));
    return static_cast<float>(std::min(mean, static_cast<double>(std::numeric_limits<float>::max())));
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
