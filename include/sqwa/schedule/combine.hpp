// SPDX-License-Identifier: BSD-3-Clause
// Schedules made of schedules: repeated, one after the other, warmed up, scaled.
#ifndef SQWA_SCHEDULE_COMBINE_HPP
#define SQWA_SCHEDULE_COMBINE_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <utility>

namespace sqwa::inline SQWA_ABI {

/// Restarts `cycle` every `period` steps; endless.
///
/// The first step of a cycle is its cycle_begin, the last its cycle_end, the first of its largest values its peak, the
/// last of its smallest its trough. So a constant cycle has its peak at its first step and its trough at its last, and
/// in a period of 1 all four are one step. NaN is neither large nor small:
/// a cycle of NaN alone has no peak and no trough.
///
/// Events that `cycle` has of its own are not told.
///
/// Memory: none. Time: the constructor looks at each step of one period; a call takes as long as one of `cycle`.
template <schedule S>
class cyclic {
 public:
  /// @pre period >= 1
  constexpr cyclic(S cycle, step_index period) : cycle_(std::move(cycle)), period_(period) {
    expects(period >= 1, "cyclic: a period of {} steps", period);
    float largest = 0;
    float smallest = 0;
    for (step_index t = 0; t != period; ++t) {
      auto const value = static_cast<float>(cycle_(t));
      if (value != value) continue;
      if (peak_ < 0 || value > largest) {
        largest = value;
        peak_ = t;
      }
      if (trough_ < 0 || value <= smallest) {
        smallest = value;
        trough_ = t;
      }
    }
  }

  [[nodiscard]] constexpr S const& cycle() const noexcept { return cycle_; }
  [[nodiscard]] constexpr step_index period() const noexcept { return period_; }

  constexpr float operator()(step_index t) const { return static_cast<float>(cycle_(offset(t))); }

  /// Everything that happens at step `t`.
  [[nodiscard]] constexpr cycle_events events(step_index t) const noexcept {
    step_index const at = offset(t);
    cycle_events all;
    if (at == 0) all |= cycle_event::cycle_begin;
    if (at == peak_) all |= cycle_event::peak;
    if (at == trough_) all |= cycle_event::trough;
    if (at == period_ - 1) all |= cycle_event::cycle_end;
    return all;
  }
  /// The principal one of the events at step `t`.
  [[nodiscard]] constexpr cycle_event event(step_index t) const noexcept { return events(t).principal(); }

 private:
  constexpr step_index offset(step_index t) const noexcept { return detail::not_negative(t) % period_; }

  S cycle_;
  step_index period_;
  step_index peak_ = -1;
  step_index trough_ = -1;
};

/// `first` for `steps` steps, then `second`, which begins at its own step 0.
///
/// Tells the events of both. 0 or fewer steps: `second` alone.
template <schedule A, schedule B>
struct then {
  A first;
  step_index steps;
  B second;

  constexpr float operator()(step_index t) const {
    t = detail::not_negative(t);
    return t < steps ? static_cast<float>(first(t)) : static_cast<float>(second(into_second(t)));
  }

  [[nodiscard]] constexpr cycle_events events(step_index t) const requires(cyclic_schedule<A> || cyclic_schedule<B>) {
    t = detail::not_negative(t);
    if (t < steps) {
      if constexpr (cyclic_schedule<A>) return first.events(t);
    } else {
      if constexpr (cyclic_schedule<B>) return second.events(into_second(t));
    }
    return {};
  }
  [[nodiscard]] constexpr cycle_event event(step_index t) const requires(cyclic_schedule<A> || cyclic_schedule<B>) {
    return events(t).principal();
  }

  /// `steps`, and the natural length of `second`.
  [[nodiscard]] constexpr step_index length() const requires finite_schedule<B> {
    return detail::not_negative(steps) + length_of(second);
  }

 private:
  constexpr step_index into_second(step_index t) const noexcept { return t - detail::not_negative(steps); }
};
template <class A, class B>
then(A, step_index, B) -> then<A, B>;

/// A straight line from `from` to the schedule's first value in `steps` steps, then the schedule from its step 0 on.
///
/// The line is without events. 0 or fewer steps: the schedule alone.
template <schedule S>
struct warm_up {
  S schedule;
  step_index steps;
  float from = 0;

  constexpr float operator()(step_index t) const {
    t = detail::not_negative(t);
    if (t >= steps) return static_cast<float>(schedule(into_schedule(t)));
    double const to = static_cast<float>(schedule(0));
    return static_cast<float>(from + (to - from) * (static_cast<double>(t) / static_cast<double>(steps)));
  }

  [[nodiscard]] constexpr cycle_events events(step_index t) const requires cyclic_schedule<S> {
    t = detail::not_negative(t);
    return t < steps ? cycle_events{} : schedule.events(into_schedule(t));
  }
  [[nodiscard]] constexpr cycle_event event(step_index t) const requires cyclic_schedule<S> {
    return events(t).principal();
  }

  /// `steps`, and the natural length of the schedule.
  [[nodiscard]] constexpr step_index length() const requires finite_schedule<S> {
    return detail::not_negative(steps) + length_of(schedule);
  }

 private:
  constexpr step_index into_schedule(step_index t) const noexcept { return t - detail::not_negative(steps); }
};
template <class S>
warm_up(S, step_index) -> warm_up<S>;
template <class S>
warm_up(S, step_index, float) -> warm_up<S>;

/// `factor` times the schedule. Events are those of the schedule, whatever the sign of the factor.
template <schedule S>
struct scaled {
  S schedule;
  float factor;

  constexpr float operator()(step_index t) const { return static_cast<float>(schedule(t)) * factor; }

  [[nodiscard]] constexpr cycle_events events(step_index t) const requires cyclic_schedule<S> {
    return schedule.events(t);
  }
  [[nodiscard]] constexpr cycle_event event(step_index t) const requires cyclic_schedule<S> {
    return events(t).principal();
  }

  [[nodiscard]] constexpr step_index length() const requires finite_schedule<S> { return length_of(schedule); }
  [[nodiscard]] constexpr auto stretched(step_index n) const requires stretchable<S> {
    return sqwa::scaled<decltype(schedule.stretched(n))>{schedule.stretched(n), factor};
  }
};
template <class S>
scaled(S, float) -> scaled<S>;

}  // namespace sqwa::inline SQWA_ABI

#endif
