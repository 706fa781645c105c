// SPDX-License-Identifier: BSD-3-Clause
// Which tensors of a model become low-bit, and in which format, decided by their names.
#ifndef SQWA_METHOD_FORMAT_BY_NAME_HPP
#define SQWA_METHOD_FORMAT_BY_NAME_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/nn/model_policy.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The format of a low-bit tensor, or none: the tensor stays float, and is trained, averaged and saved as such.
using tensor_format = std::optional<any_quantizer>;
inline constexpr std::nullopt_t stays_float = std::nullopt;

/// Patterns that stand for the first and for the last tensor of the learner's `parameters()`, whatever their names.
inline constexpr char const* first_weight = "@first";
inline constexpr char const* last_weight = "@last";

/// What becomes of all tensors whose names match a pattern: see `matches`, or one of the two above.
struct format_rule {
  std::string pattern;
  tensor_format what;
};

/// Which trained tensors are low-bit: the first rule that matches a name decides.
///
/// Where none does, the learner's `parameters()` become `otherwise`, and its `float_parameters()` stay float. So a rule
/// "*" makes biases and normalizations low-bit too. A tensor without a name is called "weights_i" or "float_i", counted
/// from 0. A format alone is a policy: all of `parameters()`.
struct format_by_name {
  std::vector<format_rule> rules = {};
  tensor_format otherwise;

  template <class F>
    requires(!std::same_as<F, format_by_name>)
  &&std::convertible_to<F, any_quantizer> format_by_name(F format)  // NOLINT(google-explicit-constructor)
      : otherwise(any_quantizer(std::move(format))) {}

  explicit format_by_name(std::vector<format_rule> those, tensor_format others = any_quantizer(symmetric<3>{}))
      : rules(std::move(those)), otherwise(std::move(others)) {}
};

/// The first and the last weight tensor in one format or in float, all others in another.
///
/// A model of one weight tensor has it as its first. Nothing else is low-bit in a model of two.
[[nodiscard]] inline format_by_name all_but_first_and_last(any_quantizer inner, tensor_format ends = stays_float) {
  return format_by_name({{first_weight, ends}, {last_weight, ends}}, std::move(inner));
}

/// The policy, and every bias, "*bias", in this format.
[[nodiscard]] inline format_by_name with_biases(format_by_name policy, any_quantizer biases) {
  policy.rules.insert(policy.rules.begin(), {"*bias", std::move(biases)});
  return policy;
}

namespace detail {

/// Calls `f(tensor, name, place)` for all trained tensors: `parameters()`, then `float_parameters()`, counted on.
template <learner L, class F>
void for_each_trained(L& l, F&& f) {
  std::size_t place = 0;
  for (auto&& t : l.parameters()) {
    f(t, name_of(t, "weights", place), place);
    ++place;
  }
  if constexpr (requires { l.float_parameters(); }) {
    std::size_t number = 0;
    for (auto&& t : l.float_parameters()) f(t, name_of(t, "float", number++), place++);
  }
}

/// Calls `f(tensor, name)` for all tensors that are float beside the low-bit ones: those trained, then the statistics.
template <learner L, class F>
void for_each_float(L& l, std::vector<tensor_format> const& formats, F&& f) {
  for_each_trained(l, [&](auto&& t, std::string name, std::size_t place) {
    if (!formats[place]) f(t, std::move(name));
  });
  if constexpr (requires { l.statistics(); }) {
    std::size_t number = formats.size() - static_cast<std::size_t>(std::ranges::distance(l.parameters()));
    for (auto&& t : l.statistics()) f(t, name_of(t, "statistic", number++));
  }
}

/// As many names as fit into a sentence, and how many do not.
inline std::string listed(std::vector<std::string> const& names) {
  std::string text;
  std::size_t told = 0;
  for (; told != names.size() && text.size() + names[told].size() < 360; ++told) {
    text += (told == 0 ? "" : ", ") + names[told];
  }
  if (told != names.size()) text += " and " + std::to_string(names.size() - told) + " more";
  return text;
}

/// The format of each trained tensor, by its place in `for_each_trained`.
/// @pre every pattern matches a tensor, whether or not an earlier rule decides
template <learner L>
std::vector<tensor_format> formats_of(L& l, format_by_name const& policy) {
  std::vector<std::string> names;
  for_each_trained(l, [&](auto const&, std::string name, std::size_t) { names.push_back(std::move(name)); });
  auto const weights = static_cast<std::size_t>(std::ranges::distance(l.parameters()));
  std::vector<tensor_format> formats(names.size());
  std::vector<bool> decided(names.size());
  for (format_rule const& r : policy.rules) {
    bool used = false;
    for (std::size_t i = 0; i != names.size(); ++i) {
      bool const hit = r.pattern == first_weight  ? i == 0 && weights > 0
                       : r.pattern == last_weight ? i + 1 == weights
                                                  : matches(names[i], r.pattern);
      used = used || hit;
      if (!hit || decided[i]) continue;
      decided[i] = true;
      formats[i] = r.what;
    }
    expects(used, "format_by_name: the pattern \"{}\" matches no tensor of the learner: {}",
            std::string_view(r.pattern), std::string_view(listed(names)));
  }
  for (std::size_t i = 0; i != weights; ++i) {
    if (!decided[i]) formats[i] = policy.otherwise;
  }
  return formats;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
