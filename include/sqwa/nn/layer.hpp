// SPDX-License-Identifier: BSD-3-Clause
// What a layer is: the concept, its parameters and the passes it takes part in.
#ifndef SQWA_NN_LAYER_HPP
#define SQWA_NN_LAYER_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// What a parameter is for: weights are what the method quantizes and weight decay shrinks.
enum class role { weight, bias, norm, statistic };

/// One named tensor of a layer, seen from outside; the layer owns it. A `mutable_tensor`.
template <real T>
struct parameter {
  std::string name;
  shape extents;
  std::span<T> value;
  std::span<T> gradient;  ///< empty for statistics
  role kind = role::weight;
};

/// Why a forward pass is made. `refresh` is a training pass that also collects statistics.
enum class pass { train, infer, refresh };

/// How a batch is cut for threads: pieces of samples that depend on the batch alone.
struct pieces {
  std::size_t batch;
  static constexpr std::size_t most = 8;

  [[nodiscard]] constexpr std::size_t count() const noexcept { return std::min(batch, most); }
  [[nodiscard]] constexpr std::size_t first(std::size_t p) const noexcept { return batch * p / count(); }
  [[nodiscard]] constexpr std::size_t last(std::size_t p) const noexcept { return batch * (p + 1) / count(); }
};

/// One differentiable step of a model, applied to a batch stored sample after sample, channels last.
///
/// Models: `build` fixes the shape of one input sample, makes and initializes the parameters and returns the shape of one
/// output sample. `backward` follows a training `forward` on the same x and y; it overwrites the gradients and, unless it is
/// empty, dx. Results do not depend on the backend's executor.
template <class L>
concept layer = std::copyable<L> && real<typename L::value_type> &&
                requires(L l, shape const& input, noise u, std::size_t batch, pass why, backend<> where,
                         std::span<typename L::value_type const> in, std::span<typename L::value_type> out) {
                  { l.build(input, u) } -> std::same_as<shape>;
                  l.forward(in, out, batch, why, where);
                  l.backward(in, in, in, out, batch, where);
                  { l.parameters() } -> std::same_as<std::vector<parameter<typename L::value_type>>>;
                  { L::name } -> std::convertible_to<char const*>;
                };

/// Fills weights with uniform noise of variance 2 / fan_in (He et al. 2015, eq. 10).
template <real T>
void initialize(std::span<T> weights, std::size_t fan_in, noise const& u) {
  T const bound = std::sqrt(T(6) / static_cast<T>(fan_in));
  for (std::size_t i = 0; i != weights.size(); ++i) weights[i] = (2 * static_cast<T>(u(i)) - 1) * bound;
}

}  // namespace nn

template <real T>
struct adapter<nn::parameter<T>> {
  static constexpr std::span<T> elements(nn::parameter<T> const& p) noexcept { return p.value; }
  static constexpr sqwa::shape const& shape(nn::parameter<T> const& p) noexcept { return p.extents; }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
