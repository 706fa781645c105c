// SPDX-License-Identifier: BSD-3-Clause
// How conv2d computes a 3 x 3 convolution of stride 1 where the kernel set has Winograd's filters.
#ifndef SQWA_NN_WINOGRAD_CONVOLUTION_HPP
#define SQWA_NN_WINOGRAD_CONVOLUTION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/kernels/winograd.hpp>
#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/convolution_shape.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// A convolution by Winograd's filters. Its members are those of `direct_convolution`.
template <class T>
class winograd_convolution {
 public:
  /// Whether it can compute a convolution of that shape with the kernel set K.
  template <class K>
  static bool can(convolution_shape const& s) noexcept {
    if constexpr (winograd_kernel_set<K>) {
      return s.kernel == 3 && s.stride == 1 && s.padding <= 2 && K::template has_winograd<T>(s.channels, s.filters);
    }
    return false;
  }

  void build(convolution_shape const& s) {
    shape_ = s;
    std::size_t const down = tiles_over(s.down), across = tiles_over(s.across), back = 2 - s.padding;
    input_ = {s.rows, s.columns, s.channels, 4 * down + 2, 4 * across + 2, s.padding};
    errors_ = {s.down,
               s.across,
               s.filters,
               std::max(4 * tiles_over(s.rows) + 2, back + 4 * down),
               std::max(4 * tiles_over(s.columns) + 2, back + 4 * across),
               back};
    group_ = (sqwa::detail::winograd_block + down * across - 1) / (down * across);
    expects(group_ * std::max(input_.canvas_size(), errors_.canvas_size()) <= std::numeric_limits<std::uint32_t>::max(),
            "conv2d: an image of {} elements", s.input_size());
    tiles_ = list(input_, s.down, s.across, s.filters);
    error_tiles_ = list(errors_, s.down, s.across, 0);
    back_tiles_ = list(errors_, s.rows, s.columns, s.channels);
    filters_.clear();
  }

  /// How many images are computed at once.
  std::size_t group() const noexcept { return group_; }
  /// Elements of the gradient that `backward` adds to.
  std::size_t gradient_size() const noexcept {
    return sqwa::detail::winograd_points * shape_.channels * shape_.filters;
  }
  /// Elements of memory that `forward` and `backward` work in.
  std::size_t scratch() const noexcept {
    return group_ * (input_.canvas_size() + errors_.canvas_size()) +
           sqwa::detail::winograd_scratch(shape_.channels, shape_.filters);
  }

  /// Takes the weights [filters][3][3][channels].
  template <class K>
  void prepare_forward(std::span<T const> weights) {
    turned_.resize(weights.size());
    transpose(weights.data(), turned_.data(), shape_.filters, shape_.window(), 0, shape_.window());
    filters_.resize(gradient_size());
    K::template winograd_filters<T>(turned_.data(), shape_.channels, shape_.filters, filters_.data());
  }
  template <class K>
  void prepare_backward(std::span<T const> weights) {
    turned_.resize(weights.size());
    for (std::size_t o = 0; o != shape_.filters; ++o) {  // [3 reversed][3 reversed][filters][channels]
      for (std::size_t t = 0; t != 9; ++t) {
        std::copy_n(weights.data() + (o * 9 + t) * shape_.channels, shape_.channels,
                    turned_.data() + ((8 - t) * shape_.filters + o) * shape_.channels);
      }
    }
    flipped_.resize(gradient_size());
    K::template winograd_filters<T>(turned_.data(), shape_.filters, shape_.channels, flipped_.data());
  }

  /// y of `count` images from x on, which are element `at` of the batch. `bias` may be null.
  template <class K, class Load>
  void forward(T const* x, std::size_t at, std::size_t count, T const* bias, T* y, Load const& load, T* scratch) const {
    input_.fill(x, at, count, scratch, load);
    for (std::size_t i = 0; bias != nullptr && i != count * shape_.down * shape_.across; ++i) {
      std::copy_n(bias, shape_.filters, y + i * shape_.filters);
    }
    convolve<K>(input_, scratch, tiles_, count, filters_, shape_.filters, y, shape_.across, bias != nullptr,
                scratch + group_ * (input_.canvas_size() + errors_.canvas_size()));
  }

