// SPDX-License-Identifier: BSD-3-Clause
// After which steps of a run a snapshot is taken.
#ifndef SQWA_SCHEDULE_CAPTURE_HPP
#define SQWA_SCHEDULE_CAPTURE_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <concepts>

namespace sqwa::inline SQWA_ABI {

/// Decides whether a snapshot is taken after step `t` of a run of `total` steps: a pure function of its arguments.
///
/// Models: no snapshot is taken outside of the run, where t < 0 or t >= total.
template <class P, class S>
concept capture_policy = schedule<S> && std::copy_constructible<P> &&
    requires(P const policy, S const s, step_index t, step_index total) {
  { policy(s, t, total) } -> std::convertible_to<bool>;
};

namespace detail {

constexpr bool within(step_index t, step_index total) noexcept { return 0 <= t && t < total; }

/// Whether `happens` at fewer than `n` of the steps after `t`; stops looking at the n-th.
template <std::predicate<step_index> F>
constexpr bool among_last(step_index n, step_index t, step_index total, F const& happens) {
  for (step_index later = t + 1; later < total && n > 0; ++later) n -= happens(later) ? 1 : 0;
  return n > 0;
}

}  // namespace detail

/// At the troughs of a cyclic schedule; only at the last `last` of the run unless that is 0.
///
/// A run with fewer troughs is captured at all of them: `capture_count` says beforehand how often, a report's
/// `captures` afterwards. Time: at a trough, the events of the `last` cycles that follow; elsewhere, those of one step.
struct at_trough {
  step_index last = 0;

  /// @pre last >= 0
  template <cyclic_schedule S>
  [[nodiscard]] constexpr bool operator()(S const& schedule, step_index t, step_index total) const {
    expects(last >= 0, "at_trough: the last {} troughs", last);
    auto const trough = [&](step_index i) { return schedule.events(i).contains(cycle_event::trough); };
    return detail::within(t, total) && trough(t) && (last == 0 || detail::among_last(last, t, total, trough));
  }
};

/// After every `period` steps, counted from step `offset`: after steps offset + period - 1, offset + 2 period - 1, …
struct every {
  step_index period = 1;
  step_index offset = 0;

  /// @pre period >= 1
  template <schedule S>
  [[nodiscard]] constexpr bool operator()(S const&, step_index t, step_index total) const {
    expects(period >= 1, "every: a period of {} steps", period);
    return detail::within(t, total) && t >= offset && (t - offset) % period == period - 1;
  }

  /// How many captures lie in the steps [first, total), without a look at each.
  /// @pre period >= 1; first >= 0
  template <schedule S>
  [[nodiscard]] constexpr step_index count(S const&, step_index first, step_index total) const {
    expects(period >= 1, "every: a period of {} steps", period);
    auto const before = [this](step_index t) { return t <= offset ? 0 : (t - offset) / period; };
    return first < total ? before(total) - before(first) : 0;
  }
};

/// The last `n` captures of another policy; all of them if `n` is 0 or there are fewer. `last{at_trough{}, 7}` is
/// `at_trough{.last = 7}`.
///
/// Time: at a capture of `policy`, its decisions up to the n-th capture that follows, unless it can `count` them at
/// once, as `every` can.
template <class P>
struct last {
  P policy;
  step_index n = 1;

  /// @pre n >= 0
  template <schedule S>
    requires capture_policy<P, S>
  [[nodiscard]] constexpr bool operator()(S const& schedule, step_index t, step_index total) const {
    expects(n >= 0, "last: the last {} captures", n);
    auto const captured = [&](step_index i) { return static_cast<bool>(policy(schedule, i, total)); };
    if (!detail::within(t, total) || !captured(t)) return false;
    if constexpr (requires {
                    { policy.count(schedule, t, total) } -> std::same_as<step_index>;
                  }) {
      return n == 0 || policy.count(schedule, t + 1, total) < n;
    } else {
      return n == 0 || detail::among_last(n, t, total, captured);
    }
  }
};
template <class P>
last(P) -> last<P>;
template <class P>
last(P, step_index) -> last<P>;

/// The captures of another policy, but for those in the first `step` steps.
template <class P>
struct after {
  P policy;
  step_index step;

  template <schedule S>
    requires capture_policy<P, S>
  [[nodiscard]] constexpr bool operator()(S const& schedule, step_index t, step_index total) const {
    return t >= step && static_cast<bool>(policy(schedule, t, total));
  }
};
template <class P>
after(P, step_index) -> after<P>;

/// How many snapshots a run of `total` steps takes; 0 for no steps. Time: one decision for each step.
template <schedule S, capture_policy<S> P>
[[nodiscard]] constexpr step_index capture_count(P const& policy, S const& schedule, step_index total) {
  step_index count = 0;
  for (step_index t = 0; t < total; ++t) count += policy(schedule, t, total) ? 1 : 0;
  return count;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
