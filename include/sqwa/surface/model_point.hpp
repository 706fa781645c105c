// SPDX-License-Identifier: BSD-3-Clause
// A whole model as one point: all its numbers in a row, out of a learner and back into it.
#ifndef SQWA_SURFACE_MODEL_POINT_HPP
#define SQWA_SURFACE_MODEL_POINT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A model as a point of the space of all trained tensors, with its statistics beside it.
///
/// Distances and directions are those of `trained` alone: statistics follow from weights and data. Each number is that
/// of the tensor, exactly.
struct model_point {
  std::vector<double> trained;     ///< `parameters()`, then `float_parameters()`, tensor after tensor
  std::vector<double> statistics;  ///< `statistics()`, tensor after tensor

  bool operator==(model_point const&) const = default;
};

/// A point and what it is called in pictures and tables.
struct named_point {
  std::string name;
  model_point at;

  bool operator==(named_point const&) const = default;
};

namespace detail {

/// The tensors of a learner, in the order of a `model_point`. Valid while they stay where they are.
template <learner L>
std::vector<std::span<scalar_of<L>>> trained_spans(L& l) {
  auto all = spans_of<scalar_of<L>>(l.parameters());
  for (auto t : float_spans(l)) all.push_back(t);
  return all;
}

template <class T>
void put_numbers(std::span<double const> from, std::vector<std::span<T>> const& to) noexcept {
  std::size_t at = 0;
  for (auto t : to) {
    for (T& x : t) x = static_cast<T>(from[at++]);
  }
}

inline void check_point(char const* who, model_point const& p, std::size_t trained, std::size_t statistics) {
  expects(p.trained.size() == trained && p.statistics.size() == statistics,
          "{}: a point of {} trained numbers and {} statistics where {} and {} are wanted", who, p.trained.size(),
          p.statistics.size(), trained, statistics);
}

/// The name of every tensor of a learner, in the order of a `model_point`.
template <learner L>
std::vector<std::string> tensor_names(L& l) {
  std::vector<std::string> names;
  for_each_trained(l, [&](auto const&, std::string name, std::size_t) { names.push_back(std::move(name)); });
  for_each_float(l, std::vector<tensor_format>(names.size(), any_quantizer(symmetric<3>{})),
                 [&](auto const&, std::string name) { names.push_back(std::move(name)); });
  return names;
}

}  // namespace detail

/// The learner as it stands.
template <learner L>
[[nodiscard]] model_point point_of(L& l) {
  model_point p;
  for (auto t : detail::trained_spans(l)) p.trained.insert(p.trained.end(), t.begin(), t.end());
  for (auto t : detail::statistic_spans(l)) p.statistics.insert(p.statistics.end(), t.begin(), t.end());
  return p;
}

/// A saved model as a point of this learner's space: its low-bit tensors decoded. Tensors are found by their names; it
/// does not matter which of them are low-bit.
/// @pre the model has each tensor of the learner once, of the same size, and no other
template <learner L>
[[nodiscard]] model_point point_of(L& l, low_bit_model const& model) {
  constexpr char const* who = "point_of";
  auto const names = detail::tensor_names(l);
  expects(model.weights.size() + model.floats.size() == names.size(), "{}: {} tensors in the model, {} in the learner",
          who, model.weights.size() + model.floats.size(), names.size());
  auto trained = detail::trained_spans(l);
  auto const statistics = detail::statistic_spans(l);
  model_point p;
  for (std::size_t i = 0; i != names.size(); ++i) {
    bool const is_trained = i < trained.size();
    std::size_t const wants = is_trained ? trained[i].size() : statistics[i - trained.size()].size();
    std::vector<double> values;
    std::size_t found = 0;
    for (low_bit_tensor const& t : model.weights) {
      if (t.name != names[i]) continue;
      ++found;
      std::vector<scalar_of<L>> decoded(t.weights.size());
      t.weights.decode(std::span(decoded));
      values.assign(decoded.begin(), decoded.end());
    }
    for (float_tensor const& t : model.floats) {
      if (t.name != names[i]) continue;
      ++found;
      values.assign(t.values.begin(), t.values.end());
    }
    expects(found == 1, "{}: the model has {} tensors with the name {}", who, found, std::string_view(names[i]));
    expects(values.size() == wants, "{}: tensor {} has {} numbers in the model, {} in the learner", who,
            std::string_view(names[i]), values.size(), wants);
    auto& to = is_trained ? p.trained : p.statistics;
    to.insert(to.end(), values.begin(), values.end());
  }
  return p;
}

/// Puts a point into the learner: trained tensors and statistics.
/// @pre the point has as many numbers as the learner
template <learner L>
void put(L& l, model_point const& p) {
  auto const trained = detail::trained_spans(l);
  auto const statistics = detail::statistic_spans(l);
  std::size_t n = 0, m = 0;
  for (auto t : trained) n += t.size();
  for (auto t : statistics) m += t.size();
  detail::check_point("put", p, n, m);
  detail::put_numbers(std::span(p.trained), trained);
  detail::put_numbers(std::span(p.statistics), statistics);
}

/// The learner as it stands as a model that can be saved, all its tensors in float. Numbers that are double are
/// rounded.
template <learner L>
[[nodiscard]] low_bit_model float_model_of(L& l) {
  return low_bit_weights<L>(l, format_by_name({}, stays_float)).capture();
}

}  // namespace sqwa::inline SQWA_ABI

#endif
