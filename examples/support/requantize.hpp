// SPDX-License-Identifier: BSD-3-Clause
// A mean, quantized again: matrices and what was low-bit become codes, all else stays float.
#ifndef SQWA_EXAMPLES_SUPPORT_REQUANTIZE_HPP
#define SQWA_EXAMPLES_SUPPORT_REQUANTIZE_HPP

#include "model_files.hpp"

#include <sqwa/method/any_policy.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <concepts>
#include <cstdio>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace example {

template <class Grain, int... Levels>
sqwa::any_quantizer symmetric_of(int levels, Grain grain, std::integer_sequence<int, Levels...>) {
  std::optional<sqwa::any_quantizer> found;
  auto const consider = [&]<int L>(std::integral_constant<int, L>) {
    if (L == levels) found.emplace(sqwa::quantizer{sqwa::symmetric<L>{}, sqwa::l2{}, grain});
  };
  (consider(std::integral_constant<int, Levels>{}), ...);
  if (!found) throw std::invalid_argument("--levels " + std::to_string(levels) + ": 3, 5, 7, 15, 31, 63, 127 or 255");
  return *found;
}

/// A symmetric format with the best scale for each tensor, or each channel.
inline sqwa::any_quantizer format_of(int levels, bool channels) {
  std::integer_sequence<int, 3, 5, 7, 15, 31, 63, 127, 255> const all;
  return channels ? symmetric_of(levels, sqwa::per_channel{}, all) : symmetric_of(levels, sqwa::per_tensor{}, all);
}

/// The mean of low-bit models or of arrays with the weights of `format`: the tensors called `names`; of arrays all
/// floats with two extents and more. What a low-bit model cannot hold is left out and told on stderr.
inline sqwa::low_bit_model requantized(loaded_model& mean, std::set<std::string> const& names,
                                       sqwa::any_quantizer const& format) {
  sqwa::low_bit_model result{{}, {}, mean.low_bit.notes};
  auto const encode = [&](std::string const& name, sqwa::shape const& extents, auto values) {
    std::vector<float> scales(format.layout(extents).count);
    try {
      format.fit(values, extents, scales);
      result.weights.push_back({name, extents, format.encode(values, extents, scales, {})});
    } catch (sqwa::contract_error const& e) {
      throw std::runtime_error(name + ": " + e.what());
    }
  };
  for (auto const& t : mean.low_bit.weights) {
    std::vector<float> values(t.weights.size());
    t.weights.decode(std::span(values));
    encode(t.name, t.extents, std::span<float const>(values));
  }
  for (auto const& t : mean.low_bit.floats) {
    if (names.contains(t.name)) {
      encode(t.name, t.extents, std::span<float const>(t.values));
    } else {
      result.floats.push_back(t);
    }
  }
  with_parts(mean.arrays, [&](auto const&... parts) {
    auto const each = [&]<class T>(std::vector<array_view<T>> const& part) {
      for (auto const& a : part) {
        if constexpr (!std::floating_point<T>) {
          std::fprintf(stderr, "sqwa-average: %s holds integers and is left out of the quantized model\n",
                       a.name.c_str());
        } else if (a.extents.rank() >= 2) {
          encode(a.name, a.extents, std::span<T const>(a.values));
        } else {
          result.floats.push_back({a.name, a.extents, {a.values.begin(), a.values.end()}});
        }
      }
    };
    (each(parts), ...);
  });
  return result;
}

}  // namespace example

#endif
