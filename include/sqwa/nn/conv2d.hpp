// SPDX-License-Identifier: BSD-3-Clause
// A two-dimensional convolution.
#ifndef SQWA_NN_CONV2D_HPP
#define SQWA_NN_CONV2D_HPP

#include <sqwa/nn/init.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct conv2d_options {
  std::size_t kernel = 3;
  std::size_t stride = 1;
  std::size_t padding = 0;
  bool bias = true;
};

namespace detail {

/// Copies images into larger ones of zeros, and names the windows of a convolution in them.
///
/// Element (i, j) of an image goes to (i * spread + shift, j * spread + shift); what falls outside is dropped.
template <class T>
struct window_view {
  std::size_t rows = 0, columns = 0, channels = 0;  // of an image
  std::size_t canvas_rows = 0, canvas_columns = 0;  // of the image of zeros around it
  std::ptrdiff_t shift = 0;
  std::size_t spread = 1;
  std::size_t kernel = 1;
  std::size_t positions = 0;           // windows of one image
  std::size_t group = 1;               // images whose windows are multiplied in one call
  std::vector<std::uint32_t> offsets;  // where the windows of a group begin

  std::size_t image_size() const noexcept { return rows * columns * channels; }
  std::size_t canvas_size() const noexcept { return canvas_rows * canvas_columns * channels; }
  bool needs_canvas() const noexcept { return canvas_rows != rows || canvas_columns != columns; }

  /// Lists windows every `step` rows and columns, `down` × `across` of them.
  void list(std::size_t down, std::size_t across, std::size_t step) {
    positions = down * across;
    group = std::max<std::size_t>(1, (63 + positions) / positions);  // at least 64 windows fill the register tiles
    expects(group * canvas_size() <= std::numeric_limits<std::uint32_t>::max(), "conv2d: an image of {} elements",
            image_size());
    offsets.clear();
    for (std::size_t s = 0; s != group; ++s) {
      for (std::size_t i = 0; i != down; ++i) {
        for (std::size_t j = 0; j != across; ++j) {
          offsets.push_back(static_cast<std::uint32_t>(
              (s * canvas_rows * canvas_columns + i * step * canvas_columns + j * step) * channels));
        }
      }
    }
  }

  /// The windows of `count` images that begin at `images`. `canvas` holds zeros wherever no image is copied to.
  windows<T> place(T const* images, std::size_t count, T* canvas) const {
    windows<T> view{images, std::span(offsets).first(count * positions), kernel, kernel * channels,
                    canvas_columns * channels};
    if (!needs_canvas()) return view;
    for (std::size_t s = 0; s != count; ++s) {
      for (std::size_t i = 0; i != rows; ++i) {
        auto const y = static_cast<std::ptrdiff_t>(i * spread) + shift;
        if (y < 0 || y >= static_cast<std::ptrdiff_t>(canvas_rows)) continue;
        T const* const from = images + s * image_size() + i * columns * channels;
        T* const to = canvas + s * canvas_size() + static_cast<std::size_t>(y) * canvas_columns * channels;
        if (spread == 1 && shift >= 0 && static_cast<std::size_t>(shift) + columns <= canvas_columns) {
          std::copy_n(from, columns * channels, to + static_cast<std::size_t>(shift) * channels);
          continue;
        }
        for (std::size_t j = 0; j != columns; ++j) {
          auto const x = static_cast<std::ptrdiff_t>(j * spread) + shift;
          if (x < 0 || x >= static_cast<std::ptrdiff_t>(canvas_columns)) continue;
          std::copy_n(from + j * channels, channels, to + static_cast<std::size_t>(x) * channels);
        }
      }
    }
    view.data = canvas;
    return view;
  }
};

}  // namespace detail

/// y = the correlation of x with `filters` kernels, plus bias: what deep learning calls convolution.
///
/// Images are [rows][columns][channels]; zeros surround them by `padding`. Parameters: `weight`
/// [filters][kernel][kernel][channels], Kaiming-uniform at first, and `bias` [filters], zero at first.
/// Memory: parameters and their gradients, a gradient for each piece of a batch, a few padded images for each piece.
template <real T = float>
class conv2d {
 public:
  using scalar = T;
  static constexpr char const* name = "conv2d";
  static constexpr bool in_place = false;

