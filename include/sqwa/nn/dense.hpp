// SPDX-License-Identifier: BSD-3-Clause
// A fully connected layer.
#ifndef SQWA_NN_DENSE_HPP
#define SQWA_NN_DENSE_HPP

#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/init.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct dense_options {
  bool bias = true;
};

/// y = W x + bias. A sample of any extents is read as one row.
///
/// Parameters: `weight` [outputs][inputs], Kaiming-uniform at first, and `bias` [outputs], zero at first.
/// Memory: parameters, their gradients, the transposed inputs and outputs of a batch.
template <real T = float>
class dense {
 public:
  using scalar = T;
  static constexpr char const* name = "dense";
  static constexpr bool in_place = false;

  /// @pre outputs > 0
  explicit dense(std::size_t outputs, dense_options options = {}) : outputs_(outputs), options_(options) {
    expects(outputs > 0, "dense: no outputs");
  }

  /// @pre the input has elements; the weights fit into the address space
  shape build(shape const& input, noise const& init) {
    expects(input.addressable<T>(), "dense: an input of more elements than fit into memory");
    inputs_ = input.size();
    expects(inputs_ > 0, "dense: the input has no elements");
    expects(shape{outputs_, inputs_}.addressable<T>(), "dense: {} outputs of {} inputs are too many weights", outputs_,
            inputs_);
    weight_ = xt::zeros<T>({outputs_, inputs_});
    weight_gradient_ = weight_;
    kaiming_uniform(mutable_values(weight_), inputs_, init);
    bias_ = xt::zeros<T>({options_.bias ? outputs_ : 0});
    bias_gradient_ = bias_;
    turned_input_.clear();
    turned_output_.clear();
    return shape{outputs_};
  }

  void reserve(std::size_t batch) {
    turned_input_.resize(std::max(turned_input_.size(), batch * inputs_));
    turned_output_.resize(std::max(turned_output_.size(), batch * outputs_));
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    chunks const columns{inputs_, std::max<std::size_t>(strip, (inputs_ + 15) / 16)};
    where.exec.for_each(columns.count(), [&](std::size_t p) {
      detail::transpose(x.data(), turned_input_.data(), batch, inputs_, columns.first(p), columns.last(p));
    });
    auto const strips = strips_of_outputs();
    where.exec.for_each(strips.count(), [&](std::size_t p) {  // a strip of outputs reads its weights once
      std::size_t const first = strips.first(p), rows = strips.last(p) - first;
      T* const to = turned_output_.data() + first * batch;
      for (std::size_t i = 0; i != rows; ++i)
        std::fill_n(to + i * batch, batch, options_.bias ? bias_(first + i) : T(0));
      B::kernels::template gemm<T>({to, rows, batch}, {weight_.data() + first * inputs_, rows, inputs_},
                                   {turned_input_.data(), inputs_, batch});
    });
    detail::transpose(turned_output_.data(), y.data(), outputs_, batch, 0, batch);
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    auto const strips = strips_of_outputs();
    where.exec.for_each(strips.count(), [&](std::size_t p) {  // a strip of outputs sums over the batch by itself
      std::size_t const first = strips.first(p), rows = strips.last(p) - first;
      T* const gradient = weight_gradient_.data() + first * inputs_;
      std::fill_n(gradient, rows * inputs_, T(0));
      matrix<T const> const errors{dy.data() + first, batch, rows, outputs_};
      B::kernels::template gemm<T>({gradient, rows, inputs_}, errors.transposed(), {x.data(), batch, inputs_});
    });
    if (options_.bias) {
      detail::sum_channels(batch, outputs_, bias_gradient_.data(), [&](std::size_t at, std::size_t) { return dy[at]; });
    }
    if (dx.empty()) return;
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      std::size_t const first = pieces.first(p), rows = pieces.last(p) - first;
      T* const out = dx.data() + first * inputs_;
      std::fill_n(out, rows * inputs_, T(0));
      B::kernels::template gemm<T>({out, rows, inputs_}, {dy.data() + first * outputs_, rows, outputs_},
                                   {weight_.data(), outputs_, inputs_});
    });
  }

  template <class F>
  void visit(F&& f) {
    f(parameter<T>{"weight", shape{outputs_, inputs_}, mutable_values(weight_), mutable_values(weight_gradient_),
                   role::weight});
    if (options_.bias) {
      f(parameter<T>{"bias", shape{outputs_}, mutable_values(bias_), mutable_values(bias_gradient_), role::bias});
    }
  }

  [[nodiscard]] xt::xtensor<T, 2> const& weight() const noexcept { return weight_; }
  [[nodiscard]] xt::xtensor<T, 1> const& bias() const noexcept { return bias_; }

 private:
  static constexpr std::size_t strip = 16;
  chunks strips_of_outputs() const { return {outputs_, std::max<std::size_t>(strip, (outputs_ + 15) / 16)}; }

  std::size_t outputs_;
  dense_options options_;
  std::size_t inputs_ = 0;
  xt::xtensor<T, 2> weight_, weight_gradient_;
  xt::xtensor<T, 1> bias_, bias_gradient_;
  detail::aligned_vector<T> turned_input_, turned_output_;  // [inputs][batch], [outputs][batch]
};

static_assert(layer<dense<float>> && layer<dense<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
