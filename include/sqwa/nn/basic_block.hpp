// SPDX-License-Identifier: BSD-3-Clause
// The residual block of ResNets, with its element-wise work done while the convolutions read and write.
#ifndef SQWA_NN_BASIC_BLOCK_HPP
#define SQWA_NN_BASIC_BLOCK_HPP

#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/padding_shortcut.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// How a residual block whose input and output differ in extents adds one to the other: by every stride-th pixel with
/// channels of zeros before and behind, or by a 1 x 1 convolution with batch-norm. Options A and B of the source.
enum class shortcut { padding, projection };

struct basic_block_options {
  std::size_t stride = 1;
  sqwa::nn::shortcut shortcut = sqwa::nn::shortcut::padding;
};

/// y = relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut(x)), with 3 x 3 convolutions without bias and batch-norm.
///
/// y and the gradients of the parameters are bit for bit what the same layers one after the other compute, in less
/// memory: normalized activations are never stored, but made where a convolution reads them. `backward` destroys what
/// `forward` left, so it can be called once.
/// Parameters: "conv1.weight", "norm1.scale", ..., "norm2.running_var"; with a projection "shortcut.weight",
/// "shortcut_norm.scale", ... Memory: the outputs of the convolutions, and the error of the output where the shortcut
/// is not the input itself.
///
/// K. He et al., "Deep residual learning for image recognition", CVPR 2016.
template <real T = float>
class basic_block {
 public:
  using scalar = T;
  static constexpr char const* name = "basic_block";
  static constexpr bool in_place = false;

  /// @pre filters and stride > 0
  explicit basic_block(std::size_t filters, basic_block_options options = {})
      : filters_(filters),
        options_(options),
        conv1_(filters, {.kernel = 3, .stride = options.stride, .padding = 1, .bias = false}),
        conv2_(filters, {.kernel = 3, .padding = 1, .bias = false}),
        projection_(filters, {.kernel = 1, .stride = options.stride, .bias = false}),
        padding_(filters, options.stride) {}

  /// @pre the input is an image; with a padding shortcut it has at most as many channels as the output
  shape build(shape const& input, noise const& init) {
    expects(input.rank() == 3, "basic_block: an input of {} extents where an image has 3", input.rank());
    auto const own = [&](std::uint32_t i) {
      return noise{.seed = init.seed, .tensor = init.tensor * 64 + i, .step = init.step};
    };
    shape const middle = conv1_.build(input, own(1));
    norm1_.build(middle, own(2));
    shape const output = conv2_.build(middle, own(3));
    norm2_.build(output, own(4));
    identity_ = input == output;
    if (projects()) {
      projection_norm_.build(projection_.build(input, own(5)), own(6));
    } else {
      padding_.build(input, init);
    }
    channels_ = input[2];
    in_size_ = input.size();
    out_size_ = output.size();
    return output;
  }

