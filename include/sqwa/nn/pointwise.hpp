// SPDX-License-Identifier: BSD-3-Clause
// Layers without parameters that keep or forget the places of values: relu, flatten.
#ifndef SQWA_NN_POINTWISE_HPP
#define SQWA_NN_POINTWISE_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// max(x, 0). The gradient at 0 is 0.
template <real T = float>
class relu {
 public:
  using value_type = T;
  static constexpr char const* name = "relu";

  shape build(shape const& input, noise) {
    size_ = input.size();
    return input;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) const {
    each(batch, where, [&](std::size_t i) { y[i] = x[i] > 0 ? x[i] : T(0); });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const& where) const {
    if (dx.empty()) return;
    each(batch, where, [&](std::size_t i) { dx[i] = x[i] > 0 ? dy[i] : T(0); });
  }

  std::vector<parameter<T>> parameters() { return {}; }

 private:
  template <class B, class F>
  void each(std::size_t batch, B const& where, F f) const {
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      for (std::size_t i = part.first(p) * size_; i != part.last(p) * size_; ++i) f(i);
    });
  }

  std::size_t size_ = 0;
};
relu() -> relu<float>;

/// One row of values a sample: only the shape changes.
template <real T = float>
class flatten {
 public:
  using value_type = T;
  static constexpr char const* name = "flatten";

  shape build(shape const& input, noise) { return {input.size()}; }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t, pass, B const&) const {
    std::ranges::copy(x, y.begin());
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t,
                B const&) const {
    if (!dx.empty()) std::ranges::copy(dy, dx.begin());
  }

  std::vector<parameter<T>> parameters() { return {}; }
};
flatten() -> flatten<float>;

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
