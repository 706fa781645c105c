// SPDX-License-Identifier: BSD-3-Clause
// A convolution of each channel by itself.
#ifndef SQWA_NN_DEPTHWISE_CONV2D_HPP
#define SQWA_NN_DEPTHWISE_CONV2D_HPP

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

/// Each channel of y = the correlation of that channel of x with a kernel of its own, plus bias: `conv2d` in as many
/// groups as there are channels.
///
/// Images are [rows][columns][channels]; zeros surround them by `padding`. Parameters: `weight`
/// [channels][kernel][kernel][1], Kaiming-uniform at first, and `bias` [channels], zero at first.
/// Memory: parameters and their gradients, and the latter for each piece of a batch.
template <real T = float>
class depthwise_conv2d : public detail::partial_convolution<T> {
 public:
  static constexpr char const* name = "depthwise_conv2d";

  /// @pre kernel and stride > 0
  explicit depthwise_conv2d(conv2d_options options = {}) : detail::partial_convolution<T>(options) {
    expects(options.kernel > 0 && options.stride > 0, "depthwise_conv2d: kernel {}, stride {}", options.kernel,
            options.stride);
  }

  /// @pre the input is an image that, with its padding, is at least as large as the kernel; all fits into the address
  /// space
  shape build(shape const& input, noise const& init) { return this->set(name, input, input[2], input[2], 1, init); }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    this->turn_weights();
    this->each_sample(batch, where, [&](std::size_t s) {
      T const* const image = x.data() + s * rows_ * columns_ * channels_;
      T* const out = y.data() + s * down_ * across_ * channels_;
      for (std::size_t i = 0; i != down_; ++i) {
        for (std::size_t j = 0; j != across_; ++j) {
          detail::for_each_run(channels_, [&](auto lanes, std::size_t c) {
            output<lanes>(image, i, j, c, out + (i * across_ + j) * channels_);
          });
        }
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    std::size_t const in = rows_ * columns_ * channels_, out = down_ * across_ * channels_;
    this->sum_gradients(dy, batch, where, [&](std::size_t s, T* part) {
      add_weight_gradient(x.data() + s * in, dy.data() + s * out, part);
    });
    if (dx.empty()) return;
    this->each_sample(batch, where, [&](std::size_t s) {
      T const* const errors = dy.data() + s * out;
      T* const image = dx.data() + s * in;
      for (std::size_t r = 0; r != rows_; ++r) {
        for (std::size_t q = 0; q != columns_; ++q) {
          detail::for_each_run(channels_, [&](auto lanes, std::size_t c) {
            input_gradient<lanes>(errors, r, q, c, image + (r * columns_ + q) * channels_);
          });
        }
      }
    });
  }

 private:
  using base = detail::partial_convolution<T>;
  using base::across_, base::bias_, base::channels_, base::columns_, base::down_, base::options_, base::rows_,
      base::turned_, base::window_;

  /// Channels [c, c + Lanes) of the output (i, j), which begins at `out`.
  template <std::size_t Lanes>
  void output(T const* image, std::size_t i, std::size_t j, std::size_t c, T* out) const {
    auto const [k, stride, padding] = window_;
    detail::run const down = window_.taps_of(i, rows_), across = window_.taps_of(j, columns_);
    T sum[Lanes] = {};
    if (options_.bias) std::copy_n(bias_.data() + c, Lanes, sum);
    for (std::size_t a = down.first; a != down.last; ++a) {
      std::size_t const row = (i * stride + a - padding) * columns_;
      for (std::size_t b = across.first; b != across.last; ++b) {
        T const* const pixel = image + (row + j * stride + b - padding) * channels_ + c;
        T const* const weight = turned_.data() + (a * k + b) * channels_ + c;
        for (std::size_t l = 0; l != Lanes; ++l) sum[l] += pixel[l] * weight[l];
      }
    }
    std::copy_n(sum, Lanes, out + c);
  }

  /// Channels [c, c + Lanes) of the gradient in the pixel (r, q), which begins at `out`.
  template <std::size_t Lanes>
  void input_gradient(T const* errors, std::size_t r, std::size_t q, std::size_t c, T* out) const {
    auto const [k, stride, padding] = window_;
    detail::run const down = window_.outputs_of(r, down_), across = window_.outputs_of(q, across_);
    T sum[Lanes] = {};
    for (std::size_t i = down.first; i != down.last; ++i) {
      std::size_t const a = r + padding - i * stride;
      for (std::size_t j = across.first; j != across.last; ++j) {
        std::size_t const b = q + padding - j * stride;
        T const* const error = errors + (i * across_ + j) * channels_ + c;
        T const* const weight = turned_.data() + (a * k + b) * channels_ + c;
        for (std::size_t l = 0; l != Lanes; ++l) sum[l] += error[l] * weight[l];
      }
    }
    std::copy_n(sum, Lanes, out + c);
  }

  /// Adds the gradient of one image's output to `part`, [kernel][kernel][channels].
  void add_weight_gradient(T const* image, T const* errors, T* part) const {
    auto const [k, stride, padding] = window_;
    for (std::size_t i = 0; i != down_; ++i) {
      detail::run const down = window_.taps_of(i, rows_);
      for (std::size_t a = down.first; a != down.last; ++a) {
        T const* const row = image + (i * stride + a - padding) * columns_ * channels_;
        for (std::size_t b = 0; b != k; ++b) {
          detail::run const across = window_.outputs_with(b, columns_, across_);
          detail::for_each_run(channels_, [&, first = across.first, last = across.last](auto lanes, std::size_t c) {
            T sum[lanes] = {};
            for (std::size_t j = first; j != last; ++j) {
              T const* const pixel = row + (j * stride + b - padding) * channels_ + c;
              T const* const error = errors + (i * across_ + j) * channels_ + c;
              for (std::size_t l = 0; l != lanes; ++l) sum[l] += pixel[l] * error[l];
            }
            for (std::size_t l = 0; l != lanes; ++l) part[(a * k + b) * channels_ + c + l] += sum[l];
          });
        }
      }
    }
  }
};

static_assert(layer<depthwise_conv2d<float>> && layer<depthwise_conv2d<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
