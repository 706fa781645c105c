// SPDX-License-Identifier: BSD-3-Clause
// The tensors of a low-bit model by their names, for writers that take each of them for a layer of the model.
#ifndef SQWA_IO_MODEL_TENSORS_HPP
#define SQWA_IO_MODEL_TENSORS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/tensor/shape.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io::detail {

/// Finds tensors by their names and knows which were taken; the model must outlive it. `who` begins its messages.
class model_tensors {
 public:
  /// @pre no two tensors have one name
  model_tensors(char const* who, low_bit_model const& model) : who_(who) {
    for (low_bit_tensor const& t : model.weights) add(low_bit_, t);
    for (float_tensor const& t : model.floats) add(floats_, t);
  }

  [[nodiscard]] bool has(std::string const& name) const { return low_bit_.contains(name) || floats_.contains(name); }
  /// @pre there is a tensor of this name
  [[nodiscard]] shape extents(std::string const& name) const {
    expects(has(name), "{}: the low-bit model has no tensor {}", who_, name);
    return low_bit_.contains(name) ? low_bit_.at(name)->extents : floats_.at(name)->extents;
  }

  /// The values of a float tensor, which is taken; null for a low-bit one.
  std::vector<float> const* take_floats(std::string const& name) {
    auto const at = floats_.find(name);
    if (at == floats_.end()) return nullptr;
    taken_.insert(name);
    return &at->second->values;
  }
  /// A low-bit tensor, which is taken.
  /// @pre there is one of this name
  low_bit_tensor const& take_low_bit(std::string const& name) {
    taken_.insert(name);
    return *low_bit_.at(name);
  }

  /// @pre every tensor was taken
  void end() const {
    for (auto const& [name, t] : low_bit_) expects(taken_.contains(name), "{}: no layer has a tensor {}", who_, name);
    for (auto const& [name, t] : floats_) expects(taken_.contains(name), "{}: no layer has a tensor {}", who_, name);
  }

 private:
  template <class Map, class Tensor>
  void add(Map& map, Tensor const& t) {
    expects(!has(t.name), "{}: two tensors have the name {}", who_, t.name);
    map.emplace(t.name, &t);
  }

  char const* who_;
  std::map<std::string, low_bit_tensor const*> low_bit_;
  std::map<std::string, float_tensor const*> floats_;
  std::set<std::string> taken_;
};

}  // namespace io::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