  /// @pre filters, kernel and stride > 0
  explicit conv2d(std::size_t filters, conv2d_options options = {}) : filters_(filters), options_(options) {
    expects(filters > 0 && options.kernel > 0 && options.stride > 0, "conv2d: {} filters, kernel {}, stride {}",
            filters, options.kernel, options.stride);
  }

  /// @pre the input is an image that, with its padding, is at least as large as the kernel
  shape build(shape const& input, noise const& init) {
    expects(input.rank() == 3 && input[2] > 0, "conv2d: an input of {} extents where an image has 3", input.rank());
    std::size_t const k = options_.kernel, s = options_.stride, p = options_.padding;
    std::size_t const rows = input[0], columns = input[1], channels = input[2];
    expects(rows + 2 * p >= k && columns + 2 * p >= k && rows > 0 && columns > 0,
            "conv2d: a kernel of {} x {} on an image of {} x {} with padding {}", k, k, rows, columns, p);
    std::size_t const down = (rows + 2 * p - k) / s + 1, across = (columns + 2 * p - k) / s + 1;
    forward_ = {rows, columns, channels, rows + 2 * p, columns + 2 * p, static_cast<std::ptrdiff_t>(p), 1, k, 0, 1, {}};
    forward_.list(down, across, s);
    auto const shift = static_cast<std::ptrdiff_t>(k - 1) - static_cast<std::ptrdiff_t>(p);
    backward_ = {down, across, filters_, rows + k - 1, columns + k - 1, shift, s, k, 0, 1, {}};
    backward_.list(rows, columns, 1);

    weight_ = xt::zeros<T>({filters_, k, k, channels});
    weight_gradient_ = weight_;
    kaiming_uniform(mutable_values(weight_), k * k * channels, init);
    bias_ = xt::zeros<T>({options_.bias ? filters_ : 0});
    bias_gradient_ = bias_;
    transposed_.resize(weight_.size());
    flipped_.resize(weight_.size());
    pieces_ = 0;
    return shape{down, across, filters_};
  }

  void reserve(std::size_t batch) {
    std::size_t const pieces = detail::sample_pieces(batch).count();
    if (pieces <= pieces_) return;
    pieces_ = pieces;
    padded_.assign(pieces * forward_.group * forward_.canvas_size(), T(0));
    spread_.assign(pieces * backward_.group * backward_.canvas_size(), T(0));
    partial_.assign(pieces * weight_.size(), T(0));
    partial_bias_.assign(pieces * filters_, T(0));
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    detail::transpose(weight_.data(), transposed_.data(), filters_, window(), 0, window());
    in_groups(forward_, batch, where, [&](std::size_t p, std::size_t first, std::size_t count) {
      auto const view = view_of(x, p, first, count);
      matrix<T> const out{y.data() + first * forward_.positions * filters_, view.rows(), filters_};
      if (options_.bias) {
        for (std::size_t i = 0; i != out.rows; ++i) std::copy_n(bias_.data(), filters_, &out(i, 0));
      } else {
        std::fill_n(out.data, out.rows * filters_, T(0));
      }
      B::kernels::template convolve<T>(out, view, {transposed_.data(), window(), filters_});
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      std::fill_n(partial_.data() + p * weight_.size(), weight_.size(), T(0));
      if (!options_.bias) return;
      T const* const error = dy.data() + pieces.first(p) * forward_.positions * filters_;
      detail::sum_channels((pieces.last(p) - pieces.first(p)) * forward_.positions, filters_,
                           partial_bias_.data() + p * filters_,
                           [error](std::size_t at, std::size_t) { return error[at]; });
    });
    in_groups(forward_, batch, where, [&](std::size_t p, std::size_t first, std::size_t count) {
      auto const view = view_of(x, p, first, count);
      T const* const error = dy.data() + first * forward_.positions * filters_;
      B::kernels::template convolve_transposed<T>({partial_.data() + p * weight_.size(), window(), filters_}, view,
                                                  {error, view.rows(), filters_});
    });
    join(partial_, weight_.size(), pieces.count(), where);
    detail::transpose(partial_.data(), weight_gradient_.data(), window(), filters_, 0, filters_);
    if (options_.bias) {
      join(partial_bias_, filters_, pieces.count(), where);
      std::copy_n(partial_bias_.data(), filters_, bias_gradient_.data());
    }
    if (!dx.empty()) backward_input(dy, dx, batch, where);
  }

