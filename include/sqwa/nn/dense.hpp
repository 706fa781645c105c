// SPDX-License-Identifier: BSD-3-Clause
// The fully connected layer.
#ifndef SQWA_NN_DENSE_HPP
#define SQWA_NN_DENSE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// y = W x + b with W of outputs × inputs. Inputs of any shape count as one row.
template <real T = float>
class dense {
 public:
  using value_type = T;
  static constexpr char const* name = "dense";

  explicit dense(std::size_t outputs) : outputs_(outputs) {}

  /// @pre neither inputs nor outputs are empty
  shape build(shape const& input, noise u) {
    expects(input.size() > 0 && outputs_ > 0, "dense: {} inputs and {} outputs", input.size(), outputs_);
    inputs_ = input.size();
    weight = xt::xtensor<T, 2>({outputs_, inputs_});
    bias = xt::xtensor<T, 1>({outputs_}, T(0));
    weight_gradient_ = xt::xtensor<T, 2>({outputs_, inputs_}, T(0));
    bias_gradient_ = xt::xtensor<T, 1>({outputs_}, T(0));
    initialize(mutable_values(weight), inputs_, u);
    return {outputs_};
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    transposed_.resize(weight.size());
    for (std::size_t o = 0; o != outputs_; ++o) {
      for (std::size_t i = 0; i != inputs_; ++i) transposed_[i * outputs_ + o] = weight(o, i);
    }
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      std::size_t const first = part.first(p);
      std::size_t const rows = part.last(p) - first;
      for (std::size_t s = first; s != first + rows; ++s) {
        std::copy_n(bias.data(), outputs_, y.begin() + static_cast<std::ptrdiff_t>(s * outputs_));
      }
      B::kernels::template gemm<T>({&y[first * outputs_], rows, outputs_}, {&x[first * inputs_], rows, inputs_},
                                   {transposed_.data(), inputs_, outputs_});
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const& where) {
    mutable_fill(weight_gradient_);
    mutable_fill(bias_gradient_);
    for (std::size_t s = 0; s != batch; ++s) {
      for (std::size_t o = 0; o != outputs_; ++o) bias_gradient_(o) += dy[s * outputs_ + o];
    }
    pieces const rows{outputs_};  // each row of the gradient is one thread's, over the whole batch
    where.exec.for_each(rows.count(), [&](std::size_t p) {
      std::size_t const first = rows.first(p);
      std::size_t const count = rows.last(p) - first;
      matrix<T const> const some{&dy[first], batch, count, outputs_};
      B::kernels::template gemm<T>({&weight_gradient_(first, 0), count, inputs_}, some.transposed(),
                                   {x.data(), batch, inputs_});
    });
    if (dx.empty()) return;
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      std::size_t const first = part.first(p);
      std::size_t const samples = part.last(p) - first;
      std::ranges::fill(dx.subspan(first * inputs_, samples * inputs_), T(0));
      B::kernels::template gemm<T>({&dx[first * inputs_], samples, inputs_}, {&dy[first * outputs_], samples, outputs_},
                                   {weight.data(), outputs_, inputs_});
    });
  }

  std::vector<parameter<T>> parameters() {
    return {{"weight", shape{outputs_, inputs_}, mutable_values(weight), mutable_values(weight_gradient_), role::weight},
            {"bias", shape{outputs_}, mutable_values(bias), mutable_values(bias_gradient_), role::bias}};
  }

  xt::xtensor<T, 2> weight;  ///< output × input
  xt::xtensor<T, 1> bias;

 private:
  static void mutable_fill(auto& t) { std::ranges::fill(mutable_values(t), T(0)); }

  std::size_t outputs_;
  std::size_t inputs_ = 0;
  xt::xtensor<T, 2> weight_gradient_;
  xt::xtensor<T, 1> bias_gradient_;
  std::vector<T> transposed_;
};
dense(std::size_t) -> dense<float>;
dense(int) -> dense<float>;

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
