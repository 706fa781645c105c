// SPDX-License-Identifier: BSD-3-Clause
// A convolution of groups of channels.
#ifndef SQWA_NN_GROUPED_CONV2D_HPP
#define SQWA_NN_GROUPED_CONV2D_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/partial_convolution.hpp>
#include <sqwa/nn/window.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// y = as many convolutions side by side as there are groups: the g-th part of the filters sees the g-th part of the
/// channels, as with torch's `groups`.
///
/// Images are [rows][columns][channels]; zeros surround them by `padding`. Parameters: `weight`
/// [filters][kernel][kernel][channels / groups], Kaiming-uniform at first, and `bias` [filters], zero at first.
/// `depthwise_conv2d` is faster where every group is one channel and one filter, `conv2d` where there is one group.
/// Memory: parameters and their gradients, and the latter for each piece of a batch.
template <real T = float>
class grouped_conv2d : public detail::partial_convolution<T> {
 public:
  static constexpr char const* name = "grouped_conv2d";

  /// @pre filters, groups, kernel and stride > 0; filters is a multiple of groups
  grouped_conv2d(std::size_t filters, std::size_t groups, conv2d_options options = {})
      : detail::partial_convolution<T>(options), all_filters_(filters), groups_(groups) {
    expects(filters > 0 && groups > 0 && filters % groups == 0, "grouped_conv2d: {} filters in {} groups", filters,
            groups);
    expects(options.kernel > 0 && options.stride > 0, "grouped_conv2d: kernel {}, stride {}", options.kernel,
            options.stride);
  }

