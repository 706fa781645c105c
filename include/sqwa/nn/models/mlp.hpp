// SPDX-License-Identifier: BSD-3-Clause
// Fully connected networks.
#ifndef SQWA_NN_MODELS_MLP_HPP
#define SQWA_NN_MODELS_MLP_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/relu.hpp>

#include <cstddef>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Dense layers with a relu behind each but the last: `mlp({256, 256}, 10)` on images of 28 x 28 is 784-256-256-10.
///
/// @pre the hidden widths and `classes` > 0
template <real T = float>
[[nodiscard]] any_model<T> mlp(std::vector<std::size_t> const& hidden, std::size_t classes) {
  any_model<T> model;
  for (std::size_t width : hidden) model.add(dense<T>{width}).add(relu<T>{});
  model.add(dense<T>{classes});
  return model;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
