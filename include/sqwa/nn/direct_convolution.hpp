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

/// A convolution as matrix products: windows, read in place, times the weights; and for the gradient in the input,
/// errors times the weights, added where the windows lie.
///
/// Rows of products that fill no vector are filled up with zeros.
template <class T>
class direct_convolution {
 public:
  void build(convolution_shape const& s) {
    shape_ = s;
    input_ = {s.rows, s.columns, s.channels, s.rows + 2 * s.padding, s.columns + 2 * s.padding, s.padding};
    group_ = std::max<std::size_t>(1, (block - 1 + s.down * s.across) / (s.down * s.across));
    expects(group_ * input_.canvas_size() <= std::numeric_limits<std::uint32_t>::max(),
            "conv2d: an image of {} elements", s.input_size());
    offsets_.clear();
    for (std::size_t n = 0; n != group_; ++n) {
      for (std::size_t i = 0; i != s.down; ++i) {
        for (std::size_t j = 0; j != s.across; ++j) {
          offsets_.push_back(static_cast<std::uint32_t>(n * input_.canvas_size() + i * s.stride * input_.row_stride() +
                                                        j * s.stride * s.channels));
        }
      }
    }
    wide_filters_ = filled(s.filters);
    wide_window_ = filled(s.window());
    columns_.assign(s.window() * wide_filters_, T(0));
    rows_.assign(s.filters * wide_window_, T(0));
  }

  std::size_t group() const noexcept { return group_; }
  std::size_t gradient_size() const noexcept { return shape_.window() * wide_filters_; }
  std::size_t scratch() const noexcept {
    return group_ * (2 * input_.canvas_size() + shape_.output_size() + shape_.down * shape_.across * wide_filters_) +
           block * wide_window_;
  }

  /// Takes the weights [filters][kernel][kernel][channels].
  template <class K>
  void prepare_forward(std::span<T const> weights) {
    for (std::size_t o = 0; o != shape_.filters; ++o) {
      for (std::size_t k = 0; k != shape_.window(); ++k) {
        columns_[k * wide_filters_ + o] = weights[o * shape_.window() + k];
      }
    }
  }
  template <class K>
  void prepare_backward(std::span<T const> weights) {
    spread(weights.data(), shape_.window(), rows_.data(), wide_window_, shape_.filters);
  }

  template <class K, class Load>
  void forward(T const* x, std::size_t at, std::size_t count, T const* bias, T* y, Load const& load, T* scratch) const {
    std::size_t const positions = count * shape_.down * shape_.across;
    T* const wide = scratch + group_ * input_.canvas_size();
    T* const to = wide_filters_ == shape_.filters ? y : wide;
    std::fill_n(to, bias == nullptr ? positions * wide_filters_ : std::size_t{0}, T(0));
    for (std::size_t i = 0; bias != nullptr && i != positions; ++i) {
      T* const row = std::copy_n(bias, shape_.filters, to + i * wide_filters_);
      std::fill_n(row, wide_filters_ - shape_.filters, T(0));
    }
    K::template convolve<T>({to, positions, wide_filters_}, view(x, at, count, load, scratch),
                            {columns_.data(), shape_.window(), wide_filters_});
    if (to != y) gather(to, wide_filters_, y, shape_.filters, positions);
  }

  template <class K, class LoadX, class LoadErrors>
  void backward(T const* x, std::size_t at_x, T const* dy, std::size_t at_dy, std::size_t count, T* gradient, T* dx,
                bool add, LoadX const& load_x, LoadErrors const& load_errors, T* scratch) const {
    std::size_t const positions = count * shape_.down * shape_.across;
    T* const loaded = scratch + group_ * input_.canvas_size();
    T* const wide = loaded + group_ * shape_.output_size();
    T* const rest = wide + group_ * shape_.down * shape_.across * wide_filters_;
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
    if (input_.is_image()) {
      if (!add) std::fill_n(dx, count * shape_.input_size(), T(0));
      add_windows<K>(errors, positions, dx, rest);
    } else {
      std::fill_n(scratch, count * input_.canvas_size(), T(0));
      add_windows<K>(errors, positions, scratch, rest);
      input_.take_out(scratch, count, dx, add);
    }
  }

  template <class K>
  void finish_gradient(T const* gradient, T* weights) const {
    gather(gradient, wide_filters_, weights, shape_.filters, shape_.window());
  }

 private:
  /// Windows that are multiplied at once: enough to fill register tiles.
  static constexpr std::size_t block = 64;

  /// The width that so many columns are filled up to.
  static std::size_t filled(std::size_t n) noexcept { return n % 16 == 0 ? n : n <= 4 ? 4 : (n + 7) / 8 * 8; }

  /// Rows become wider, with zeros behind.
  static void spread(T const* from, std::size_t width, T* to, std::size_t wide, std::size_t rows) noexcept {
    T const* const end = from + rows * width;
    for (; from + wide <= end; from += width, to += wide) {  // four at a time, some of the next row too
      for (std::size_t j = 0; j != wide; j += 4) std::copy_n(from + j, 4, to + j);
      for (std::size_t j = width; j != wide; ++j) to[j] = T(0);
    }
    for (; from != end; from += width, to += wide) {
      for (std::size_t j = 0; j != wide; ++j) to[j] = j < width ? from[j] : T(0);
    }
  }
  /// Rows become narrower again.
  static void gather(T const* from, std::size_t wide, T* to, std::size_t width, std::size_t rows) noexcept {
    T* const end = to + rows * width;
    for (; to + wide <= end; from += wide, to += width) {  // four at a time; the next row covers what is too much
      for (std::size_t j = 0; j != wide; j += 4) std::copy_n(from + j, 4, to + j);
    }
    for (; to != end; from += wide, to += width) std::copy_n(from, width, to);
  }

  /// Adds to a canvas of inputs what each output's error hands back to its window, output after output.
  template <class K>
  void add_windows(T const* errors, std::size_t positions, T* canvas, T* products) const {
    std::size_t const length = shape_.kernel * shape_.channels;
    for (std::size_t first = 0; first < positions; first += block) {
      std::size_t const n = std::min(block, positions - first);
      std::fill_n(products, n * wide_window_, T(0));
      K::template gemm<T>({products, n, wide_window_}, {errors + first * shape_.filters, n, shape_.filters},
                          {rows_.data(), shape_.filters, wide_window_});
      for (std::size_t i = 0; i != n; ++i) {
        for (std::size_t r = 0; r != shape_.kernel; ++r) {
          T* const to = canvas + offsets_[first + i] + r * input_.row_stride();
          T const* const from = products + i * wide_window_ + r * length;
          for (std::size_t j = 0; j != length; ++j) to[j] += from[j];
        }
      }
    }
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
  canvas_frame input_;
  std::size_t group_ = 1;
  std::vector<std::uint32_t> offsets_;  // where the windows of a group begin
  std::size_t wide_filters_ = 0, wide_window_ = 0;
  aligned_vector<T> columns_;  // the weights, a column a filter
  aligned_vector<T> rows_;     // the weights, a row a filter
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
