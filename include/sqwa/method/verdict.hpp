// SPDX-License-Identifier: BSD-3-Clause
// Should the captures be averaged? A small rule on measured numbers, and nothing but these numbers.
#ifndef SQWA_METHOD_VERDICT_HPP
#define SQWA_METHOD_VERDICT_HPP

#include <sqwa/core/contract.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

namespace sqwa::inline SQWA_ABI {

/// What was measured on the captures; what was not is empty. Losses are those of the training data.
struct averaging_evidence {
  std::size_t captures = 0;
  double distance = 0;  ///< the share of codes that differ, in the mean over the pairs
  /// The highest barrier on the straight way between two captures, in units of their mean loss.
  std::optional<double> barrier = {};
  /// The least gain in the middle of two captures over their mean loss, in units of it.
  std::optional<double> gain = {};
  /// The squared error that re-quantizing puts into the average, in units of the captures' own.
  std::optional<double> requantization = {};

  bool operator==(averaging_evidence const&) const = default;
};

enum class advice { average, do_not_average, undecided };

/// "average", "do not average" or "undecided".
[[nodiscard]] constexpr char const* name_of(advice a) noexcept {
  return a == advice::average ? "average" : a == advice::do_not_average ? "do not average" : "undecided";
}

/// Where the rule draws its lines. The defaults are a choice; docs/results.md holds them against runs on two data
/// sets, in which `do_not_average` never came up.
struct verdict_rule {
  double near = 0.001;          ///< captures with a smaller distance are one model
  double low_barrier = 0.02;    ///< up to here there is no barrier worth the name
  double high_barrier = 0.2;    ///< above it the captures lie in different valleys
  double least_gain = 0;        ///< averaging must gain more than this on the straight way
  double requantization = 0.9;  ///< above it re-quantizing throws away what the average is nearer to the centre
};

/// The advice, and the number that decided.
struct verdict {
  advice what = advice::undecided;
  std::string reason;

  bool operator==(verdict const&) const = default;
};

namespace detail {

/// In percent with one digit after the point, whatever the locale.
inline std::string percent(double share) {
  if (!std::isfinite(share)) return "infinitely many %";
  std::array<char, 400> digits;
  auto const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), 100 * share, std::chars_format::fixed, 1);
  return std::string(digits.data(), end.ptr) + " %";
}

inline void check_rule(verdict_rule const& r) {
  for (double line : {r.near, r.low_barrier, r.high_barrier, r.requantization}) {
    expects(line >= 0, "judge: the rule draws a line at {}", line);
  }
  expects(r.low_barrier <= r.high_barrier, "judge: a low barrier ends at {}, a high one begins at {}", r.low_barrier,
          r.high_barrier);
  expects(r.least_gain == r.least_gain, "judge: the least gain is not a number");
}

inline void check_evidence(averaging_evidence const& e) {
  expects(e.distance >= 0 && e.distance <= 1, "judge: {} of the codes differ", e.distance);
  expects(!e.barrier || *e.barrier >= 0, "judge: a barrier of {}", e.barrier.value_or(0));
  expects(!e.gain || *e.gain == *e.gain, "judge: the gain is not a number");
  expects(!e.requantization || *e.requantization >= 0, "judge: a re-quantization error of {}",
          e.requantization.value_or(0));
}

}  // namespace detail

/// Whether to average, by the first of these that holds:
///
/// 1. fewer than two captures: undecided;
/// 2. distance < near: do not average, nothing differs;
/// 3. the barrier was not measured: undecided;
/// 4. barrier > high_barrier: do not average; barrier > low_barrier: undecided;
/// 5. gain <= least_gain: undecided, the average is no better than what it averages;
/// 6. re-quantization > its line: undecided, the average is good but does not survive being re-quantized;
/// 7. average.
///
/// A pure function of its arguments, so that it can be held against outcomes later. An infinite barrier counts as high.
/// @pre distance within [0, 1]; no NaN; lines >= 0 in their order
[[nodiscard]] inline verdict judge(averaging_evidence const& e, verdict_rule const& r = {}) {
  detail::check_rule(r);
  detail::check_evidence(e);
  using detail::percent;
  if (e.captures < 2) return {advice::undecided, "fewer than two captures: nothing to compare"};
  if (e.distance < r.near) {
    return {advice::do_not_average, "the captures are almost one model: " + percent(e.distance) +
                                        " of their codes differ, so that averaging changes nothing"};
  }
  if (!e.barrier) return {advice::undecided, "the loss between the captures was not measured"};
  std::string const height = "between captures the loss rises by " + percent(*e.barrier) + " of theirs";
  if (*e.barrier > r.high_barrier) return {advice::do_not_average, height + ": they lie in different valleys"};
  if (*e.barrier > r.low_barrier) return {advice::undecided, height + ": a low barrier"};
  if (e.gain && *e.gain <= r.least_gain) {
    return {advice::undecided,
            "half way between captures the loss is lower by only " + percent(*e.gain) + " of theirs: no gain to keep"};
  }
  if (e.requantization && *e.requantization > r.requantization) {
    return {advice::undecided, "re-quantizing puts " + percent(*e.requantization) +
                                   " of the captures' own error into the average: keep its wider codes, or fine-tune"};
  }
  return {advice::average, "no barrier between the captures (" + percent(*e.barrier) + " of their loss)" +
                               (e.gain ? ", and half way it is lower by " + percent(*e.gain) : "")};
}

}  // namespace sqwa::inline SQWA_ABI

#endif
