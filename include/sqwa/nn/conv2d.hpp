// SPDX-License-Identifier: BSD-3-Clause
// Convolution of images, channels last.
#ifndef SQWA_NN_CONV2D_HPP
#define SQWA_NN_CONV2D_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// The choices of a convolution that have a default.
struct conv_options {
  std::size_t stride = 1;
  std::size_t padding = 0;  ///< zeros on every side
  bool bias = true;         ///< leave it out before batch_norm
};

/// y[r, c, o] = b[o] + Σ w[o, i, j, k] x[r · stride + i − padding, c · stride + j − padding, k]: cross-correlation, as is usual.
///
/// Bands of output rows are laid out as a matrix of input windows and multiplied with the weights; a band fits the L2 cache.
template <real T = float>
class conv2d {
 public:
  using value_type = T;
  static constexpr char const* name = "conv2d";

  /// `kernel` × `kernel` windows to `outputs` channels.
  conv2d(std::size_t outputs, std::size_t kernel, conv_options options = {})
      : outputs_(outputs), kernel_(kernel), options_(options) {}

  /// @pre input is row × column × channel; the padded image holds a window; nothing is empty
  shape build(shape const& input, noise u) {
    expects(input.rank() == 3, "conv2d: an input of {} axes; row, column and channel are needed", input.rank());
    expects(kernel_ >= 1 && outputs_ >= 1 && options_.stride >= 1 && input[2] >= 1,
            "conv2d: kernel {}, stride {}, {} to {} channels", kernel_, options_.stride, input[2], outputs_);
    std::size_t const rows = input[0] + 2 * options_.padding;
    std::size_t const columns = input[1] + 2 * options_.padding;
    expects(rows >= kernel_ && columns >= kernel_, "conv2d: a kernel of {} on a padded image of {} x {}", kernel_, rows,
            columns);
    in_ = input;
    out_ = {(rows - kernel_) / options_.stride + 1, (columns - kernel_) / options_.stride + 1, outputs_};
    window_ = kernel_ * kernel_ * input[2];
    band_ = std::clamp<std::size_t>(96 / out_[1], 1, out_[0]);
    weight = xt::xtensor<T, 4>({outputs_, kernel_, kernel_, input[2]});
    weight_gradient_ = xt::xtensor<T, 4>({outputs_, kernel_, kernel_, input[2]}, T(0));
    bias = xt::xtensor<T, 1>({options_.bias ? outputs_ : 0}, T(0));
    bias_gradient_ = bias;
    initialize(mutable_values(weight), window_, u);
    return out_;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    transposed_.resize(weight.size());
    for (std::size_t o = 0; o != outputs_; ++o) {
      for (std::size_t i = 0; i != window_; ++i) transposed_[i * outputs_ + o] = weight.data()[o * window_ + i];
    }
    scratch_.resize(pieces::most * scratch_size());
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      T* const windows = &scratch_[p * scratch_size()];
      for (std::size_t s = part.first(p); s != part.last(p); ++s) {
        for_each_band([&](std::size_t row, std::size_t places) {
          gather(&x[s * in_.size()], row, places, windows);
          T* const band = &y[s * out_.size() + row * out_[1] * outputs_];
          for (std::size_t i = 0; i != places; ++i) {
            if (options_.bias) {
              std::copy_n(bias.data(), outputs_, band + i * outputs_);
            } else {
              std::fill_n(band + i * outputs_, outputs_, T(0));
            }
          }
          B::kernels::template gemm<T>({band, places, outputs_}, {windows, places, window_},
                                       {transposed_.data(), window_, outputs_});
        });
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const& where) {
    pieces const part{batch};
    std::size_t const size = weight.size() + outputs_;
    partial_.assign(part.count() * size, T(0));
    where.exec.for_each(part.count(), [&](std::size_t p) {
      T* const windows = &scratch_[p * scratch_size()];
      T* const dw = &partial_[p * size];  // window × output
      T* const db = dw + weight.size();
      for (std::size_t s = part.first(p); s != part.last(p); ++s) {
        T* const image = dx.empty() ? nullptr : &dx[s * in_.size()];
        if (image != nullptr) std::fill_n(image, in_.size(), T(0));
        for_each_band([&](std::size_t row, std::size_t places) {
          T const* const band = &dy[s * out_.size() + row * out_[1] * outputs_];
          gather(&x[s * in_.size()], row, places, windows);
          B::kernels::template gemm<T>({dw, window_, outputs_}, matrix<T const>{windows, places, window_}.transposed(),
                                       {band, places, outputs_});
          for (std::size_t i = 0; i != places; ++i) {
            for (std::size_t o = 0; o != outputs_; ++o) db[o] += band[i * outputs_ + o];
          }
          if (image == nullptr) return;
          std::fill_n(windows, places * window_, T(0));
          B::kernels::template gemm<T>({windows, places, window_}, {band, places, outputs_},
                                       {weight.data(), outputs_, window_});
          scatter(windows, row, places, image);
        });
      }
    });
    for (std::size_t p = 1; p < part.count(); ++p) {  // always in this order
      for (std::size_t i = 0; i != size; ++i) partial_[i] += partial_[p * size + i];
    }
    for (std::size_t o = 0; o != outputs_; ++o) {
      for (std::size_t i = 0; i != window_; ++i) {
        weight_gradient_.data()[o * window_ + i] = batch == 0 ? T(0) : partial_[i * outputs_ + o];
      }
    }
    if (options_.bias && batch != 0) std::copy_n(&partial_[weight.size()], outputs_, bias_gradient_.data());
  }

  std::vector<parameter<T>> parameters() {
    std::vector<parameter<T>> all{
        {"weight", shape_of(weight), mutable_values(weight), mutable_values(weight_gradient_), role::weight}};
    if (options_.bias) {
      all.push_back({"bias", shape_of(bias), mutable_values(bias), mutable_values(bias_gradient_), role::bias});
    }
    return all;
  }

  xt::xtensor<T, 4> weight;  ///< output × row × column × input
  xt::xtensor<T, 1> bias;    ///< empty without bias

 private:
  [[nodiscard]] std::size_t scratch_size() const noexcept { return band_ * out_[1] * window_; }

  template <class F>
  void for_each_band(F f) const {
    for (std::size_t row = 0; row < out_[0]; row += band_) f(row, std::min(band_, out_[0] - row) * out_[1]);
  }

  /// Calls `f(place, offset in the window, offset in the image, length)` for each run of a band's windows inside the image.
  template <class F>
  void for_each_window_run(std::size_t row, std::size_t places, F f) const {
    std::size_t const channels = in_[2];
    for (std::size_t place = 0; place != places; ++place) {
      std::size_t const top = (row + place / out_[1]) * options_.stride;  // of the window, in the padded image
      std::size_t const left = (place % out_[1]) * options_.stride;
      std::size_t const begin = std::max(left, options_.padding);
      std::size_t const end = std::min(left + kernel_, in_[1] + options_.padding);
      if (begin >= end) continue;
      for (std::size_t i = 0; i != kernel_; ++i) {
        std::size_t const r = top + i;
        if (r < options_.padding || r >= in_[0] + options_.padding) continue;
        f(place, (i * kernel_ + begin - left) * channels,
          ((r - options_.padding) * in_[1] + begin - options_.padding) * channels, (end - begin) * channels);
      }
    }
  }

  void gather(T const* image, std::size_t row, std::size_t places, T* windows) const {
    if (options_.padding != 0) std::fill_n(windows, places * window_, T(0));
    for_each_window_run(row, places, [&](std::size_t place, std::size_t to, std::size_t from, std::size_t n) {
      std::copy_n(image + from, n, windows + place * window_ + to);
    });
  }

  void scatter(T const* windows, std::size_t row, std::size_t places, T* image) const {
    for_each_window_run(row, places, [&](std::size_t place, std::size_t from, std::size_t to, std::size_t n) {
      T const* const w = windows + place * window_ + from;
      for (std::size_t k = 0; k != n; ++k) image[to + k] += w[k];
    });
  }

  std::size_t outputs_;
  std::size_t kernel_;
  conv_options options_;
  shape in_;
  shape out_;
  std::size_t window_ = 0;  // elements of one window
  std::size_t band_ = 1;    // output rows at a time
  xt::xtensor<T, 4> weight_gradient_;
  xt::xtensor<T, 1> bias_gradient_;
  std::vector<T> transposed_;  // weights as window × output
  std::vector<T> scratch_;     // the windows of one band for each piece
  std::vector<T> partial_;     // the gradient of each piece
};
conv2d(std::size_t, std::size_t) -> conv2d<float>;
conv2d(std::size_t, std::size_t, conv_options) -> conv2d<float>;

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
