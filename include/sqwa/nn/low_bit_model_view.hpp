// SPDX-License-Identifier: BSD-3-Clause
// A low-bit model whose numbers someone else keeps: what a snapshot in a mapped file is.
#ifndef SQWA_NN_LOW_BIT_MODEL_VIEW_HPP
#define SQWA_NN_LOW_BIT_MODEL_VIEW_HPP

#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed_view.hpp>
#include <sqwa/tensor/shape.hpp>

#include <map>
#include <span>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A `low_bit_tensor` that owns its name only.
struct low_bit_tensor_view {
  std::string name;
  shape extents;
  packed_view weights;
};

/// A `float_tensor` that owns its name only.
struct float_tensor_view {
  std::string name;
  shape extents;
  std::span<float const> values;
};

/// A `low_bit_model` that owns names and notes, but no numbers: valid while those live.
struct low_bit_model_view {
  std::vector<low_bit_tensor_view> weights;
  std::vector<float_tensor_view> floats;
  std::map<std::string, std::string> notes;

  /// A model that owns everything.
  [[nodiscard]] low_bit_model copy() const {
    low_bit_model all{{}, {}, notes};
    for (auto const& t : weights) all.weights.push_back({t.name, t.extents, t.weights.copy()});
    for (auto const& t : floats) all.floats.push_back({t.name, t.extents, {t.values.begin(), t.values.end()}});
    return all;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
