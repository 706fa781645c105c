// SPDX-License-Identifier: BSD-3-Clause
// A model of the included layers with low-bit weights as ONNX.
#ifndef SQWA_IO_ONNX_HPP
#define SQWA_IO_ONNX_HPP

#include <sqwa/io/file.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/io/onnx_graph.hpp>
#include <sqwa/io/onnx_layers.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline onnx_extents whole_extents(shape const& extents) {
  onnx_extents all;
  for (std::size_t e : extents) all.push_back(static_cast<std::int64_t>(e));
  return all;
}

template <nn::layer Model>
std::vector<std::byte> onnx_bytes(Model& model, shape const& input, low_bit_model const& weights,
                                  onnx_options const& options) {
  check_model("write_onnx", weights);
  onnx_translator translator(weights, options);
  onnx_value x{"input", input};
  if (input.rank() == 3) {  // ONNX has channels first
    x.name = translator.graph.node("Transpose", {x.name}, "input.turned", {{"perm", onnx_extents{0, 3, 1, 2}}});
  }
  onnx_value const y = translator.translate(model, "", x);
  translator.end();
  if (y.extents.rank() == 3) {
    translator.channels_last(y, "output");
  } else {
    translator.graph.node("Identity", {y.name}, "output");
  }
  return translator.graph.file("input", whole_extents(input), "output", whole_extents(y.extents), weights.notes);
}

}  // namespace detail

/// Writes a model as ONNX, through `write_aside`: the layers of `model`, the numbers of `weights`, matched by the names
/// of parameters. The same model gives the same bytes.
///
/// The graph takes "input", [batch] and the extents of a sample as sqwa stores it, channels last, and gives "output".
/// A low-bit weight becomes its codes, its scales and a DequantizeLinear, so a runtime multiplies the values that sqwa
/// evaluated; sums are in the runtime's own order. Codes of 8 bits need opset 13; `onnx_codes::smallest` needs 21 where
/// 4 bits are stored and 25 where 2 are. Notes become metadata. Batch-norm uses the running statistics, dropout leaves
/// nothing out.
///
/// Layers: all that `nn::any_model` holds but `fake_quantize`, in stacks, sequences and residuals; a layer of another
/// type does not compile. Blocks of scales that are neither the tensor nor the indices of an axis, and more than 255
/// levels, are refused, or with `float_elsewhere` written as floats.
///
/// The operators: onnx.ai/onnx/operators. Throws `error` when writing fails. Memory: a few times the decoded weights.
/// @pre as for `write_model`; `weights` has the tensors of all layers and no others; `input` is what the model takes
template <nn::layer Model>
void write_onnx(std::filesystem::path const& path, Model& model, shape const& input, low_bit_model const& weights,
                onnx_options const& options = {}) {
  write_aside(path, detail::onnx_bytes(model, input, weights, options));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