  /// @pre the input is an image that, with its padding, is at least as large as the kernel; its channels are a multiple
  /// of groups; all fits into the address space
  shape build(shape const& input, noise const& init) {
    shape const output = this->set(name, input, all_filters_, groups_, groups_, init);
    depth_ = channels_ / groups_;
    width_ = all_filters_ / groups_;
    return output;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    this->turn_weights();
    this->each_sample(batch, where, [&](std::size_t s) {
      T const* const image = x.data() + s * rows_ * columns_ * channels_;
      T* const out = y.data() + s * down_ * across_ * filters_;
      each_group(down_, across_, width_, [&](auto lanes, std::size_t i, std::size_t j, std::size_t g, std::size_t f) {
        output<lanes>(image, i, j, g, f, out + (i * across_ + j) * filters_ + g * width_ + f);
      });
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    std::size_t const in = rows_ * columns_ * channels_, out = down_ * across_ * filters_;
    this->sum_gradients(dy, batch, where, [&](std::size_t s, T* part) {
      for (std::size_t i = 0; i != down_; ++i) add_weight_gradient(x.data() + s * in, dy.data() + s * out, i, part);
    });
    if (dx.empty()) return;
    this->each_sample(batch, where, [&](std::size_t s) {
      T const* const errors = dy.data() + s * out;
      T* const image = dx.data() + s * in;
      each_group(rows_, columns_, depth_, [&](auto lanes, std::size_t r, std::size_t q, std::size_t g, std::size_t c) {
        input_gradient<lanes>(errors, r, q, g, c, image + (r * columns_ + q) * channels_ + g * depth_ + c);
      });
    });
  }

  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }

 private:
  using base = detail::partial_convolution<T>;
  using base::across_, base::bias_, base::channels_, base::columns_, base::down_, base::filters_, base::options_,
      base::rows_, base::turned_, base::weight_, base::window_;

  /// Calls `f(lanes, row, column, group, first)` for all runs of the `each` channels of all groups in all pixels.
  template <class F>
  void each_group(std::size_t rows, std::size_t columns, std::size_t each, F f) const {
    for (std::size_t i = 0; i != rows; ++i) {
      for (std::size_t j = 0; j != columns; ++j) {
        for (std::size_t g = 0; g != groups_; ++g) {
          detail::for_each_run(each, [&](auto lanes, std::size_t first) { f(lanes, i, j, g, first); });
        }
      }
    }
  }

  /// Filters [f, f + Lanes) of group g of the output (i, j), to `out`.
  template <std::size_t Lanes>
  void output(T const* image, std::size_t i, std::size_t j, std::size_t g, std::size_t f, T* out) const {
    auto const [k, stride, padding] = window_;
    detail::run const down = window_.taps_of(i, rows_), across = window_.taps_of(j, columns_);
    T sum[Lanes] = {};
    if (options_.bias) std::copy_n(bias_.data() + g * width_ + f, Lanes, sum);
    for (std::size_t a = down.first; a != down.last; ++a) {
      std::size_t const row = (i * stride + a - padding) * columns_;
      for (std::size_t b = across.first; b != across.last; ++b) {
        T const* const pixel = image + (row + j * stride + b - padding) * channels_ + g * depth_;
        T const* const weights = turned_.data() + ((g * k + a) * k + b) * depth_ * width_ + f;
        for (std::size_t c = 0; c != depth_; ++c) {
          for (std::size_t l = 0; l != Lanes; ++l) sum[l] += pixel[c] * weights[c * width_ + l];
        }
      }
    }
    std::copy_n(sum, Lanes, out);
  }

  /// Channels [c, c + Lanes) of group g of the gradient in the pixel (r, q), to `out`.
  template <std::size_t Lanes>
  void input_gradient(T const* errors, std::size_t r, std::size_t q, std::size_t g, std::size_t c, T* out) const {
    auto const [k, stride, padding] = window_;
    detail::run const down = window_.outputs_of(r, down_), across = window_.outputs_of(q, across_);
    T sum[Lanes] = {};
    for (std::size_t i = down.first; i != down.last; ++i) {
      std::size_t const a = r + padding - i * stride;
      for (std::size_t j = across.first; j != across.last; ++j) {
        std::size_t const b = q + padding - j * stride;
        T const* const error = errors + (i * across_ + j) * filters_ + g * width_;
        T const* const weights = weight_.data() + ((g * width_ * k + a) * k + b) * depth_ + c;
        for (std::size_t f = 0; f != width_; ++f) {
          for (std::size_t l = 0; l != Lanes; ++l) sum[l] += error[f] * weights[f * k * k * depth_ + l];
        }
      }
    }
    std::copy_n(sum, Lanes, out);
  }

  /// Adds the gradient of row i of one image's output to `part`, [groups][kernel][kernel][depth][width].
  void add_weight_gradient(T const* image, T const* errors, std::size_t i, T* part) const {
    auto const [k, stride, padding] = window_;
    detail::run const down = window_.taps_of(i, rows_);
    for (std::size_t g = 0; g != groups_; ++g) {
      for (std::size_t a = down.first; a != down.last; ++a) {
        T const* const row = image + (i * stride + a - padding) * columns_ * channels_ + g * depth_;
        for (std::size_t t = 0; t != k * depth_; ++t) {
          std::size_t const b = t / depth_, c = t % depth_;
          detail::run const across = window_.outputs_with(b, columns_, across_);
          T* const to = part + ((g * k + a) * k * depth_ + t) * width_;
          detail::for_each_run(width_, [&, first = across.first, last = across.last](auto lanes, std::size_t f) {
            T sum[lanes] = {};
            for (std::size_t j = first; j != last; ++j) {
              T const pixel = row[(j * stride + b - padding) * channels_ + c];
              T const* const error = errors + (i * across_ + j) * filters_ + g * width_ + f;
              for (std::size_t l = 0; l != lanes; ++l) sum[l] += pixel * error[l];
            }
            for (std::size_t l = 0; l != lanes; ++l) to[f + l] += sum[l];
          });
        }
      }
    }
  }

  std::size_t all_filters_;
  std::size_t groups_;
  std::size_t depth_ = 0, width_ = 0;  // channels and filters of a group
};

static_assert(layer<grouped_conv2d<float>> && layer<grouped_conv2d<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
