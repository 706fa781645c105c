// SPDX-License-Identifier: BSD-3-Clause
// A two-dimensional convolution.
#ifndef SQWA_NN_CONV2D_HPP
#define SQWA_NN_CONV2D_HPP

#include <sqwa/nn/convolution_extents.hpp>
#include <sqwa/nn/direct_convolution.hpp>
#include <sqwa/nn/init.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/winograd_convolution.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// y = the correlation of x with `filters` kernels, plus bias: what deep learning calls convolution.
///
/// Images are [rows][columns][channels]; zeros surround them by `padding`. Parameters: `weight`
/// [filters][kernel][kernel][channels], Kaiming-uniform at first, and `bias` [filters], zero at first. Where the kernel
/// set has Winograd's filters, 3 x 3 kernels of stride 1 use them.
/// Memory: parameters and their gradients, a gradient for each piece of a batch, a few padded images for each thread.
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

  /// @pre the input is an image that, with its padding, is at least as large as the kernel; the padded image, the
  /// output and the weights fit into the address space
  shape build(shape const& input, noise const& init) {
    shape_ = detail::extents_of_convolution<T>(name, input, filters_, 1, options_);
    direct_.build(shape_);
    std::size_t const k = options_.kernel, channels = shape_.channels;
    if (k == 3 && options_.stride == 1 && options_.padding <= 2) winograd_.build(shape_);

    weight_ = xt::zeros<T>({filters_, k, k, channels});
    weight_gradient_ = weight_;
    kaiming_uniform(mutable_values(weight_), k * k * channels, init);
    bias_ = xt::zeros<T>({options_.bias ? filters_ : 0});
    bias_gradient_ = bias_;
    partial_.clear();
    partial_bias_.clear();
    return shape{shape_.down, shape_.across, filters_};
  }

  void reserve(std::size_t batch) {
    std::size_t const pieces = detail::sample_pieces(batch).count();
    partial_.resize(std::max(partial_.size(), pieces * weight_.size()));
    partial_bias_.resize(std::max(partial_bias_.size(), pieces * bias_.size()));
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    forward(x, y, batch, where, detail::copy_pixels{shape_.channels}, [](std::size_t) {});
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    backward(x, dy, dx, false, batch, where, detail::copy_pixels{shape_.channels}, detail::copy_pixels{filters_},
             [](std::size_t) {});
  }

  /// For layers that hold a convolution: the images pass through `load` (see `detail::copy_pixels`) on their way, and
  /// `finish(piece)` is called when the outputs of a piece of the batch are there and still in a cache.
  template <any_backend B, class Load, class Finish>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, B const& where, Load const& load,
               Finish const& finish) {
    with_engine<typename B::kernels>([&](auto& engine) {
      using K = typename B::kernels;
      engine.template prepare_forward<K>({weight_.data(), weight_.size()});
      in_groups(engine, batch, where, finish, [&](std::size_t first, std::size_t count, T* scratch) {
        std::size_t const at = first * shape_.input_size();
        engine.template forward<K>(x.data() + at, at, count, options_.bias ? bias_.data() : nullptr,
                                   y.data() + first * shape_.output_size(), load, scratch);
      });
    });
  }

  /// The gradients where x and dy pass through `load_x` and `load_errors` on their way, as if they lay in memory so; dx
  /// is added to if `add`. dx may lie where `load_errors` reads: a group of images is read before it is written.
  template <any_backend B, class LoadX, class LoadErrors, class Finish>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, bool add, std::size_t batch,
                B const& where, LoadX const& load_x, LoadErrors const& load_errors, Finish const& finish) {
    auto const pieces = detail::sample_pieces(batch);
    with_engine<typename B::kernels>([&](auto& engine) {
      using K = typename B::kernels;
      engine.template prepare_backward<K>({weight_.data(), weight_.size()});
      where.exec.for_each(pieces.count(), [&](std::size_t p) {
        auto const memory = detail::thread_workspace<T>(engine.gradient_size() + engine.scratch());
        T* const gradient = memory.data();
        T* const scratch = gradient + engine.gradient_size();
        std::fill_n(gradient, engine.gradient_size(), T(0));
        if (options_.bias) sum_errors(dy, pieces.first(p), pieces.last(p), partial_bias_.data() + p * filters_);
        for (std::size_t s = pieces.first(p); s < pieces.last(p); s += engine.group()) {
          std::size_t const count = std::min(engine.group(), pieces.last(p) - s);
          std::size_t const at_x = s * shape_.input_size(), at_dy = s * shape_.output_size();
          engine.template backward<K>(x.data() + at_x, at_x, dy.data() + at_dy, at_dy, count, gradient,
                                      dx.empty() ? nullptr : dx.data() + at_x, add, load_x, load_errors, scratch);
        }
        engine.template finish_gradient<K>(gradient, partial_.data() + p * weight_.size());
        finish(p);
      });
    });
    join(partial_, weight_.size(), pieces.count(), where);
    detail::transpose(partial_.data(), weight_gradient_.data(), shape_.window(), filters_, 0, filters_);
    if (!options_.bias) return;
    join(partial_bias_, filters_, pieces.count(), where);
    std::copy_n(partial_bias_.data(), filters_, bias_gradient_.data());
  }

  template <class F>
  void visit(F&& f) {
    f(parameter<T>{"weight", shape(weight_.shape()), mutable_values(weight_), mutable_values(weight_gradient_),
                   role::weight});
    if (options_.bias) {
      f(parameter<T>{"bias", shape{filters_}, mutable_values(bias_), mutable_values(bias_gradient_), role::bias});
    }
  }

  [[nodiscard]] conv2d_options const& options() const noexcept { return options_; }
  [[nodiscard]] xt::xtensor<T, 4> const& weight() const noexcept { return weight_; }
  [[nodiscard]] xt::xtensor<T, 1> const& bias() const noexcept { return bias_; }

 private:
  /// Calls `f` with what computes the convolution fastest with the kernel set K.
  template <class K, class F>
  void with_engine(F f) {
    if constexpr (winograd_kernel_set<K>) {
      if (detail::winograd_convolution<T>::template can<K>(shape_)) return f(winograd_);
    }
    f(direct_);
  }

  void sum_errors(std::span<T const> dy, std::size_t first, std::size_t last, T* sums) const {
    T const* const errors = dy.data() + first * shape_.output_size();
    detail::sum_channels((last - first) * shape_.down * shape_.across, filters_, sums,
                         [errors](std::size_t at, std::size_t) { return errors[at]; });
  }

  /// Calls `f(first sample, how many, scratch)` for each group of each piece of the batch, and `finish(piece)`.
  template <class Engine, any_backend B, class Finish, class F>
  static void in_groups(Engine const& engine, std::size_t batch, B const& where, Finish const& finish, F f) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      T* const scratch = detail::thread_workspace<T>(engine.scratch()).data();
      for (std::size_t s = pieces.first(p); s < pieces.last(p); s += engine.group()) {
        f(s, std::min(engine.group(), pieces.last(p) - s), scratch);
      }
      finish(p);
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
  detail::convolution_shape shape_;
  detail::direct_convolution<T> direct_;
  detail::winograd_convolution<T> winograd_;
  xt::xtensor<T, 4> weight_, weight_gradient_;
  xt::xtensor<T, 1> bias_, bias_gradient_;
  std::vector<T> partial_, partial_bias_;  // one part for each piece of the batch
};

static_assert(layer<conv2d<float>> && layer<conv2d<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
