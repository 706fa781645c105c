// SPDX-License-Identifier: BSD-3-Clause
// Extents to a single one.
#ifndef SQWA_NN_FLATTEN_HPP
#define SQWA_NN_FLATTEN_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// The same elements in the same order (channels last), seen as one row.
///
/// Memory: none. Costs nothing inside a `sequential`.
template <real T = float>
class flatten : public layer_defaults<T> {
 public:
  static constexpr char const* name = "flatten";
  static constexpr bool in_place = true;

  shape build(shape const& input, noise const&) { return shape{input.size()}; }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t, pass, B const&) {
    if (x.data() != y.data()) std::ranges::copy(x, y.begin());
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t, B const&) {
    if (!dx.empty() && dx.data() != dy.data()) std::ranges::copy(dy, dx.begin());
  }
};

static_assert(layer<flatten<>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
