// SPDX-License-Identifier: BSD-3-Clause
// What a saved run must have in common with the one that goes on with it, as named texts.
#ifndef SQWA_METHOD_RUN_IDENTITY_HPP
#define SQWA_METHOD_RUN_IDENTITY_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/recipe.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Names and values, in an order that does not change.
using identity = std::vector<std::pair<std::string, std::string>>;

/// A number that differs, but for chance, when anything put in differs: 64 bits of FNV-1a.
class fingerprint {
 public:
  void put(std::uint64_t value) noexcept {
    for (int i = 0; i != 8; ++i, value >>= 8) hash_ = (hash_ ^ (value & 0xFF)) * 0x100'0000'01B3;
  }
  [[nodiscard]] std::string text() const { return std::to_string(hash_); }

 private:
  std::uint64_t hash_ = 0xCBF2'9CE4'8422'2325;
};

/// The rate of every step of a phase.
inline std::string describe(sqwa::phase const& p) {
  fingerprint rates;
  for (step_index t = 0; t != p.length(); ++t) rates.put(std::bit_cast<std::uint32_t>(p.rate(t)));
  return std::to_string(p.length()) + " steps of the rates " + rates.text();
}

/// The tensors of a learner with their sizes and formats.
template <learner L>
std::string describe_tensors(recipe const& r, L& l) {
  std::string text;
  auto const formats = formats_of(l, r.format);
  for_each_trained(l, [&](auto const& t, std::string const& name, std::size_t place) {
    auto const& f = formats[place];
    text += name + " " + std::to_string(values(t).size()) + (f ? "/" + std::to_string(f->levels()) : "") + " ";
  });
  for (auto const& s : statistic_spans(l)) text += std::to_string(s.size()) + " ";
  return text;
}

/// Everything of a recipe that a run's bits depend on.
template <learner L>
identity identity_of(recipe const& r, L& l) {
  fingerprint captures;
  for (step_index t = 0; t != r.retrain.length(); ++t) captures.put(r.capture(r.retrain.rate, t, r.retrain.length()));
  auto const number = [](auto v) { return std::to_string(static_cast<int>(v)); };
  return {{"tensors (name, size, levels)", describe_tensors(r, l)},
          {"float training", describe(r.train)},
          {"retraining", describe(r.retrain)},
          {"fine-tuning", describe(r.fine_tune)},
          {"capture policy", captures.text()},
          {"what is averaged", number(r.average)},
          {"rule of scales", number(r.scales)},
          {"rule of re-quantization", number(r.requantize)},
          {"start of fine-tuning", number(r.fine_tune_from)},
          {"gradient", number(r.gradient)},
          {"control's rate", std::to_string(std::bit_cast<std::uint32_t>(r.control_rate))},
          {"seed", std::to_string(r.seed)}};
}

inline void save_identity(identity const& all, byte_writer& out) {
  out.put(static_cast<std::uint64_t>(all.size()));
  for (auto const& [name, value] : all) {
    out.put_text(name);
    out.put_text(value);
  }
}

/// Breaks a precondition, with the name of the first thing that differs, unless the saved identity is this one.
inline void check_identity(identity const& own, byte_reader& in, char const* who) {
  auto const count = in.get<std::uint64_t>();
  expects(count == own.size(), "{}: the saved state is of another version", who);
  for (auto const& [name, value] : own) {
    expects(in.text() == std::string_view(name), "{}: the saved state is of another version", who);
    std::string_view const saved = in.text();
    std::size_t at = 0;
    while (at < saved.size() && at < value.size() && saved[at] == value[at]) ++at;
    std::size_t const from = at > 40 ? at - 40 : 0;
    expects(saved == value, "{}: saved with another {}: \"...{}\", not \"...{}\"", who, std::string_view(name),
            saved.substr(from, 80), std::string_view(value).substr(from, 80));
  }
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
