// SPDX-License-Identifier: BSD-3-Clause
// What a convolution is asked for, and the extents that follow for an image.
#ifndef SQWA_NN_CONVOLUTION_EXTENTS_HPP
#define SQWA_NN_CONVOLUTION_EXTENTS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/convolution_shape.hpp>
#include <sqwa/nn/window.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct conv2d_options {
  std::size_t kernel = 3;
  std::size_t stride = 1;
  std::size_t padding = 0;
  bool bias = true;
};

namespace detail {

/// The extents of a convolution whose filters see one of `groups` parts of the channels each.
///
/// @pre `input` is an image that, with its padding, is at least as large as the kernel; its channels are a multiple of
/// `groups`; the padded image, the output and the weights fit into the address space. `who` is named otherwise.
template <class T>
convolution_shape extents_of_convolution(char const* who, shape const& input, std::size_t filters, std::size_t groups,
                                         conv2d_options const& how) {
  expects(input.rank() == 3, "{}: an input of {} extents where an image has 3", who, input.rank());
  std::size_t const k = how.kernel, p = how.padding;
  std::size_t const rows = input[0], columns = input[1], channels = input[2];
  expects(rows > 0 && columns > 0 && channels > 0, "{}: an image of {} x {} pixels and {} channels", who, rows, columns,
          channels);
  expects(
      p <= (SIZE_MAX - std::max(rows, columns)) / 2 && shape{rows + 2 * p, columns + 2 * p, channels}.addressable<T>(),
      "{}: padding {} is too much for an image of {} x {}", who, p, rows, columns);
  expects(rows + 2 * p >= k && columns + 2 * p >= k, "{}: a kernel of {} x {} on an image of {} x {} with padding {}",
          who, k, k, rows, columns, p);
  expects(channels % groups == 0, "{}: {} channels in {} groups", who, channels, groups);
  window const taps{k, how.stride, p};
  std::size_t const down = taps.outputs(rows), across = taps.outputs(columns), depth = channels / groups;
  expects(shape{filters, k, k, depth}.addressable<T>() && shape{down, across, filters}.addressable<T>(),
          "{}: {} filters are too many for a kernel of {} x {} on {} channels", who, filters, k, k, depth);
  return {rows, columns, channels, down, across, filters, k, how.stride, p};
}

}  // namespace detail

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
