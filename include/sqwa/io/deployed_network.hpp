// SPDX-License-Identifier: BSD-3-Clause
// A network for a microcontroller while it is made: its layers with the numbers they own, run on this machine.
#ifndef SQWA_IO_DEPLOYED_NETWORK_HPP
#define SQWA_IO_DEPLOYED_NETWORK_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/engine.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/deploy/memory_plan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Codes 0 … max_code that stand for scale * (code - zero).
struct activation_grid {
  double scale = 1;
  int zero = 0;
  int max_code = 255;

  bool operator==(activation_grid const&) const = default;
};

/// One layer and the numbers that its table entry points to. The pointers in `entry` are null.
template <class Arithmetic>
struct deployed_layer {
  std::string name;
  deploy::layer<Arithmetic> entry;
  std::vector<std::uint8_t> codes = {};
  std::vector<float> floats = {};
  std::vector<typename Arithmetic::factor> factors = {};
  std::vector<typename Arithmetic::offset> offsets = {};
  std::optional<activation_grid> grid = {};  ///< of the output: what training fixed, or what was chosen
};

/// A network as the engine runs it. A value, unlike the tables of a generated header.
template <class Arithmetic>
struct deployed_network {
  using value = typename Arithmetic::value;
  using wide = typename Arithmetic::wide;

  std::vector<deployed_layer<Arithmetic>> layers;
  activation_grid input = {};   ///< of what `run` takes, in integers
  activation_grid output = {};  ///< of what `run` gives, in integers; max_code does not count

  [[nodiscard]] std::size_t input_size() const { return layers.at(0).entry.in.size(); }
  [[nodiscard]] std::size_t output_size() const { return layers.back().entry.out.size(); }

  /// The table of layers, valid while this network is not changed.
  [[nodiscard]] std::vector<deploy::layer<Arithmetic>> table() const {
    std::vector<deploy::layer<Arithmetic>> all;
    for (auto const& l : layers) {
      auto& entry = all.emplace_back(l.entry);
      entry.codes = l.codes.data();
      entry.floats = l.floats.data();
      entry.factors = l.factors.data();
      entry.offsets = l.offsets.data();
    }
    return all;
  }

  /// How many values the engine's memory holds, its input and output not counted.
  [[nodiscard]] std::size_t memory_size() const { return plan().second; }

  /// The output for one input, by the engine itself: bit for bit what the generated header gives.
  ///
  /// Memory: the values.
  /// @pre there are layers; input.size() == input_size()
  [[nodiscard]] std::vector<wide> run(std::span<value const> input_values) const {
    expects(!layers.empty(), "deployed_network::run: no layers");
    expects(input_values.size() == input_size(), "deployed_network::run: an input of {} values, not {}",
            input_values.size(), input_size());
    auto const all = table();
    auto const [places, room] = plan();
    std::vector<value> memory(room);
    std::vector<wide> result(output_size());
    deploy::run_layers<deploy::any_operation>(all.data(), all.size(), places.data(), input_values.data(), memory.data(),
                                              result.data());
    return result;
  }

  /// The outputs of all layers but the last, each where it does not overlap another: for looking at them. `f(i,
  /// values)` sees, and may change, the output of layer i before the next one runs.
  template <class F>
  void run_with(std::span<value const> input_values, F f) const {
    auto const all = table();
    std::vector<std::vector<value>> values{{input_values.begin(), input_values.end()}};
    std::vector<value> copy;
    for (auto const& l : all) {
      auto& y = values.emplace_back(l.out.size());
      copy.resize(l.window_size());
      deploy::run_layer<deploy::any_operation>(l, values[l.from].data(), values[l.other].data(), y.data(), copy.data());
      f(values.size() - 2, std::span<value>(y));
    }
  }

 private:
  [[nodiscard]] std::pair<std::vector<std::size_t>, std::size_t> plan() const {
    auto const all = table();
    std::vector<deploy::memory_piece> pieces(2 * all.size());
    deploy::describe_memory(all.data(), all.size(), pieces.data());
    std::size_t const size = deploy::place_memory(pieces.data(), pieces.size());
    std::vector<std::size_t> places;
    for (auto const& p : pieces) places.push_back(p.place);
    return {places, size};
  }
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
