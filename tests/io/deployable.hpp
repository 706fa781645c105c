// SPDX-License-Identifier: BSD-3-Clause
// Networks with random numbers, for the tests of what goes to microcontrollers.
#ifndef SQWA_TESTS_IO_DEPLOYABLE_HPP
#define SQWA_TESTS_IO_DEPLOYABLE_HPP

#include "io/models.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace test {

/// The numbers of a built network: weights of `levels` with scales for the tensor or for each filter, everything else
/// random floats. They become the network's own.
inline sqwa::low_bit_model random_numbers_of(sqwa::nn::any_model<>& model, int levels, bool channels,
                                             std::uint64_t seed) {
  sqwa::low_bit_model low;
  for (auto const& p : model.parameters()) {
    sqwa::noise const u{.seed = ++seed};
    if (p.kind == sqwa::nn::role::weight) {
      auto const layout = channels ? sqwa::per_channel{}(p.extents) : sqwa::per_tensor{}(p.extents);
      auto t = random_tensor(p.name, levels, p.extents, layout, seed);
      float const fan = static_cast<float>(p.extents.size() / p.extents[0]);
      for (std::size_t i = 0; i != t.weights.scales.size(); ++i) {
        t.weights.scales[i] = 2 * (1 + static_cast<float>(i % 5)) / (std::sqrt(fan) * static_cast<float>(levels));
      }
      t.weights.decode(p.value);
      low.weights.push_back(t);
      continue;
    }
    for (std::size_t i = 0; i != p.value.size(); ++i) {
      float const r = 2 * u(i) - 1;
      bool const variance = p.name.ends_with("running_var"), step = p.gradient.size() == 1 && p.extents.size() == 1;
      p.value[i] = variance ? 1 + r / 2 : step ? 0.05F : p.name.ends_with("norm_2.scale") && i == 0 ? -r : r;
    }
    low.floats.push_back({p.name, p.extents, {p.value.begin(), p.value.end()}});
  }
  return low;
}

/// `count` samples, normal pixels or bytes.
inline std::vector<float> random_inputs(std::size_t size, std::uint64_t seed, bool as_bytes) {
  sqwa::noise const u{.seed = seed};
  std::vector<float> x(size);
  for (std::size_t i = 0; i != size; ++i) {
    x[i] = as_bytes ? static_cast<float>(u.below(i, 256)) : 3 * u(i) - 1;
  }
  return x;
}

/// What the network gives for one sample.
inline std::vector<float> inferred(sqwa::nn::any_model<>& model, std::span<float const> x, std::size_t outputs) {
  std::vector<float> y(outputs);
  model.reserve(1);
  model.forward(x, std::span(y), 1, sqwa::nn::pass::infer, sqwa::backend<>{});
  return y;
}

}  // namespace test

#endif
