// SPDX-License-Identifier: BSD-3-Clause
// The tensors of a low-bit model as an engine for microcontrollers wants them: fields from a new byte for each filter.
#ifndef SQWA_IO_DEPLOY_WEIGHTS_HPP
#define SQWA_IO_DEPLOY_WEIGHTS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/deploy/products.hpp>
#include <sqwa/io/deployed_network.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/io/model_description.hpp>
#include <sqwa/io/model_tensors.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// The tensors of a model, as values or as the weights of a layer.
class deploy_tensors : public model_tensors {
 public:
  explicit deploy_tensors(low_bit_model const& model) : model_tensors("deploy", checked(model)) {}

  /// `count` values of a tensor; a low-bit one is decoded.
  std::vector<double> values(std::string const& name, std::size_t count) {
    shape const e = extents(name);
    expects(e.size() == count, "deploy: {} has {} elements, not {}", name, e.size(), count);
    if (auto const* floats = take_floats(name)) return {floats->begin(), floats->end()};
    std::vector<float> all(count);
    take_low_bit(name).weights.decode(std::span(all));
    return {all.begin(), all.end()};
  }

  /// The weights of `filters` filters become part of a layer: fields, whose scales become its factors, or floats.
  void put(std::string const& name, std::size_t filters, deployed_layer<deploy::floats>& l) {
    if (auto const* floats = take_floats(name)) {
      l.entry.bits = 32;
      l.floats = *floats;
      l.factors.assign(filters, 1.0F);
      return;
    }
    low_bit_tensor const& t = take_low_bit(name);
    packed const& p = t.weights;
    bool const by_filter = p.layout.count == filters && scaled_axis(t.extents, p.layout) == std::size_t{0};
    expects(by_filter || p.layout.count == 1,
            "deploy: {} has {} scales; one for the tensor or one for each of its {} filters is possible", name,
            p.layout.count, filters);
    expects(p.levels <= 255, "deploy: {} has {} levels; 255 at most are possible", name, p.levels);
    int const bits = p.bits() <= 2 ? 2 : p.bits() <= 4 ? 4 : 8;
    std::size_t const row = p.size() / filters, bytes = deploy::detail::row_bytes(row, bits);
    l.entry.bits = static_cast<std::uint8_t>(bits);
    l.codes.assign(filters * bytes, 0);
    auto const each = 8 / static_cast<std::size_t>(bits);
    p.for_each_code([&](std::size_t i, int code) {
      auto const field = static_cast<unsigned>(code + deploy::detail::centre_of(bits));
      std::size_t const at = i % row;
      std::uint8_t& byte = l.codes[i / row * bytes + at / each];
      byte = static_cast<std::uint8_t>(byte | field << (at % each * static_cast<std::size_t>(bits)));
    });
    for (std::size_t f = 0; f != filters; ++f) l.factors.push_back(p.scales[by_filter ? f : 0]);
  }

 private:
  static low_bit_model const& checked(low_bit_model const& model) {
    check_model("deploy", model);
    return model;
  }
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
