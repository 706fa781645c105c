// SPDX-License-Identifier: BSD-3-Clause
// What a network for a microcontroller is: a table of layers in two arithmetics. Freestanding.
#ifndef SQWA_DEPLOY_LAYER_HPP
#define SQWA_DEPLOY_LAYER_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

namespace deploy {

/// What a layer does. A dense layer is a convolution with a kernel of 1 x 1 on an image of 1 x 1.
enum class operation : std::uint8_t { rescale, convolution, depthwise, max_pool, average_pool, add };

/// The extents of an image, which lies in memory as [rows][columns][channels].
struct extents {
  std::uint16_t rows = 1;
  std::uint16_t columns = 1;
  std::uint16_t channels = 1;

  [[nodiscard]] constexpr std::size_t size() const noexcept { return std::size_t{rows} * columns * channels; }
  bool operator==(extents const&) const = default;
};

/// One layer: what it reads, what it does, and how a sum becomes a value of its output.
///
/// Value 0 of a network is its input, value i + 1 the output of layer i; the last one is the output of the network.
///
/// A sum becomes `arithmetic::finish(sum, factor, offset, shift)`, then the nearest number within low … high:
/// - `rescale`: the input itself; a factor and an offset for each channel.
/// - `convolution`, `depthwise`: products with weights over a window; a factor and an offset for each channel of the
///   output. Outside the image lie values `zero`.
/// - `average_pool`: the sum of a window inside the image; one factor and one offset.
/// - `max_pool`: its largest value, with neither.
/// - `add`: value `from` times factor 0 plus value `other` times factor 1, and one offset. Of `other`, every stride-th
///   row and column is taken, and its channels begin at channel `front` of the output; beside them lies `zero`.
///
/// Weights are fields code + 2^(bits-1) - 1 of 2, 4 or 8 bits, the first in the lowest bits of a byte, the rows of each
/// filter, [rows][columns][channels], from a new byte on; or, of 32 bits and in float only, the floats themselves.
template <class Arithmetic>
struct layer {
  operation what{};
  extents in{};
  extents out{};
  std::uint16_t window_rows = 1;
  std::uint16_t window_columns = 1;
  std::uint16_t stride = 1;
  std::uint16_t padding = 0;
  std::uint16_t from = 0;
  std::uint16_t other = 0;  // of an `add`
  extents other_in{};       // of an `add`
  std::uint16_t front = 0;  // of an `add`
  std::uint8_t bits = 0;    // of a weight
  std::uint8_t zero = 0;    // the code of the number 0 in the input, or in `other`; 0 in float
  std::uint8_t shift = 0;   // 0 in float
  std::uint8_t const* codes = nullptr;
  float const* floats = nullptr;  // weights of 32 bits
  typename Arithmetic::factor const* factors = nullptr;
  typename Arithmetic::offset const* offsets = nullptr;
  typename Arithmetic::wide low{};
  typename Arithmetic::wide high{};

  /// How many values one output of a convolution sees.
  [[nodiscard]] constexpr std::size_t window_size() const noexcept {
    return std::size_t{window_rows} * window_columns * (what == operation::convolution ? in.channels : 1);
  }
};

/// Values of 8 bits, sums of 32, fixed-point factors: no number in float.
///
/// A value stands for scale * (code - zero). Both are known where the network is made; here they are inside factors and
/// offsets.
struct integers {
  using value = std::uint8_t;
  using wide = std::int32_t;  // of the network's output
  using sum = std::int32_t;
  using factor = std::int32_t;
  using offset = std::int64_t;

  /// floor((sum * factor + offset) / 2^shift). With half of 2^shift inside the offset this rounds to the nearest
  /// integer, and halves up, towards plus infinity.
  /// @pre |offset| < 2^62; 0 <= shift <= 62
  [[nodiscard]] static constexpr std::int64_t finish(sum s, factor f, offset o, unsigned shift) noexcept {
    return (std::int64_t{s} * f + o) >> shift;
  }
};

/// Values, sums, factors and offsets in float.
struct floats {
  using value = float;
  using wide = float;
  using sum = float;
  using factor = float;
  using offset = float;

  /// sum * factor + offset.
  [[nodiscard]] static constexpr float finish(sum s, factor f, offset o, unsigned) noexcept { return s * f + o; }
};

}  // namespace deploy

}  // namespace sqwa::inline SQWA_ABI

#endif
