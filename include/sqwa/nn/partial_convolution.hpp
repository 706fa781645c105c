// SPDX-License-Identifier: BSD-3-Clause
// What convolutions share whose filters see only some of the channels.
#ifndef SQWA_NN_PARTIAL_CONVOLUTION_HPP
#define SQWA_NN_PARTIAL_CONVOLUTION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/convolution_extents.hpp>
#include <sqwa/nn/init.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/window.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// Weights, biases and their gradients, one part for each piece of a batch.
///
/// The loops over outputs want the filters of a bank side by side: `turned_` holds the weights of each bank as
/// [kernel][kernel][channels of a filter][filters of a bank], and so does each part of the gradient.
template <class T>
class partial_convolution {
 public:
  using scalar = T;
  static constexpr bool in_place = false;

  void reserve(std::size_t batch) {
    std::size_t const pieces = sample_pieces(batch).count();
    parts_.resize(std::max(parts_.size(), pieces * weight_.size()));
    bias_parts_.resize(std::max(bias_parts_.size(), pieces * bias_.size()));
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

 protected:
  explicit partial_convolution(conv2d_options options)
      : options_(options), window_{options.kernel, options.stride, options.padding} {}

  /// Filters that see one of `groups` parts of the channels each, in banks of equal size.
  shape set(char const* who, shape const& input, std::size_t filters, std::size_t groups, std::size_t banks,
            noise const& init) {
    auto const extents = extents_of_convolution<T>(who, input, filters, groups, options_);
    rows_ = extents.rows;
    columns_ = extents.columns;
    channels_ = extents.channels;
    down_ = extents.down;
    across_ = extents.across;
    filters_ = filters;
    banks_ = banks;
    weight_ = xt::zeros<T>({filters, options_.kernel, options_.kernel, channels_ / groups});
    weight_gradient_ = weight_;
    kaiming_uniform(mutable_values(weight_), weight_.size() / filters, init);
    bias_ = xt::zeros<T>({options_.bias ? filters : 0});
    bias_gradient_ = bias_;
    turned_.resize(weight_.size());
    parts_.clear();
    bias_parts_.clear();
    return shape{down_, across_, filters};
  }

  void turn_weights() {
    std::size_t const size = weight_.size() / banks_, filters = filters_ / banks_;
    for (std::size_t b = 0; b != banks_; ++b) {
      transpose(weight_.data() + b * size, turned_.data() + b * size, filters, size / filters, 0, size / filters);
    }
  }

  /// Calls `f(sample)` for each sample of the batch.
  template <any_backend B, class F>
  static void each_sample(std::size_t batch, B const& where, F f) {
    auto const pieces = sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) f(s);
    });
  }

  /// The gradients of weights and biases. `f(sample, part)` adds those of one sample to a part.
  template <any_backend B, class F>
  void sum_gradients(std::span<T const> dy, std::size_t batch, B const& where, F f) {
    auto const pieces = sample_pieces(batch);
    std::size_t const each = down_ * across_ * filters_;
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      T* const part = parts_.data() + p * weight_.size();
      std::fill_n(part, weight_.size(), T(0));
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) f(s, part);
      if (!options_.bias) return;
      T const* const errors = dy.data() + pieces.first(p) * each;
      sum_channels((pieces.last(p) - pieces.first(p)) * down_ * across_, filters_, bias_parts_.data() + p * filters_,
                   [errors](std::size_t at, std::size_t) { return errors[at]; });
    });
    join(parts_, weight_.size(), pieces.count(), where);
    std::size_t const size = weight_.size() / banks_, filters = filters_ / banks_;
    for (std::size_t b = 0; b != banks_; ++b) {
      transpose(parts_.data() + b * size, weight_gradient_.data() + b * size, size / filters, filters, 0, filters);
    }
    if (!options_.bias) return;
    join(bias_parts_, filters_, pieces.count(), where);
    std::copy_n(bias_parts_.data(), filters_, bias_gradient_.data());
  }

  conv2d_options options_;
  window window_;
  std::size_t rows_ = 0, columns_ = 0, channels_ = 0, down_ = 0, across_ = 0, filters_ = 0;
  std::vector<T> turned_;
  xt::xtensor<T, 4> weight_, weight_gradient_;
  xt::xtensor<T, 1> bias_, bias_gradient_;

 private:
  /// Adds all parts to the first, in their order.
  template <any_backend B>
  static void join(std::vector<T>& parts, std::size_t size, std::size_t count, B const& where) {
    for_each_chunk(where.exec, size, [&](std::size_t first, std::size_t last) {
      std::span<T> const sum = std::span(parts).subspan(first, last - first);
      for (std::size_t p = 1; p < count; ++p) {
        B::kernels::template axpy<T>(sum, std::span<T const>(parts).subspan(p * size + first, last - first), T(1));
      }
    });
  }

  std::size_t banks_ = 1;
  std::vector<T> parts_, bias_parts_;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
