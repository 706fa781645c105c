// SPDX-License-Identifier: BSD-3-Clause
// What an average does with each tensor of a model, decided by its name.
#ifndef SQWA_NN_MODEL_POLICY_HPP
#define SQWA_NN_MODEL_POLICY_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// What is done with a tensor: `codes` sums packed codes exactly, `values` averages floats or decoded codes in double,
/// `copy` keeps the newest, `skip` leaves the tensor alone. `natural` is codes for packed tensors where every snapshot
/// counts the same, values for other packed tensors and for floats, copy for integers and truth values.
enum class tensor_policy : std::uint8_t { natural, codes, values, copy, skip };

/// Whether `name` matches `pattern`: `*` stands for any characters or none, `?` for one, all others for themselves.
///
/// Time: the product of the lengths at worst.
[[nodiscard]] constexpr bool matches(std::string_view name, std::string_view pattern) noexcept {
  std::size_t n = 0, p = 0, star = std::string_view::npos, from = 0;
  while (n != name.size()) {
    if (p != pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p != pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++n, ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// A policy for all tensors whose names match a pattern.
struct name_rule {
  std::string pattern;
  tensor_policy what = tensor_policy::natural;
};

/// The policy of the first rule that matches a name, and `otherwise` where none does.
struct policy_by_name {
  std::vector<name_rule> rules = {};
  tensor_policy otherwise = tensor_policy::natural;

  [[nodiscard]] tensor_policy operator()(std::string_view name) const noexcept {
    for (name_rule const& r : rules) {
      if (matches(name, r.pattern)) return r.what;
    }
    return otherwise;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
