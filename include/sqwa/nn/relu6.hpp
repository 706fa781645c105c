// SPDX-License-Identifier: BSD-3-Clause
// The rectifier with an upper bound.
#ifndef SQWA_NN_RELU6_HPP
#define SQWA_NN_RELU6_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// y = min(max(x, 0), 6), element by element; the gradient at 0, at 6 and beyond is 0. NaN stays NaN.
///
/// A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010. Memory: none.
template <real T = float>
class relu6 : public layer_defaults<T> {
 public:
  static constexpr char const* name = "relu6";
  static constexpr bool in_place = true;

  shape build(shape const& input, noise const&) { return input; }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t, pass, B const& where) {
    if (x.data() != y.data()) copy(x, y, where);
    for_each_chunk(where.exec, y.size(), [to = y.data()](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i != last; ++i) {
        T const positive = to[i] < 0 ? T(0) : to[i];
        to[i] = positive > 6 ? T(6) : positive;
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t, B const& where) {
    if (!dx.empty() && dy.data() != dx.data()) copy(dy, dx, where);
    for_each_chunk(where.exec, dx.size(), [at = x.data(), to = dx.data()](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i != last; ++i) {
        T const error = to[i];  // loaded in any case, so that the loop has no branch
        T const below = at[i] < 6 ? error : T(0);
        to[i] = at[i] > 0 ? below : T(0);
      }
    });
  }

 private:
  /// Both loops work in place: with two pointers that may be equal, compilers would not use vectors.
  template <any_backend B>
  static void copy(std::span<T const> from, std::span<T> to, B const& where) {
    for_each_chunk(where.exec, to.size(), [=](std::size_t first, std::size_t last) {
      std::copy_n(from.data() + first, last - first, to.data() + first);
    });
  }
};

static_assert(layer<relu6<float>> && layer<relu6<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