  void reserve(std::size_t batch) {
    conv1_.reserve(batch);
    norm1_.reserve(batch);
    conv2_.reserve(batch);
    norm2_.reserve(batch);
    grow(first_, batch * out_size_);
    grow(second_, batch * out_size_);
    if (!identity_) grow(error_, batch * out_size_);
    if (!projects()) return;
    projection_.reserve(batch);
    projection_norm_.reserve(batch);
    grow(projected_, batch * out_size_);
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    convolve(conv1_, norm1_, x, first_, batch, what, where, detail::copy_pixels{channels_});
    convolve(conv2_, norm2_, std::span<T const>(first_), second_, batch, what, where, activation());
    if (projects()) {
      convolve(projection_, projection_norm_, x, projected_, batch, what, where, detail::copy_pixels{channels_});
    }
    in_pieces(batch, where, [&](std::size_t, std::size_t first, std::size_t samples) {
      T* const to = y.data() + first * out_size_;
      add_shortcut(x, to, first, samples);
      std::size_t const n = samples * out_size_;
      for (std::size_t i = 0; i != n; ++i) to[i] = to[i] < 0 ? T(0) : to[i];
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    bool const own = !identity_ || dx.empty();
    if (own) grow(error_, batch * out_size_);
    std::span<T> const error = own ? std::span<T>(error_).first(batch * out_size_) : dx;
    in_pieces(batch, where, [&](std::size_t p, std::size_t first, std::size_t samples) {
      T* const to = error.data() + first * out_size_;
      T const* const from = dy.data() + first * out_size_;
      add_shortcut(x, to, first, samples);  // the sign of the output again
      std::size_t const n = samples * out_size_;
      for (std::size_t i = 0; i != n; ++i) {
        T const e = from[i];
        to[i] = to[i] > 0 ? e : T(0);
      }
      norm2_.gather_gradient(p, to, second_.data() + first * out_size_, n / filters_);
      if (projects()) {
        projection_norm_.gather_gradient(p, to, projected_.data() + first * out_size_, n / filters_);
      } else if (!identity_ && !dx.empty()) {
        padding_.backward({}, std::span<T const>(to, n), dx.subspan(first * in_size_, samples * in_size_), samples,
                          backend<>{});
      }
    });
    norm2_.settle_gradient(batch);
    std::span<T> const middle = std::span<T>(second_).first(batch * out_size_);
    conv2_.backward(std::span<T const>(first_), std::span<T const>(error), middle, false, batch, where, activation(),
                    norm2_.error_loader(second_.data()), [&](std::size_t p) {
                      auto const pieces = detail::sample_pieces(batch);
                      std::size_t const at = pieces.first(p) * out_size_;
                      std::size_t const n = (pieces.last(p) - pieces.first(p)) * out_size_;
                      norm1_.gather_rectified(p, second_.data() + at, first_.data() + at, n / filters_);
                    });
    if (projects()) {
      projection_norm_.settle_gradient(batch);
      projection_.backward(x, std::span<T const>(error), dx, false, batch, where, detail::copy_pixels{channels_},
                           projection_norm_.error_loader(projected_.data()), [](std::size_t) {});
    }
    norm1_.settle_gradient(batch);
    conv1_.backward(x, std::span<T const>(middle), dx, true, batch, where, detail::copy_pixels{channels_},
                    norm1_.error_loader(first_.data()), [](std::size_t) {});
  }

  /// Calls `f` for the parameters of all layers inside, under the names that these layers give them.
  template <class F>
  void visit(F&& f) {
    visit_parts([&](char const*, auto& l) { l.visit(f); });
  }

  /// All parameters, named by the layer inside: conv1.weight, norm1.scale, …, shortcut.weight.
  [[nodiscard]] std::vector<parameter<T>> parameters() {
    std::vector<parameter<T>> all;
    visit_parts([&](char const* part, auto& l) { detail::append_parameters(l, std::string(part) + ".", all); });
    return all;
  }

  void begin_refresh() {
    for (auto* norm : {&norm1_, &norm2_, &projection_norm_}) norm->begin_refresh();
  }
  void end_refresh() {
    for (auto* norm : {&norm1_, &norm2_, &projection_norm_}) norm->end_refresh();
  }

  /// Of the convolutions.
  [[nodiscard]] std::size_t filters() const noexcept { return filters_; }
  [[nodiscard]] basic_block_options const& options() const noexcept { return options_; }

 private:
  bool projects() const noexcept { return !identity_ && options_.shortcut == shortcut::projection; }

  static void grow(detail::aligned_vector<T>& v, std::size_t n) {
    if (v.size() < n) v.resize(n);
  }

  template <class F>
  void visit_parts(F&& f) {
    f("conv1", conv1_);
    f("norm1", norm1_);
    f("conv2", conv2_);
    f("norm2", norm2_);
    if (!projects()) return;
    f("shortcut", projection_);
    f("shortcut_norm", projection_norm_);
  }

  /// relu(norm1(...)), made where a convolution reads it.
  auto activation() const {
    return [channels = filters_, factor = norm1_.factor().data(), offset = norm1_.offset().data()](
               T const* from, T* to, std::size_t rows, std::size_t) {
      detail::for_each_channel(rows, channels, [=](std::size_t at, std::size_t c) {
        T const v = from[at] * factor[c] + offset[c];
        to[at] = v < 0 ? T(0) : v;
      });
    };
  }

  template <any_backend B, class Load>
  void convolve(conv2d<T>& conv, batch_norm<T>& norm, std::span<T const> x, std::span<T> y, std::size_t batch,
                pass what, B const& where, Load const& load) {
    auto const pieces = detail::sample_pieces(batch);
    conv.forward(x, y, batch, where, load, [&](std::size_t p) {
      if (what == pass::infer) return;
      std::size_t const first = pieces.first(p) * out_size_;
      norm.gather(p, y.data() + first, (pieces.last(p) - pieces.first(p)) * out_size_ / filters_);
    });
    norm.settle(batch, what);
  }

  /// to = norm2(conv2(...)) + shortcut(x) for samples [first, first + samples) of the batch.
  void add_shortcut(std::span<T const> x, T* to, std::size_t first, std::size_t samples) const {
    T const* const from = second_.data() + first * out_size_;
    T const* const factor = norm2_.factor().data();
    T const* const offset = norm2_.offset().data();
    std::size_t const rows = samples * out_size_ / filters_;
    if (projects()) {
      T const* const other = projected_.data() + first * out_size_;
      T const* const scale = projection_norm_.factor().data();
      T const* const shift = projection_norm_.offset().data();
      detail::for_each_channel(rows, filters_, [=](std::size_t at, std::size_t c) {
        to[at] = (from[at] * factor[c] + offset[c]) + (other[at] * scale[c] + shift[c]);
      });
      return;
    }
    T const* const other = x.data() + first * in_size_;
    if (identity_) {
      detail::for_each_channel(rows, filters_, [=](std::size_t at, std::size_t c) {
        to[at] = (from[at] * factor[c] + offset[c]) + other[at];
      });
      return;
    }
    detail::for_each_channel(rows, filters_,
                             [=](std::size_t at, std::size_t c) { to[at] = from[at] * factor[c] + offset[c]; });
    padding_.add(x.subspan(first * in_size_, samples * in_size_), std::span(to, samples * out_size_), samples,
                 backend<>{});
  }

  /// Calls `f(piece, first sample, samples)` for each piece of the batch.
  template <any_backend B, class F>
  static void in_pieces(std::size_t batch, B const& where, F f) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(),
                        [&](std::size_t p) { f(p, pieces.first(p), pieces.last(p) - pieces.first(p)); });
  }

  std::size_t filters_;
  basic_block_options options_;
  conv2d<T> conv1_, conv2_, projection_;
  batch_norm<T> norm1_, norm2_, projection_norm_;
  padding_shortcut<T> padding_;
  bool identity_ = true;  // the shortcut is the input itself
  std::size_t channels_ = 0, in_size_ = 0, out_size_ = 0;
  detail::aligned_vector<T> first_, second_, projected_;  // outputs of the convolutions; errors later
  detail::aligned_vector<T> error_;                       // of the output, behind its relu
};

static_assert(layer<basic_block<float>> && layer<basic_block<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
