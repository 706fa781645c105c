// SPDX-License-Identifier: BSD-3-Clause
// The shortcut without parameters: fewer pixels, more channels.
#ifndef SQWA_NN_PADDING_SHORTCUT_HPP
#define SQWA_NN_PADDING_SHORTCUT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Every `stride`-th row and column of an image, from the first on, with channels of zeros before and behind its own:
/// of o - i new ones (o - i) / 2 in front, the rest behind.
///
/// The output has ceil(extent / stride) rows and columns, as that of a 3 x 3 convolution with padding 1 has.
/// Option A of K. He et al., "Deep residual learning for image recognition", CVPR 2016, section 4.2. Memory: none.
template <real T = float>
class padding_shortcut : public layer_defaults<T> {
 public:
  static constexpr char const* name = "padding_shortcut";

  /// @pre channels (of the output) and stride > 0
  explicit padding_shortcut(std::size_t channels, std::size_t stride = 1) : channels_(channels), stride_(stride) {
    expects(channels > 0 && stride > 0, "padding_shortcut: {} channels, stride {}", channels, stride);
  }

  /// @pre the input is an image with at most as many channels as the output
  shape build(shape const& input, noise const&) {
    expects(input.rank() == 3, "padding_shortcut: an input of {} extents where an image has 3", input.rank());
    expects(input[2] <= channels_, "padding_shortcut: {} channels do not fit into {}", input[2], channels_);
    input_ = input;
    output_ = shape{(input[0] + stride_ - 1) / stride_, (input[1] + stride_ - 1) / stride_, channels_};
    return output_;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    clear(y, where);
    add(x, y, batch, where);
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    if (dx.empty()) return;
    clear(dx, where);
    add_back(dy, dx, batch, where);
  }

  /// y += what `forward` gives
  template <any_backend B>
  void add(std::span<T const> x, std::span<T> y, std::size_t batch, B const& where) const {
    each_kept_pixel(batch, where, [=, n = input_[2]](std::size_t in, std::size_t out) {
      for (std::size_t c = 0; c != n; ++c) y[out + c] += x[in + c];
    });
  }

  /// dx += what `backward` gives
  template <any_backend B>
  void add_back(std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) const {
    each_kept_pixel(batch, where, [=, n = input_[2]](std::size_t in, std::size_t out) {
      for (std::size_t c = 0; c != n; ++c) dx[in + c] += dy[out + c];
    });
  }

  /// Of the output.
  [[nodiscard]] std::size_t channels() const noexcept { return channels_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

 private:
  template <any_backend B>
  static void clear(std::span<T> all, B const& where) {
    for_each_chunk(where.exec, all.size(),
                   [=](std::size_t first, std::size_t last) { std::fill_n(all.data() + first, last - first, T(0)); });
  }

  /// Calls `f(element of the input, element of the output)` for the first of the input's channels in each pixel.
  template <any_backend B, class F>
  void each_kept_pixel(std::size_t batch, B const& where, F f) const {
    std::size_t const front = (channels_ - input_[2]) / 2;
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) {
        for (std::size_t i = 0; i != output_[0]; ++i) {
          for (std::size_t j = 0; j != output_[1]; ++j) {
            f(s * input_.size() + (i * input_[1] + j) * stride_ * input_[2],
              s * output_.size() + (i * output_[1] + j) * channels_ + front);
          }
        }
      }
    });
  }

  std::size_t channels_;
  std::size_t stride_;
  shape input_;
  shape output_;
};

static_assert(layer<padding_shortcut<float>> && layer<padding_shortcut<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
