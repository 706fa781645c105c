// SPDX-License-Identifier: BSD-3-Clause
// Small low-bit models for the tests of files: one for each number.
#ifndef SQWA_TESTS_IO_MODELS_HPP
#define SQWA_TESTS_IO_MODELS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace test {

inline sqwa::low_bit_tensor random_tensor(std::string name, int levels, sqwa::shape const& extents,
                                          sqwa::blocks const& layout, std::uint64_t seed) {
  sqwa::noise const u{.seed = seed};
  std::vector<std::int16_t> codes(layout.size);
  for (std::size_t i = 0; i != codes.size(); ++i) {
    codes[i] =
        static_cast<std::int16_t>(static_cast<int>(u.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2);
  }
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = 0.1F / static_cast<float>(b + 1);
  return {std::move(name), extents, sqwa::pack_tensor(std::span<std::int16_t const>(codes), layout, scales, levels)};
}

/// Snapshot k of a training run: ternary weights a channel, weights of 15 levels a tensor, a bias. `more` weights
/// beside.
inline sqwa::low_bit_model snapshot(std::uint64_t k, std::size_t more = 0) {
  sqwa::low_bit_model m;
  m.weights.push_back(random_tensor("first", 3, {5, 3}, sqwa::per_channel{}({5, 3}), 3 * k));
  m.weights.push_back(random_tensor("second", 15, {7 + more}, sqwa::per_tensor{}({7 + more}), 3 * k + 1));
  m.floats.push_back({"bias", {2}, {sqwa::noise{.seed = k}(0), -1.5F}});
  m.notes["step"] = std::to_string(k);
  return m;
}

}  // namespace test

#endif
