// SPDX-License-Identifier: BSD-3-Clause
// What a saved run must have in common with the one that goes on with it, as named texts.
#ifndef SQWA_METHOD_RUN_IDENTITY_HPP
#define SQWA_METHOD_RUN_IDENTITY_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/fingerprint.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/diagnosis.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/shape.hpp>

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

/// The rate of every step of a phase.
inline std::string describe(sqwa::phase const& p) {
  fingerprint rates;
  for (step_index t = 0; t != p.length(); ++t) rates.put(p.rate(t));
  return std::to_string(p.length()) + " steps of the rates " + std::to_string(rates.value());
}

/// Levels, and what becomes of noise in a tensor of these extents: fit, blocks and rounding show in it.
inline std::string describe(any_quantizer const& q, shape const& extents) {
  std::vector<float> sample(extents.size()), scales(q.layout(extents).count);
  for (std::size_t i = 0; float& x : sample) x = noise{.seed = 1}(i++) - 0.5F;
  q.fit(std::span<float const>(sample), extents, std::span(scales));
  q.project(std::span<float const>(sample), extents, std::span<float const>(scales), std::span(sample), noise{2});
  fingerprint points;
  points.put_all(std::span<float const>(scales));
  points.put_all(std::span<float const>(sample));
  return std::to_string(q.levels()) + ":" + std::to_string(points.value());
}

/// When captures are taken, and, as far as losses from 0 to 8 show it, what the gate lets pass.
inline std::string describe(any_capture const& policy, sqwa::phase const& p) {
  fingerprint captures;
  for (step_index t = 0; t != p.length(); ++t) captures.put(policy(p.rate, t, p.length()));
  loss_trend seen;
  for (std::uint64_t i = 0; i != 200; ++i) {
    seen = policy.next(seen, static_cast<double>(noise{.seed = 1}(i)) * 8 / static_cast<double>(1 + i / 20));
    captures.put(seen.recent);
    captures.put(policy.admits(seen));
  }
  return std::to_string(captures.value());
}

/// What is kept while captures are measured.
inline std::string describe(diagnosis_options const& o) {
  fingerprint how;
  how.put(o.momentum);
  return std::to_string(o.captures) + std::to_string(o.oscillations) + " " + std::to_string(o.keep) + " " +
         std::to_string(how.value());
}

/// The tensors of a learner with their extents and formats.
template <learner L>
std::string describe_tensors(recipe const& r, L& l) {
  std::string text;
  auto const formats = formats_of(l, r.format);
  for_each_trained(l, [&](auto const& t, std::string const& name, std::size_t place) {
    auto const& f = formats[place];
    shape const extents = shape_of(t);
    text += name;
    for (std::size_t i = 0; i != extents.rank(); ++i) text += (i == 0 ? " " : "x") + std::to_string(extents[i]);
    text += f ? " " + describe(*f, extents) + "; " : "; ";
  });
  for (auto const& s : statistic_spans(l)) text += std::to_string(s.size()) + " ";
  return text;
}

/// Everything of a recipe that a run's bits depend on.
template <learner L>
identity identity_of(recipe const& r, L& l) {
  auto const number = [](auto v) { return std::to_string(static_cast<int>(v)); };
  return {{"tensors (name, extents, format)", describe_tensors(r, l)},
          {"float training", describe(r.train)},
          {"retraining", describe(r.retrain)},
          {"fine-tuning", describe(r.fine_tune)},
          {"capture policy", describe(r.capture, r.retrain)},
          {"what is averaged", number(r.average)},
          {"rule of scales", number(r.scales)},
          {"rule of re-quantization", number(r.requantize)},
          {"start of fine-tuning", number(r.fine_tune_from)},
          {"gradient", number(r.gradient)},
          {"control's rate", std::to_string(std::bit_cast<std::uint32_t>(r.control_rate))},
          {"diagnosis", describe(r.diagnose)},
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
