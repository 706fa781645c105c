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
    back_filters_.resize(s.kernel * s.kernel * s.channels * s.filters);
  }

  std::size_t group() const noexcept { return group_; }
  std::size_t gradient_size() const noexcept { return shape_.window() * shape_.filters; }
  std::size_t scratch() const noexcept {
    return group_ * (input_.canvas_size() + errors_.canvas_size() + shape_.output_size());
  }

  template <class K>
  void prepare_forward(std::span<T const> weights) noexcept {
    filters_ = weights;
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
            to = std::copy_n(weights.data() + (i * k + j) * size, size, to);
          }
        }
      }
    }
  }

  template <class K, class Load>
  void forward(T const* x, std::size_t at, std::size_t count, T* y, bool add, Load const& load, T* scratch) const {
    matrix<T> const out{y, count * shape_.down * shape_.across, shape_.filters};
    if (!add) std::fill_n(y, count * shape_.output_size(), T(0));
    K::template convolve<T>(out, view(x, at, count, load, scratch), {filters_.data(), shape_.window(), shape_.filters});
  }

  template <class K, class LoadX, class LoadErrors>
  void backward(T const* x, std::size_t at_x, T const* dy, std::size_t at_dy, std::size_t count, T* gradient, T* dx,
                bool add, LoadX const& load_x, LoadErrors const& load_errors, T* scratch) const {
    T* const canvas = scratch + group_ * input_.canvas_size();
    T* const loaded = canvas + group_ * errors_.canvas_size();
    T const* errors = dy;
    if constexpr (!std::is_same_v<LoadErrors, copy_pixels>) {
      load_errors(dy, loaded, count * shape_.down * shape_.across, at_dy);
      errors = loaded;
    }
    auto const windows = view(x, at_x, count, load_x, scratch);
    K::template convolve_transposed<T>({gradient, shape_.window(), shape_.filters}, windows,
                                       {errors, windows.rows(), shape_.filters});
    if (dx == nullptr) return;
    errors_.fill(errors, at_dy, count, canvas, copy_pixels{shape_.filters});
    if (!add) std::fill_n(dx, count * shape_.input_size(), T(0));
    for (back_call const& c : back_calls_) {
      if (c.sample >= count) break;
      std::size_t const windows_of_call = std::min(c.windows, (count - c.sample) * shape_.rows * shape_.columns);
      matrix<T> const out{dx + c.to, windows_of_call, shape_.channels, shape_.stride * shape_.channels};
      K::template convolve<T>(out,
                              {canvas, std::span(back_offsets_).subspan(c.first, windows_of_call), c.runs,
                               c.length * shape_.filters, errors_.row_stride()},
                              {back_filters_.data() + c.filter, c.runs * c.length * shape_.filters, shape_.channels});
    }
  }

  template <class K>
  void finish_gradient(T const* gradient, T* weights) const {
    std::copy_n(gradient, gradient_size(), weights);
  }

 private:
  /// One call of the kernel for the gradient in the input.
  struct back_call {
    std::size_t sample;        // of the group
    std::size_t to;            // the first input
    std::size_t first;         // its window among the offsets
    std::size_t windows;       // how many
    std::size_t filter;        // where its rows and columns of the kernel begin
    std::size_t runs, length;  // how many rows and columns these are
  };

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
                         (sample * shape_.rows + i) * shape_.columns * shape_.channels + begin * shape_.channels,
                         back_offsets_.size(),
                         0,
                         filter_of(a, b),
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

  /// Where the rows and columns of remainders a and b begin among the sorted filters.
  std::size_t filter_of(std::size_t a, std::size_t b) const noexcept {
    std::size_t before = 0;
    for (std::size_t i = 0; i != shape_.stride; ++i) {
      for (std::size_t j = 0; j != shape_.stride; ++j) {
        if (i == a && j == b) return before * shape_.filters * shape_.channels;
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
  std::span<T const> filters_;
  std::vector<T> back_filters_;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