  template <class F>
  void visit(F&& f) {
    f(parameter<T>{"weight", shape(weight_.shape()), mutable_values(weight_), mutable_values(weight_gradient_),
                   role::weight});
    if (options_.bias) {
      f(parameter<T>{"bias", shape{filters_}, mutable_values(bias_), mutable_values(bias_gradient_), role::bias});
    }
  }

  [[nodiscard]] xt::xtensor<T, 4> const& weight() const noexcept { return weight_; }
  [[nodiscard]] xt::xtensor<T, 1> const& bias() const noexcept { return bias_; }

 private:
  /// How many products one output has.
  std::size_t window() const noexcept { return options_.kernel * options_.kernel * forward_.channels; }

  windows<T> view_of(std::span<T const> x, std::size_t piece, std::size_t first, std::size_t count) {
    return forward_.place(x.data() + first * forward_.image_size(), count,
                          padded_.data() + piece * forward_.group * forward_.canvas_size());
  }

  /// The gradient in the input: the errors, spread by the stride, convolved with the flipped kernels.
  template <any_backend B>
  void backward_input(std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    std::size_t const taps = options_.kernel * options_.kernel, channels = forward_.channels;
    for (std::size_t o = 0; o != filters_; ++o) {
      for (std::size_t t = 0; t != taps; ++t) {
        std::copy_n(weight_.data() + (o * taps + t) * channels, channels,
                    flipped_.data() + ((taps - 1 - t) * filters_ + o) * channels);
      }
    }
    in_groups(backward_, batch, where, [&](std::size_t p, std::size_t first, std::size_t count) {
      auto const view = backward_.place(dy.data() + first * backward_.image_size(), count,
                                        spread_.data() + p * backward_.group * backward_.canvas_size());
      matrix<T> const out{dx.data() + first * forward_.image_size(), view.rows(), channels};
      std::fill_n(out.data, out.rows * channels, T(0));
      B::kernels::template convolve<T>(out, view, {flipped_.data(), taps * filters_, channels});
    });
  }

  /// Calls `f(piece, first sample, how many)` for each group of each piece of the batch.
  template <any_backend B, class F>
  static void in_groups(detail::window_view<T> const& view, std::size_t batch, B const& where, F f) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s < pieces.last(p); s += view.group) {
        f(p, s, std::min(view.group, pieces.last(p) - s));
      }
    });
  }

  /// Adds the partial gradients of all pieces to the first, in the order of the pieces.
  template <any_backend B>
  static void join(std::vector<T>& partial, std::size_t size, std::size_t count, B const& where) {
    for_each_chunk(where.exec, size, [&](std::size_t first, std::size_t last) {
      std::span<T> const sum = std::span(partial).subspan(first, last - first);
      for (std::size_t p = 1; p < count; ++p) {
        B::kernels::template axpy<T>(sum, std::span<T const>(partial).subspan(p * size + first, last - first), T(1));
      }
    });
  }

  std::size_t filters_;
  conv2d_options options_;
  detail::window_view<T> forward_;   // windows of the input, padded
  detail::window_view<T> backward_;  // windows of the errors, spread and padded
  xt::xtensor<T, 4> weight_, weight_gradient_;
  xt::xtensor<T, 1> bias_, bias_gradient_;
  std::vector<T> transposed_;  // [kernel][kernel][channels][filters]
  std::vector<T> flipped_;     // [kernel reversed][kernel reversed][filters][channels]
  std::size_t pieces_ = 0;
  std::vector<T> padded_, spread_, partial_, partial_bias_;  // one part for each piece of the batch
};

static_assert(layer<conv2d<float>> && layer<conv2d<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