  /// Adds to the gradient in the weights, and computes dx, or with `add` dx +=, unless dx is null. x is element `at_x`
  /// of the batch, dy element `at_dy`; everything is read before dx is written.
  template <class K, class LoadX, class LoadErrors>
  void backward(T const* x, std::size_t at_x, T const* dy, std::size_t at_dy, std::size_t count, T* gradient, T* dx,
                bool add, LoadX const& load_x, LoadErrors const& load_errors, T* scratch) const {
    T* const errors = scratch + group_ * input_.canvas_size();
    T* const rest = errors + group_ * errors_.canvas_size();
    input_.fill(x, at_x, count, scratch, load_x);
    errors_.fill(dy, at_dy, count, errors, load_errors);
    T const* const first = errors + errors_.shift * (errors_.row_stride() + shape_.filters);
    in_blocks(tiles_, count, [&](std::size_t from, std::size_t n) {
      K::template winograd_add_gradient<T>(
          {scratch, input_.row_stride(), shape_.channels}, std::span(tiles_).subspan(from, n),
          {first, errors_.row_stride(), shape_.filters}, std::span(error_tiles_).subspan(from, n), gradient, rest);
    });
    if (dx == nullptr) return;
    convolve<K>(errors_, errors, back_tiles_, count, flipped_, shape_.channels, dx, shape_.columns, add, rest);
  }

  /// The gradient in weights [3][3][channels][filters] from what `backward` added up.
  template <class K>
  void finish_gradient(T const* gradient, T* weights) const {
    K::template winograd_filter_gradient<T>(gradient, shape_.channels, shape_.filters, weights);
  }

 private:
  static std::size_t tiles_over(std::size_t n) noexcept { return (n + 3) / 4; }

  /// The tiles of a group of images whose outputs have those extents.
  std::vector<winograd_tile> list(canvas_frame const& frame, std::size_t down, std::size_t across,
                                  std::size_t channels) const {
    std::vector<winograd_tile> all;
    for (std::size_t s = 0; s != group_; ++s) {
      for (std::size_t i = 0; i < down; i += 4) {
        for (std::size_t j = 0; j < across; j += 4) {
          all.push_back(
              {static_cast<std::uint32_t>(s * frame.canvas_size() + i * frame.row_stride() + j * frame.channels),
               static_cast<std::uint32_t>(((s * down + i) * across + j) * channels),
               static_cast<std::uint8_t>(std::min<std::size_t>(4, down - i)),
               static_cast<std::uint8_t>(std::min<std::size_t>(4, across - j))});
        }
      }
    }
    return all;
  }

  /// Calls `f(first, how many)` for the blocks of the tiles of `count` images.
  template <class F>
  void in_blocks(std::vector<winograd_tile> const& tiles, std::size_t count, F f) const {
    std::size_t const n = tiles.size() / group_ * count;
    for (std::size_t t = 0; t < n; t += sqwa::detail::winograd_block) {
      f(t, std::min(sqwa::detail::winograd_block, n - t));
    }
  }

  template <class K>
  void convolve(canvas_frame const& frame, T const* canvas, std::vector<winograd_tile> const& tiles, std::size_t count,
                aligned_vector<T> const& u, std::size_t outputs, T* y, std::size_t across, bool add, T* scratch) const {
    in_blocks(tiles, count, [&](std::size_t first, std::size_t n) {
      K::template winograd_convolve<T>({canvas, frame.row_stride(), frame.channels}, std::span(tiles).subspan(first, n),
                                       u.data(), outputs, y, across * outputs, add, scratch);
    });
  }

  convolution_shape shape_;
  canvas_frame input_, errors_;
  std::size_t group_ = 1;
  std::vector<winograd_tile> tiles_, error_tiles_, back_tiles_;
  aligned_vector<T> turned_, filters_, flipped_;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
