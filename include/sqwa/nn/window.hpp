// SPDX-License-Identifier: BSD-3-Clause
// Which pixels a window that moves over an image sees.
#ifndef SQWA_NN_WINDOW_HPP
#define SQWA_NN_WINDOW_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// The numbers from `first` to before `last`.
struct run {
  std::size_t first = 0, last = 0;
};

/// A window along one axis of an image: tap t of output o reads the pixel o * stride + t - padding, if there is one.
///
/// Loops over these runs read no pixel outside the image, without a question for each tap.
struct window {
  std::size_t kernel = 1, stride = 1, padding = 0;

  /// @pre extent + 2 padding >= kernel
  constexpr std::size_t outputs(std::size_t extent) const noexcept {
    return (extent + 2 * padding - kernel) / stride + 1;
  }

  /// The taps of an output that lie inside an image of `extent` pixels.
  constexpr run taps_of(std::size_t output, std::size_t extent) const noexcept {
    std::size_t const begin = output * stride, end = extent + padding;
    std::size_t const last = begin < end ? std::min(kernel, end - begin) : 0;
    return {std::min(begin < padding ? padding - begin : 0, last), last};
  }

  /// Which of the first `count` outputs see a pixel.
  constexpr run outputs_of(std::size_t pixel, std::size_t count) const noexcept {
    std::size_t const at = pixel + padding, last = std::min(count, at / stride + 1);
    return {std::min(at < kernel ? 0 : (at - kernel) / stride + 1, last), last};
  }

  /// Of which of the first `count` outputs a tap lies inside an image of `extent` pixels.
  constexpr run outputs_with(std::size_t tap, std::size_t extent, std::size_t count) const noexcept {
    std::size_t const end = extent + padding;
    std::size_t const last = tap < end ? std::min(count, (end - tap - 1) / stride + 1) : 0;
    return {std::min(tap < padding ? (padding - tap + stride - 1) / stride : 0, last), last};
  }
};

/// Calls `f(lanes, first)` for runs of 16, 4 and 1 of the numbers below n, from 0 on; `lanes` is a constant, so that
/// loops over a run become vectors.
template <class F>
constexpr void for_each_run(std::size_t n, F f) {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) f(std::integral_constant<std::size_t, 16>{}, i);
  for (; i + 4 <= n; i += 4) f(std::integral_constant<std::size_t, 4>{}, i);
  for (; i < n; ++i) f(std::integral_constant<std::size_t, 1>{}, i);
}

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
