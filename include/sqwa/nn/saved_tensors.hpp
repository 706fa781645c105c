// SPDX-License-Identifier: BSD-3-Clause
// What a trainer saves: named runs of numbers as bytes, checked before anything changes.
#ifndef SQWA_NN_SAVED_TENSORS_HPP
#define SQWA_NN_SAVED_TENSORS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/fingerprint.hpp>
#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// `visit(f)` calls `f(name, span)` for each run of numbers, in an order that does not change.
template <class Visit>
void save_tensors(byte_writer& out, Visit visit) {
  visit([&]<class T>(std::string_view name, std::span<T> values) {
    out.put_text(name);
    out.put_all(std::span<T const>(values));
  });
}

/// Reads what `save_tensors` wrote and, with `commit`, puts it in place.
/// @pre the names and sizes are those saved
template <class Visit>
void load_tensors(byte_reader& in, bool commit, char const* who, Visit visit) {
  visit([&]<class T>(std::string_view name, std::span<T> values) {
    std::string_view const saved_name = in.text();
    expects(saved_name == name, "{}: the saved state has {} where the model has {}", who, saved_name, name);
    auto const saved = in.template all<T>();
    expects(saved.size() == values.size(), "{}: {} has {} numbers in the saved state, {} in the model", who, name,
            saved.size(), values.size());
    if (commit) std::ranges::copy(saved, values.begin());
  });
}

/// Differs, but for chance, when any pixel, label or extent of two sets does.
inline std::uint64_t fingerprint_of(data_set const& set) noexcept {
  fingerprint f;
  for (std::size_t extent : set.images.shape()) f.put(extent);
  f.put(set.classes);
  f.put_all(std::span<std::uint8_t const>(set.images.data(), set.images.size()));
  f.put_all(std::span<std::uint8_t const>(set.labels.data(), set.labels.size()));
  return f.value();
}

/// Calls `f(name, span)` for everything that training changes: parameters, what the optimizer remembers, what layers
/// remember beside parameters, and how many passes those with noise have made.
template <class Model, class Optimizer, class F>
void visit_state(Model& model, Optimizer& optimizer, F const& f) {
  std::vector<parameter<typename Model::scalar>> parameters;
  append_parameters(model, "", parameters);
  for (auto const& p : parameters) f(p.name, p.value);
  optimizer.visit_state([&]<class V>(std::string_view name, V&& value) {
    if constexpr (std::integral<std::remove_cvref_t<V>>) {
      f(name, std::span(&value, 1));
    } else {
      f(name, value);
    }
  });
  auto const hidden = [&](auto& l) {
    if constexpr (requires { l.visit_state(f); }) l.visit_state(f);
    if constexpr (requires { l.set_passes(l.passes()); }) {
      std::uint64_t passes = l.passes();
      f("passes", std::span(&passes, 1));
      l.set_passes(passes);
    }
  };
  visit_layers(model, hidden);
}

/// What a forward pass in training moves in a model, for taking the pass back.
template <real T>
class pass_undo {
 public:
  /// Call before the pass. Allocates the first time.
  template <class Model>
  void keep(Model& model) {
    statistics_.clear();
    model.visit([&](parameter<T> const& p) {
      if (p.kind == role::statistic) statistics_.insert(statistics_.end(), p.value.begin(), p.value.end());
    });
  }
  /// The model is as before the pass.
  template <class Model>
  void take_back(Model& model) const {
    auto from = statistics_.begin();
    model.visit([&](parameter<T> const& p) {
      if (p.kind != role::statistic) return;
      auto const last = from + static_cast<std::ptrdiff_t>(p.value.size());
      std::copy(from, last, p.value.begin());
      from = last;
    });
    auto const uncount = [](auto& l) {
      if constexpr (requires { l.set_passes(l.passes()); }) l.set_passes(l.passes() - 1);
    };
    visit_layers(model, uncount);
  }

 private:
  std::vector<T> statistics_;
};

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
