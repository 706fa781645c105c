// SPDX-License-Identifier: BSD-3-Clause
// How conv2d computes a convolution of any shape: windows of the images times the weights.
#ifndef SQWA_NN_DIRECT_CONVOLUTION_HPP
#define SQWA_NN_DIRECT_CONVOLUTION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/kernels/portable.hpp>
#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/convolution_shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// A convolution as matrix products of windows that are read in place.
///
/// The gradient in the input of a convolution of stride s is s * s convolutions of stride 1: the inputs of one
/// remainder of (row + padding, column + padding) modulo s see every s-th row and column of the kernel.
///
/// Numbers of filters and channels that fill no vector are filled up with zeros where they are columns of a product.
template <class T>
class direct_convolution {
 public:
  void build(convolution_shape const& s) {
    shape_ = s;
    std::size_t const reach = (s.kernel - 1) / s.stride;  // how many outputs beside its own an input may touch
    input_ = {s.rows, s.columns, s.channels, s.rows + 2 * s.padding, s.columns + 2 * s.padding, s.padding};
    errors_ = {
        s.down, s.across, s.filters, back_extent(s.rows, s.down) + reach, back_extent(s.columns, s.across) + reach,
        reach};
    group_ = std::max<std::size_t>(1, (63 + s.down * s.across) / (s.down * s.across));  // fill the register tiles
    expects(group_ * std::max(input_.canvas_size(), errors_.canvas_size()) <= std::numeric_limits<std::uint32_t>::max(),
            "conv2d: an image of {} elements", s.input_size());
    list_windows();
    list_back_windows();
    wide_filters_ = filled(s.filters);
    wide_channels_ = filled(s.channels);
    filters_.assign(s.window() * wide_filters_, T(0));
    back_filters_.assign(s.kernel * s.kernel * s.filters * wide_channels_, T(0));
  }

  std::size_t group() const noexcept { return group_; }
  std::size_t gradient_size() const noexcept { return shape_.window() * wide_filters_; }
  std::size_t scratch() const noexcept {
    return group_ * (input_.canvas_size() + errors_.canvas_size() + shape_.output_size() +
                     shape_.down * shape_.across * wide_filters_ + shape_.rows * shape_.columns * wide_channels_);
  }

  template <class K>
  void prepare_forward(std::span<T const> weights) {
    spread(weights.data(), shape_.filters, filters_.data(), wide_filters_, shape_.window());
  }
  /// Sorts the flipped weights [kernel reversed][kernel reversed][filters][channels] by remainder.
  template <class K>
  void prepare_backward(std::span<T const> weights) {
    std::size_t const k = shape_.kernel, s = shape_.stride, size = shape_.filters * shape_.channels;
    T* to = back_filters_.data();
    for (std::size_t a = 0; a != s; ++a) {
      for (std::size_t b = 0; b != s; ++b) {
        for (std::size_t i = 0; i != k; ++i) {
          for (std::size_t j = 0; j != k; ++j) {
            if ((k - 1 - i) % s != a || (k - 1 - j) % s != b) continue;
            spread(weights.data() + (i * k + j) * size, shape_.channels, to, wide_channels_, shape_.filters);
            to += shape_.filters * wide_channels_;
          }
        }
      }
    }
  }

  template <class K, class Load>
  void forward(T const* x, std::size_t at, std::size_t count, T* y, bool add, Load const& load, T* scratch) const {
    std::size_t const positions = count * shape_.down * shape_.across;
    T* const wide = scratch + group_ * input_.canvas_size();
    T* const to = wide_filters_ == shape_.filters ? y : wide;
    if (!add) {
      std::fill_n(to, positions * wide_filters_, T(0));
    } else if (to != y) {
      spread(y, shape_.filters, to, wide_filters_, positions);
    }
    K::template convolve<T>({to, positions, wide_filters_}, view(x, at, count, load, scratch),
                            {filters_.data(), shape_.window(), wide_filters_});
    if (to != y) gather(to, wide_filters_, y, shape_.filters, positions);
  }

  template <class K, class LoadX, class LoadErrors>
  void backward(T const* x, std::size_t at_x, T const* dy, std::size_t at_dy, std::size_t count, T* gradient, T* dx,
                bool add, LoadX const& load_x, LoadErrors const& load_errors, T* scratch) const {
    std::size_t const positions = count * shape_.down * shape_.across, pixels = count * shape_.rows * shape_.columns;
    T* const canvas = scratch + group_ * input_.canvas_size();
    T* const loaded = canvas + group_ * errors_.canvas_size();
    T* const wide = loaded + group_ * shape_.output_size();
    T* const wide_dx = wide + group_ * shape_.down * shape_.across * wide_filters_;
    T const* errors = dy;
    if constexpr (!std::is_same_v<LoadErrors, copy_pixels>) {
      load_errors(dy, loaded, positions, at_dy);
      errors = loaded;
    }
    if (wide_filters_ != shape_.filters) spread(errors, shape_.filters, wide, wide_filters_, positions);
    K::template convolve_transposed<T>({gradient, shape_.window(), wide_filters_},
                                       view(x, at_x, count, load_x, scratch),
                                       {wide_filters_ != shape_.filters ? wide : errors, positions, wide_filters_});
    if (dx == nullptr) return;
    errors_.fill(errors, at_dy, count, canvas, copy_pixels{shape_.filters});
    T* const to = wide_channels_ == shape_.channels ? dx : wide_dx;
    if (!add) {
      std::fill_n(to, pixels * wide_channels_, T(0));
    } else if (to != dx) {
      spread(dx, shape_.channels, to, wide_channels_, pixels);
    }
    for (back_call const& c : back_calls_) {
      if (c.sample >= count) break;
      std::size_t const n = std::min(c.windows, pixels - c.sample * shape_.rows * shape_.columns);
      K::template convolve<T>({to + c.to * wide_channels_, n, wide_channels_, shape_.stride * wide_channels_},
                              {canvas, std::span(back_offsets_).subspan(c.first, n), c.runs, c.length * shape_.filters,
                               errors_.row_stride()},
                              {back_filters_.data() + c.taps * shape_.filters * wide_channels_,
                               c.runs * c.length * shape_.filters, wide_channels_});
    }
    if (to != dx) gather(to, wide_channels_, dx, shape_.channels, pixels);
  }

