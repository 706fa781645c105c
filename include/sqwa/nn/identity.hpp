// SPDX-License-Identifier: BSD-3-Clause
// Nothing, as a layer.
#ifndef SQWA_NN_IDENTITY_HPP
#define SQWA_NN_IDENTITY_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// y = x: what a `residual` adds where its body keeps the extents.
///
/// Memory: none. Costs nothing inside a `sequential`.
template <real T = float>
class identity : public layer_defaults<T> {
 public:
  static constexpr char const* name = "identity";
  static constexpr bool in_place = true;

  shape build(shape const& input, noise const&) { return input; }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t, pass, B const&) {
    if (x.data() != y.data()) std::ranges::copy(x, y.begin());
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t, B const&) {
    if (!dx.empty() && dx.data() != dy.data()) std::ranges::copy(dy, dx.begin());
  }

  /// y += x
  template <any_backend B>
  void add(std::span<T const> x, std::span<T> y, std::size_t, B const& where) const {
    for_each_chunk(where.exec, y.size(), [&](std::size_t first, std::size_t last) {
      B::kernels::template axpy<T>(y.subspan(first, last - first), x.subspan(first, last - first), T(1));
    });
  }

  /// dx += dy
  template <any_backend B>
  void add_back(std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) const {
    add(dy, dx, batch, where);
  }
};

static_assert(layer<identity<float>> && layer<identity<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
