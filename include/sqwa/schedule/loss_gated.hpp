// SPDX-License-Identifier: BSD-3-Clause
// Captures only while the training loss is low: a gate before any capture policy, and the state that it is asked with.
#ifndef SQWA_SCHEDULE_LOSS_GATED_HPP
#define SQWA_SCHEDULE_LOSS_GATED_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Where the training loss stands: one value, owned by the loop that trains, and all that a gate remembers.
struct loss_trend {
  step_index steps = 0;  ///< losses seen
  double recent = 0;     ///< their exponential average
  double best = 0;       ///< the least it has been

  /// The trend after one more loss.
  ///
  /// `recent` is the mean of the losses while there are at most `window`, then recent + (loss - recent) / window.
  /// `best` follows `recent` during the first `window` losses, so that one lucky batch is no record, and is the least
  /// `recent` since. Equal losses leave both at exactly that loss. Memory: none.
  /// @pre a finite loss, at most half of the largest double in magnitude; window >= 1
  [[nodiscard]] constexpr loss_trend next(double loss, step_index window) const {
    constexpr double most = std::numeric_limits<double>::max() / 2;  // so that a difference does not overflow
    expects(loss >= -most && loss <= most, "loss_trend: the loss {} after {} others", loss, steps);
    expects(window >= 1, "loss_trend: a window of {} steps", window);
    step_index const n = steps + 1;
    double const mean = recent + (loss - recent) / static_cast<double>(std::min(n, window));
    return {n, mean, n <= window ? mean : std::min(best, mean)};
  }

  /// The state as bytes, for a checkpoint. Memory: 24 bytes.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(steps);
    out.put(recent);
    out.put(best);
    return std::move(out.bytes);
  }

  /// The state that was saved. Memory: none.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static loss_trend load(std::span<std::byte const> bytes) {
    byte_reader in(bytes, "loss_trend::load");
    loss_trend t;
    t.steps = in.get<step_index>();
    t.recent = in.get<double>();
    t.best = in.get<double>();
    in.end();
    constexpr double most = std::numeric_limits<double>::max();
    expects(t.steps >= 0 && -most <= t.best && t.best <= t.recent && t.recent <= most,
            "loss_trend::load: {} losses, {} at last and {} at best", t.steps, t.recent, t.best);
    return t;
  }

  bool operator==(loss_trend const&) const = default;
};

/// A capture policy that asks for the loss too.
///
/// Models: `candidate` is a capture policy; the policy captures where it does and `admits` agrees; all three functions
/// are pure. `next` is called once for each step, in order, before the step is asked about.
template <class P, class S>
concept gated_capture_policy = schedule<S> && std::copy_constructible<P> &&
    requires(P const policy, S const s, step_index t, step_index total, loss_trend const seen, double loss) {
  { policy.candidate(s, t, total) } -> std::convertible_to<bool>;
  { policy.admits(seen) } -> std::convertible_to<bool>;
  { policy.next(seen, loss) } -> std::same_as<loss_trend>;
};

/// The captures of another policy, but for those where the recent training loss is far above its best so far.
///
/// Admits while recent <= best + (factor - 1) |best| + margin and recent <= limit; see `loss_trend` for both. For a
/// given bound instead of the best: an infinite factor and that limit. The policy holds no state, the loop does:
///
///     seen = policy.next(seen, loss);
///     if (policy(lr, t, total, seen)) { /* capture */ }
///
/// Not a `capture_policy`, so that `last{loss_gated{…}, 7}`, which would have to know losses to come, does not compile;
/// `loss_gated{last{…, 7}}` picks from the last seven. Before the first loss it admits nothing. Memory: none.
template <class P>
struct loss_gated {
  P policy;
  double factor = 1.1;
  double margin = 0;
  double limit = std::numeric_limits<double>::infinity();
  step_index window = 20;  ///< steps of the exponential average

  /// Whether the other policy captures after step `t`.
  template <schedule S>
    requires capture_policy<P, S>
  [[nodiscard]] constexpr bool candidate(S const& schedule, step_index t, step_index total) const {
    return static_cast<bool>(policy(schedule, t, total));
  }

  /// Whether the loss is low enough.
  /// @pre factor >= 1, margin >= 0, and the limit is a number
  [[nodiscard]] constexpr bool admits(loss_trend const& seen) const {
    constexpr double endless = std::numeric_limits<double>::infinity();
    expects(factor >= 1 && margin >= 0 && limit == limit, "loss_gated: the factor {}, the margin {}, the limit {}",
            factor, margin, limit);
    if (seen.steps == 0) return false;
    double const size = seen.best < 0 ? -seen.best : seen.best;
    double const room = factor == endless ? endless : (factor - 1) * size + margin;  // not 0 times infinity
    return seen.recent <= seen.best + room && seen.recent <= limit;
  }

  /// The state after one more loss.
  /// @pre as for `loss_trend::next`
  [[nodiscard]] constexpr loss_trend next(loss_trend const& seen, double loss) const { return seen.next(loss, window); }

  /// Whether a snapshot is taken after step `t`, whose loss `seen` has taken in.
  template <schedule S>
    requires capture_policy<P, S>
  [[nodiscard]] constexpr bool operator()(S const& schedule, step_index t, step_index total,
                                          loss_trend const& seen) const {
    return candidate(schedule, t, total) && admits(seen);
  }
};
template <class P>
loss_gated(P) -> loss_gated<P>;
template <class P>
loss_gated(P, double) -> loss_gated<P>;
template <class P>
loss_gated(P, double, double) -> loss_gated<P>;
template <class P>
loss_gated(P, double, double, double) -> loss_gated<P>;
template <class P>
loss_gated(P, double, double, double, step_index) -> loss_gated<P>;

}  // namespace sqwa::inline SQWA_ABI

#endif
