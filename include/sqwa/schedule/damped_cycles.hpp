// SPDX-License-Identifier: BSD-3-Clause
// Cycles that become lower: the first ones explore, the last ones stay in one basin.
#ifndef SQWA_SCHEDULE_DAMPED_CYCLES_HPP
#define SQWA_SCHEDULE_DAMPED_CYCLES_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <limits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// Cycles whose height above `base` shrinks by a factor from one to the next; endless.
///
/// Cycle k is base + (cycle - base) * factor^k, so what lies on the base stays there. A triangular cycle with the
/// factor 1/2 is the rule "triangular2" of L. N. Smith, "Cyclical learning rates for training neural networks", WACV
/// 2017. Events are those of the cycles before damping. Where they are NaN or infinite, so is the value, or NaN.
///
/// Memory: none. Time: a few multiplications.
template <schedule S>
class damped_cycles {
 public:
  /// @pre 0 <= factor <= 1; base is finite
  constexpr damped_cycles(cyclic<S> cycles, double factor, float base = 0)
      : cycles_(std::move(cycles)), factor_(factor), base_(base) {
    constexpr float most = std::numeric_limits<float>::max();
    expects(factor >= 0 && factor <= 1, "damped_cycles: a factor of {}; from 0 to 1", factor);
    expects(base >= -most && base <= most, "damped_cycles: the base {}", base);
  }

  [[nodiscard]] constexpr cyclic<S> const& cycles() const noexcept { return cycles_; }

  constexpr float operator()(step_index t) const {
    double const base = base_;
    double const height = static_cast<double>(cycles_(t)) - base;
    return static_cast<float>(base + height * detail::power(factor_, detail::not_negative(t) / cycles_.period()));
  }

  /// Everything that happens at step `t`.
  [[nodiscard]] constexpr cycle_events events(step_index t) const noexcept { return cycles_.events(t); }
  /// The principal one of the events at step `t`.
  [[nodiscard]] constexpr cycle_event event(step_index t) const noexcept { return cycles_.event(t); }

 private:
  cyclic<S> cycles_;
  double factor_;
  float base_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
