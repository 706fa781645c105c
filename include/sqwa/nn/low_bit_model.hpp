// SPDX-License-Identifier: BSD-3-Clause
// A low-bit model at rest: what a capture holds, and what the model file stores.
#ifndef SQWA_NN_LOW_BIT_MODEL_HPP
#define SQWA_NN_LOW_BIT_MODEL_HPP

#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// One quantized tensor: its name, its extents, and its codes with their scales.
///
/// `extents.size() == weights.size()`.
struct low_bit_tensor {
  std::string name;
  shape extents;
  packed weights;

  bool operator==(low_bit_tensor const&) const = default;
};

/// One tensor that stays in float: a bias, a batch-norm parameter, a running statistic.
///
/// `extents.size() == values.size()`.
struct float_tensor {
  std::string name;
  shape extents;
  std::vector<float> values;

  bool operator==(float_tensor const&) const = default;
};

/// A model whose weights are low-bit: the quantized tensors, the float tensors and free notes, each in a fixed order.
///
/// Two models are equal when all names, extents, codes, scales, values and notes are; NaN equals nothing.
struct low_bit_model {
  std::vector<low_bit_tensor> weights;
  std::vector<float_tensor> floats;
  std::map<std::string, std::string> notes;

  bool operator==(low_bit_model const&) const = default;
};

/// How many bits one quantized weight takes: the bits of all codes plus 32 for each scale, over the number of codes.
///
/// The zero bits that fill the last byte of a tensor and the float tensors do not count. No weights: 0.
[[nodiscard]] inline double bits_per_weight(low_bit_model const& model) {
  double bits = 0;
  double count = 0;
  for (low_bit_tensor const& t : model.weights) {
    bits += static_cast<double>(t.weights.bits()) * static_cast<double>(t.weights.size());
    bits += 32.0 * static_cast<double>(t.weights.scales.size());
    count += static_cast<double>(t.weights.size());
  }
  return count == 0 ? 0 : bits / count;
}

/// How many bytes the numbers of a model take: packed codes, four for each scale, four for each value in float.
///
/// Names, extents and notes do not count. An empty model: 0.
[[nodiscard]] inline std::size_t byte_size(low_bit_model const& model) {
  std::size_t bytes = 0;
  for (low_bit_tensor const& t : model.weights) {
    bytes += t.weights.bytes.size() + sizeof(float) * t.weights.scales.size();
  }
  for (float_tensor const& t : model.floats) bytes += sizeof(float) * t.values.size();
  return bytes;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
