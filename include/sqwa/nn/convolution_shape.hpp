// SPDX-License-Identifier: BSD-3-Clause
// What a convolution's extents are, and how its images get their borders of zeros.
#ifndef SQWA_NN_CONVOLUTION_SHAPE_HPP
#define SQWA_NN_CONVOLUTION_SHAPE_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// The extents of a convolution.
struct convolution_shape {
  std::size_t rows = 0, columns = 0, channels = 0;  // of an image
  std::size_t down = 0, across = 0, filters = 0;    // of an output
  std::size_t kernel = 0, stride = 0, padding = 0;

  std::size_t input_size() const noexcept { return rows * columns * channels; }
  std::size_t output_size() const noexcept { return down * across * filters; }
  /// How many products one output has.
  std::size_t window() const noexcept { return kernel * kernel * channels; }
};

/// How the elements of an image reach the canvas of a convolution: as they are.
///
/// A loader is called as `load(from, to, pixels, at)`: `pixels` pixels in memory at `from`, element `at` of the batch,
/// become those at `to`.
struct copy_pixels {
  std::size_t channels;

  template <class T>
  void operator()(T const* from, T* to, std::size_t pixels, std::size_t) const {
    std::copy_n(from, pixels * channels, to);
  }
};

/// An image inside a larger one of zeros.
struct canvas_frame {
  std::size_t rows = 0, columns = 0, channels = 0;  // of the image
  std::size_t canvas_rows = 0, canvas_columns = 0;
  std::size_t shift = 0;  // of the image's first row and column

  std::size_t image_size() const noexcept { return rows * columns * channels; }
  std::size_t canvas_size() const noexcept { return canvas_rows * canvas_columns * channels; }
  std::size_t row_stride() const noexcept { return canvas_columns * channels; }
  bool is_image() const noexcept { return canvas_rows == rows && canvas_columns == columns; }

  /// Fills `canvas` with `count` images that begin at `images`, element `at` of the batch.
  template <class T, class Load>
  void fill(T const* images, std::size_t at, std::size_t count, T* canvas, Load const& load) const {
    std::size_t const left = shift * channels, right = (canvas_columns - shift - columns) * channels;
    for (std::size_t s = 0; s != count; ++s, canvas += canvas_size()) {
      std::fill_n(canvas, shift * row_stride(), T(0));
      for (std::size_t i = 0; i != rows; ++i) {
        T* const row = canvas + (shift + i) * row_stride();
        std::size_t const from = s * image_size() + i * columns * channels;
        std::fill_n(row, left, T(0));
        load(images + from, row + left, columns, at + from);
        std::fill_n(row + left + columns * channels, right, T(0));
      }
      std::fill_n(canvas + (shift + rows) * row_stride(), (canvas_rows - shift - rows) * row_stride(), T(0));
    }
  }

  /// The other way: `count` images become, or with `add` are added, what their canvases hold.
  template <class T>
  void take_out(T const* canvas, std::size_t count, T* images, bool add) const {
    for (std::size_t s = 0; s != count; ++s, canvas += canvas_size()) {
      for (std::size_t i = 0; i != rows; ++i, images += columns * channels) {
        T const* const row = canvas + (shift + i) * row_stride() + shift * channels;
        for (std::size_t k = 0; k != columns * channels; ++k) images[k] = add ? images[k] + row[k] : row[k];
      }
    }
  }
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
