// SPDX-License-Identifier: BSD-3-Clause
// What a schedule is, what happens in its cycles, and how long it lasts.
#ifndef SQWA_SCHEDULE_SCHEDULE_HPP
#define SQWA_SCHEDULE_SCHEDULE_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// The number of optimizer steps taken before this one: the first step is 0.
using step_index = std::int64_t;

namespace detail {

constexpr step_index not_negative(step_index t) noexcept { return t < 0 ? 0 : t; }

}  // namespace detail

/// A number for each step: a pure function of the step, cheap to copy.
///
/// Purity is what makes a schedule restartable: step 10'000 needs no step before it.
///
/// Models: `s(t)` depends on `t` alone; a negative step is step 0.
template <class S>
concept schedule = std::copy_constructible<S> && std::regular_invocable<S const&, step_index> &&
                   std::convertible_to < std::invoke_result_t<S const&, step_index>,
float > ;

/// What may happen at one step of a cycle.
enum class cycle_event : std::uint8_t {
  none = 0,
  cycle_begin = 1,  ///< the first step of a cycle
  peak = 2,         ///< the first step with the largest value of its cycle
  trough = 4,       ///< the last step with the smallest value of its cycle
  cycle_end = 8     ///< the last step of a cycle
};

/// A set of cycle events: everything that happens at one step.
class cycle_events {
 public:
  constexpr cycle_events() noexcept = default;
  /// The set of one event; empty for `none`.
  constexpr cycle_events(cycle_event event) noexcept  // NOLINT(google-explicit-constructor): an event is a set of one
      : bits_(static_cast<std::uint8_t>(event)) {}

  /// Whether `event` is in the set. `none` is in no set.
  [[nodiscard]] constexpr bool contains(cycle_event event) const noexcept {
    return (bits_ & static_cast<std::uint8_t>(event)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

  /// The one event to act upon: trough before peak before cycle_end before cycle_begin; `none` of an empty set.
  [[nodiscard]] constexpr cycle_event principal() const noexcept {
    for (auto e : {cycle_event::trough, cycle_event::peak, cycle_event::cycle_end, cycle_event::cycle_begin}) {
      if (contains(e)) return e;
    }
    return cycle_event::none;
  }

  constexpr cycle_events& operator|=(cycle_events other) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | other.bits_);
    return *this;
  }
  constexpr bool operator==(cycle_events const&) const noexcept = default;

 private:
  std::uint8_t bits_ = 0;
};

/// Everything in either set.
[[nodiscard]] constexpr cycle_events operator|(cycle_events a, cycle_events b) noexcept { return a |= b; }
/// The set of two events.
[[nodiscard]] constexpr cycle_events operator|(cycle_event a, cycle_event b) noexcept {
  return cycle_events(a) | cycle_events(b);
}

/// A schedule that tells what happens at each of its steps.
///
/// Models: `events(t)` is pure; each cycle has one cycle_begin, peak, trough and cycle_end, and several of them may
/// happen at one step. Steps outside of every cycle have no events.
template <class S>
concept cyclic_schedule = schedule<S> && requires(S const s, step_index t) {
  { s.events(t) } -> std::same_as<cycle_events>;
};

/// A schedule with an end: a member `length`, data or function, holds the step from which its value stands still.
template <class S>
concept finite_schedule = schedule<S> &&(
    requires(S const s) {
      { s.length() } -> std::convertible_to<step_index>;
    } ||
    requires(S const s) {
      { s.length } -> std::convertible_to<step_index>;
    });

/// A schedule whose shape fits any length.
///
/// Models: `s.stretched(n)` is the same shape, which takes its last value at step `n` and keeps it.
template <class S>
concept stretchable = schedule<S> && requires(S const s, step_index n) {
  { s.stretched(n) } -> schedule;
};

/// The natural length of a schedule in steps: its member `length`, and 0 for one without, which is endless.
template <schedule S>
[[nodiscard]] constexpr step_index length_of([[maybe_unused]] S const& s) {
  if constexpr (requires { s.length(); }) {
    return s.length();
  } else if constexpr (finite_schedule<S>) {
    return s.length;
  } else {
    return 0;
  }
}

/// The steps of `n` passes over the data. `epochs(30, 1 + 59'999 / 64)`: 30 epochs of 60,000 samples in batches of 64.
///
/// @pre n >= 0, steps_per_epoch >= 0, and their product fits
[[nodiscard]] constexpr step_index epochs(step_index n, step_index steps_per_epoch) {
  expects(n >= 0 && steps_per_epoch >= 0, "epochs: {} epochs of {} steps", n, steps_per_epoch);
  expects(n == 0 || steps_per_epoch <= std::numeric_limits<step_index>::max() / n,
          "epochs: {} epochs of {} steps are too many", n, steps_per_epoch);
  return n * steps_per_epoch;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
