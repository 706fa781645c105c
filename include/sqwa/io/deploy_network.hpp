// SPDX-License-Identifier: BSD-3-Clause
// From a trained model to a network for microcontrollers.
#ifndef SQWA_IO_DEPLOY_NETWORK_HPP
#define SQWA_IO_DEPLOY_NETWORK_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/io/deploy_layers.hpp>
#include <sqwa/io/deployed_network.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/tensor/shape.hpp>

#include <optional>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// The network of `model` with the numbers of `weights`, matched by the names of parameters, in float.
///
/// Batch-norm (its running statistics) and relu become part of the layer before them, dropout nothing. With `pixels`,
/// the network takes bytes and normalizes them itself. Activations that `nn::fake_quantize` rounds are not rounded in
/// float; the network remembers their points for `to_integers`.
///
/// Layers: all that `nn::any_model` holds but convolutions in groups, in stacks, sequences and residuals. A low-bit
/// tensor has one scale, or one for each filter, and at most 255 levels; other tensors stay in float.
///
/// Memory: the result. @pre `weights` has the tensors of all layers and no others; `input` is what the model takes; as
/// many channels in `pixels` as in `input`
template <nn::layer Model>
[[nodiscard]] deployed_network<deploy::floats> deploy_network(
    Model& model, shape const& input, low_bit_model const& weights,
    std::optional<nn::normalization> const& pixels = std::nullopt) {
  detail::deploy_translator translator(weights);
  detail::deploy_value x{.index = 0, .extents = detail::deploy_translator::extents_of("the input", input)};
  if (pixels) x = translator.normalize(*pixels, x);
  detail::deploy_value const y = translator.translate(model, "", x);
  translator.end();
  auto& layers = translator.network.layers;
  expects(!layers.empty(), "deploy: a network without layers");
  expects(y.index == layers.size() && !y.padded, "deploy: the network ends with a shortcut");
  return std::move(translator.network);
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
