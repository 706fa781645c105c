// SPDX-License-Identifier: BSD-3-Clause
// The weights a layer begins with.
#ifndef SQWA_NN_INIT_HPP
#define SQWA_NN_INIT_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Fills `weights` with uniform numbers in ±sqrt(6 / inputs), `inputs` being the number of products in one output.
///
/// The rule for layers before a ReLU: K. He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.
template <real T>
void kaiming_uniform(std::span<T> weights, std::size_t inputs, noise const& u) {
  T const bound = std::sqrt(T(6) / static_cast<T>(inputs));
  for (std::size_t i = 0; i != weights.size(); ++i) weights[i] = (2 * static_cast<T>(u(i)) - 1) * bound;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
