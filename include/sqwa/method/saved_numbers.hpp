// SPDX-License-Identifier: BSD-3-Clause
// The numbers of low-bit models as bytes, for states whose names and extents are known.
#ifndef SQWA_METHOD_SAVED_NUMBERS_HPP
#define SQWA_METHOD_SAVED_NUMBERS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Codes, scales and floats, tensor after tensor.
inline void save_numbers(low_bit_model const& model, byte_writer& out) {
  for (low_bit_tensor const& t : model.weights) {
    out.put_block(t.weights.bytes);
    out.put_all(std::span<float const>(t.weights.scales));
  }
  for (float_tensor const& t : model.floats) out.put_all(std::span<float const>(t.values));
}

/// Replaces the numbers of a model of the same tensors by those that were saved.
/// @pre every tensor has as many as `model` has
inline void load_numbers(low_bit_model& model, byte_reader& in) {
  auto const same = [](std::size_t saved, std::size_t has, std::string_view name) {
    expects(saved == has, "saved state: {} numbers for tensor {}, which has {}", saved, name, has);
  };
  for (low_bit_tensor& t : model.weights) {
    auto const bytes = in.block();
    same(bytes.size(), t.weights.bytes.size(), t.name);
    std::ranges::copy(bytes, t.weights.bytes.begin());
    auto scales = in.all<float>();
    same(scales.size(), t.weights.scales.size(), t.name);
    t.weights.scales = std::move(scales);
  }
  for (float_tensor& t : model.floats) {
    auto values = in.all<float>();
    same(values.size(), t.values.size(), t.name);
    t.values = std::move(values);
  }
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