  template <class K>
  void finish_gradient(T const* gradient, T* weights) const {
    gather(gradient, wide_filters_, weights, shape_.filters, shape_.window());
  }

 private:
  /// One call of the kernel for the gradient in the input.
  struct back_call {
    std::size_t sample;        // of the group
    std::size_t to;            // the first pixel
    std::size_t first;         // its window among the offsets
    std::size_t windows;       // how many
    std::size_t taps;          // elements of the kernel before its own
    std::size_t runs, length;  // rows and columns of the kernel
  };

  /// The width that so many columns are filled up to.
  static std::size_t filled(std::size_t n) noexcept { return n % 16 == 0 ? n : n <= 4 ? 4 : (n + 7) / 8 * 8; }

  /// Rows become wider, with zeros behind.
  static void spread(T const* from, std::size_t width, T* to, std::size_t wide, std::size_t rows) noexcept {
    for (std::size_t i = 0; i != rows; ++i, from += width, to += wide) {
      for (std::size_t j = 0; j != wide; ++j) to[j] = j < width ? from[j] : T(0);
    }
  }
  /// Rows become narrower again.
  static void gather(T const* from, std::size_t wide, T* to, std::size_t width, std::size_t rows) noexcept {
    for (std::size_t i = 0; i != rows; ++i, from += wide, to += width) {
      for (std::size_t j = 0; j != width; ++j) to[j] = from[j];
    }
  }

  /// Rows of errors that the windows of all inputs span, without those in front.
  std::size_t back_extent(std::size_t inputs, std::size_t outputs) const noexcept {
    return std::max((inputs - 1 + shape_.padding) / shape_.stride + 1, outputs);
  }
  /// How many rows of the kernel have that remainder.
  std::size_t taps(std::size_t remainder) const noexcept {
    return remainder < shape_.kernel ? (shape_.kernel - 1 - remainder) / shape_.stride + 1 : 0;
  }

  void list_windows() {
    offsets_.clear();
    for (std::size_t s = 0; s != group_; ++s) {
      for (std::size_t i = 0; i != shape_.down; ++i) {
        for (std::size_t j = 0; j != shape_.across; ++j) {
          offsets_.push_back(static_cast<std::uint32_t>(s * input_.canvas_size() +
                                                        i * shape_.stride * input_.row_stride() +
                                                        j * shape_.stride * shape_.channels));
        }
      }
    }
  }

  /// One call for all inputs where the stride is 1, else one for each row of an image and remainder of the column.
  void list_back_windows() {
    std::size_t const s = shape_.stride, p = shape_.padding;
    back_offsets_.clear();
    back_calls_.clear();
    for (std::size_t sample = 0; sample != group_; ++sample) {
      for (std::size_t i = 0; i != shape_.rows; ++i) {
        for (std::size_t b = 0; b != s; ++b) {
          std::size_t const a = (i + p) % s, runs = taps(a), length = taps(b);
          std::size_t const begin = (b + s - p % s) % s;  // the first column of that remainder
          if (runs * length == 0 || begin >= shape_.columns) continue;
          back_call call{sample,
                         (sample * shape_.rows + i) * shape_.columns + begin,
                         back_offsets_.size(),
                         0,
                         taps_before(a, b),
                         runs,
                         length};
          for (std::size_t j = begin; j < shape_.columns; j += s, ++call.windows) {
            std::size_t const row = (i + p) / s + errors_.shift + 1 - runs,
                              column = (j + p) / s + errors_.shift + 1 - length;
            back_offsets_.push_back(static_cast<std::uint32_t>(sample * errors_.canvas_size() +
                                                               row * errors_.row_stride() + column * shape_.filters));
          }
          if (s == 1 && !back_calls_.empty()) {
            back_calls_.front().windows += call.windows;
          } else {
            back_calls_.push_back(call);
          }
        }
      }
    }
  }

  /// How many elements of the kernel have remainders before (a, b).
  std::size_t taps_before(std::size_t a, std::size_t b) const noexcept {
    std::size_t before = 0;
    for (std::size_t i = 0; i != shape_.stride; ++i) {
      for (std::size_t j = 0; j != shape_.stride; ++j) {
        if (i == a && j == b) return before;
        before += taps(i) * taps(j);
      }
    }
    return 0;
  }

  template <class Load>
  windows<T> view(T const* x, std::size_t at, std::size_t count, Load const& load, T* canvas) const {
    T const* data = x;
    if (!std::is_same_v<Load, copy_pixels> || !input_.is_image()) {
      input_.fill(x, at, count, canvas, load);
      data = canvas;
    }
    return {data, std::span(offsets_).first(count * shape_.down * shape_.across), shape_.kernel,
            shape_.kernel * shape_.channels, input_.row_stride()};
  }

  convolution_shape shape_;
  canvas_frame input_, errors_;
  std::size_t group_ = 1;
  std::vector<std::uint32_t> offsets_, back_offsets_;  // where the windows of a group begin
  std::vector<back_call> back_calls_;
  std::size_t wide_filters_ = 0, wide_channels_ = 0;
  aligned_vector<T> filters_, back_filters_;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
