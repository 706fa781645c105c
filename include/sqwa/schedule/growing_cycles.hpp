// SPDX-License-Identifier: BSD-3-Clause
// Cycles that become longer: warm restarts.
#ifndef SQWA_SCHEDULE_GROWING_CYCLES_HPP
#define SQWA_SCHEDULE_GROWING_CYCLES_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <limits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// Restarts a shape in cycles that grow by a factor; endless.
///
/// Cycle k has round(first_period · factor^k) steps, and the shape is stretched so that the last of them has its last
/// value. With a cosine: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
/// T_0 = first_period, T_mult = factor. Events are those of `cyclic`, in each cycle.
///
/// Memory: none. Time: a look at each cycle before the step, or a division when the factor is 1. `events` walks the
/// cycle as well, but only from a step that is higher, or lower, than both its neighbours.
template <stretchable S>
class growing_cycles {
 public:
  /// @pre first_period >= 1, factor >= 1 and finite
  constexpr growing_cycles(S shape, step_index first_period, double factor)
      : shape_(std::move(shape)), first_period_(first_period), factor_(factor) {
    expects(first_period >= 1, "growing_cycles: a first period of {} steps", first_period);
    expects(factor >= 1 && factor <= std::numeric_limits<double>::max(), "growing_cycles: a factor of {}", factor);
  }

  [[nodiscard]] constexpr S const& shape() const noexcept { return shape_; }

  /// How many steps cycle k = 0, 1, … has; at most 2^62.
  [[nodiscard]] constexpr step_index period(step_index k) const noexcept {
    if (factor_ == 1) return first_period_;
    double const steps = static_cast<double>(first_period_) * detail::power(factor_, k);
    return steps < 0x1p62 ? static_cast<step_index>(steps + 0.5) : step_index{1} << 62;
  }

  constexpr float operator()(step_index t) const {
    auto const [offset, length] = locate(t);
    return value(offset, length);
  }

  /// Everything that happens at step `t`.
  [[nodiscard]] constexpr cycle_events events(step_index t) const {
    auto const [at, length] = locate(t);
    cycle_events all;
    if (at == 0) all |= cycle_event::cycle_begin;
    if (is_peak(at, length)) all |= cycle_event::peak;
    if (is_trough(at, length)) all |= cycle_event::trough;
    if (at == length - 1) all |= cycle_event::cycle_end;
    return all;
  }
  /// The principal one of the events at step `t`.
  [[nodiscard]] constexpr cycle_event event(step_index t) const { return events(t).principal(); }

 private:
  struct place {
    step_index offset;
    step_index length;
  };

  /// Where in which cycle.
  constexpr place locate(step_index t) const noexcept {
    t = detail::not_negative(t);
    if (factor_ == 1) return {t % first_period_, first_period_};
    for (step_index k = 0;; ++k) {
      step_index const length = period(k);
      if (t < length) return {t, length};
      t -= length;
    }
  }

  constexpr float value(step_index offset, step_index length) const {
    return static_cast<float>(shape_.stretched(length - 1)(offset));
  }

  /// Whether no step before `at` is as high, and none after it higher. Neighbours first: they settle most steps.
  constexpr bool is_peak(step_index at, step_index length) const {
    float const top = value(at, length);
    if (top != top) return false;
    if (at + 1 < length && value(at + 1, length) > top) return false;
    for (step_index t = at; t-- > 0;) {
      if (value(t, length) >= top) return false;
    }
    for (step_index t = at + 1; t < length; ++t) {
      if (value(t, length) > top) return false;
    }
    return true;
  }

  /// Whether no step after `at` is as low, and none before it lower.
  constexpr bool is_trough(step_index at, step_index length) const {
    float const bottom = value(at, length);
    if (bottom != bottom) return false;
    if (at > 0 && value(at - 1, length) < bottom) return false;
    for (step_index t = at + 1; t < length; ++t) {
      if (value(t, length) <= bottom) return false;
    }
    for (step_index t = at; t-- > 0;) {
      if (value(t, length) < bottom) return false;
    }
    return true;
  }

  S shape_;
  step_index first_period_;
  double factor_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
