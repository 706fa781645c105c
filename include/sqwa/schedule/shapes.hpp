// SPDX-License-Identifier: BSD-3-Clause
// The shapes a schedule is made of. Exact at both ends, constant expressions, the same bits with every C library.
#ifndef SQWA_SCHEDULE_SHAPES_HPP
#define SQWA_SCHEDULE_SHAPES_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <algorithm>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

// All shapes: a negative step is step 0, a negative length is 0, and a piece of length 0 is skipped. They compute in
// double and round once; NaN and infinite rates go where the formula takes them.

namespace detail {

/// t / length for 0 <= t < length.
constexpr double phase(step_index t, step_index length) noexcept {
  return static_cast<double>(t) / static_cast<double>(length);
}

/// `a` at phase 0, and a straight line to `b` at phase 1.
constexpr double straight(double a, double b, double phase) noexcept { return phase == 0 ? a : a + (b - a) * phase; }

/// `a` at phase 0, and half a cosine to `b` at phase 1.
constexpr double half_cosine(double a, double b, double phase) noexcept {
  return phase == 0 ? a : b + (a - b) * (0.5 * (1 + cos_pi(phase)));
}

}  // namespace detail

/// The same value at every step.
struct constant {
  float value;

  constexpr float operator()(step_index) const noexcept { return value; }
  [[nodiscard]] constexpr constant stretched(step_index) const noexcept { return *this; }
  bool operator==(constant const&) const = default;
};

/// A straight line from `from` at step 0 to `to` at step `length`; `to` from there on.
struct linear {
  float from;
  float to;
  step_index length;

  constexpr float operator()(step_index t) const noexcept {
    t = detail::not_negative(t);
    if (t >= length) return to;
    return static_cast<float>(detail::straight(from, to, detail::phase(t, length)));
  }
  [[nodiscard]] constexpr linear stretched(step_index n) const noexcept { return {from, to, n}; }
  bool operator==(linear const&) const = default;
};

/// Half a cosine from `hi` at step 0 to `lo` at step `length`; `lo` from there on.
///
/// lo + (hi - lo) (1 + cos(π t / length)) / 2: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm
/// restarts", ICLR 2017, equation 5.
struct cosine {
  float hi;
  float lo;
  step_index length;

  constexpr float operator()(step_index t) const noexcept {
    t = detail::not_negative(t);
    if (t >= length) return lo;
    return static_cast<float>(detail::half_cosine(hi, lo, detail::phase(t, length)));
  }
  [[nodiscard]] constexpr cosine stretched(step_index n) const noexcept { return {hi, lo, n}; }
  bool operator==(cosine const&) const = default;
};

/// A straight line from `lo` at step 0 to `hi` at step `up`, and one back to `lo` at step `up` + `down`; `lo` from
/// there on.
///
/// One cycle of torch's CyclicLR with base_lr = lo, max_lr = hi, step_size_up = up, step_size_down = down. With `up`
/// 0 it begins at `hi`; with `down` 0 it falls from the last step before `hi` to `lo`.
struct triangular {
  float lo;
  float hi;
  step_index up;
  step_index down;

  constexpr float operator()(step_index t) const noexcept {
    t = detail::not_negative(t);
    step_index const rise = detail::not_negative(up);
    if (t >= length()) return lo;
    if (t < rise) return static_cast<float>(detail::straight(lo, hi, detail::phase(t, rise)));
    return static_cast<float>(detail::straight(hi, lo, detail::phase(t - rise, down)));
  }
  [[nodiscard]] constexpr step_index length() const noexcept {
    return detail::not_negative(up) + detail::not_negative(down);
  }
  /// Keeps the ratio of `up` to `down`, to the nearest step; all of it goes down if both are 0.
  [[nodiscard]] constexpr triangular stretched(step_index n) const noexcept {
    n = detail::not_negative(n);
    double const share = length() == 0 ? 0.0 : detail::phase(detail::not_negative(up), length());
    auto const rise = static_cast<step_index>(share * static_cast<double>(n) + 0.5);
    return {lo, hi, std::min(rise, n), n - std::min(rise, n)};
  }
  bool operator==(triangular const&) const = default;
};

/// `start` · `decay`^t, endless. Past the range of float: infinity or 0.
///
/// Time: log2(t) multiplications; the relative error stays below (t + 1) 2^-53 before rounding.
struct exponential {
  float start;
  double decay;

  constexpr float operator()(step_index t) const noexcept {
    return static_cast<float>(start * detail::power(decay, detail::not_negative(t)));
  }
  bool operator==(exponential const&) const = default;
};

/// A rate that is held for so many steps.
struct plateau {
  float rate;
  step_index length;

  bool operator==(plateau const&) const = default;
};

/// One rate after the other; the last one lasts for ever. `discrete{{{0.1F, 5'000}, {0.01F, 2'000}}}`.
///
/// Time: one look at each piece before the step.
template <std::size_t N>
struct discrete {
  plateau pieces[N];

  constexpr float operator()(step_index t) const noexcept {
    t = detail::not_negative(t);
    for (auto const& piece : pieces) {
      if (t < piece.length) return piece.rate;
      t -= detail::not_negative(piece.length);
    }
    return pieces[N - 1].rate;
  }
  /// The sum of all lengths, that of the last piece included.
  [[nodiscard]] constexpr step_index length() const noexcept {
    step_index sum = 0;
    for (auto const& piece : pieces) sum += detail::not_negative(piece.length);
    return sum;
  }
  bool operator==(discrete const&) const = default;
};
template <std::size_t N>
discrete(plateau const (&)[N]) -> discrete<N>;

/// A slow start, `hi` after `pct_start` of the steps, and a long way down; both ways are half cosines.
///
/// The values of torch's OneCycleLR with max_lr = hi, total_steps = length and its other defaults: hi / div_factor at
/// step 0, `hi` at pct_start · length - 1 (which may fall between two steps), and from step length - 1 on
/// hi / div_factor / final_div_factor. Without room for the rise it begins at `hi`.
struct one_cycle {
  float hi;
  step_index length;
  double pct_start = 0.3;
  double div_factor = 25;
  double final_div_factor = 1e4;

  constexpr float operator()(step_index t) const noexcept {
    double const begin = hi / div_factor;
    double const end = begin / final_div_factor;
    t = detail::not_negative(t);
    if (t >= length - 1) return static_cast<float>(end);
    auto const at = static_cast<double>(t);
    auto const last = static_cast<double>(length - 1);
    double const top = std::clamp(pct_start * static_cast<double>(length) - 1, 0.0, last);
    return static_cast<float>(at < top ? detail::half_cosine(begin, hi, at / top)
                                       : detail::half_cosine(hi, end, (at - top) / (last - top)));
  }
  /// Its last value comes one step before its length: `stretched(n)` has the length n + 1.
  [[nodiscard]] constexpr one_cycle stretched(step_index n) const noexcept {
    return {hi, n + 1, pct_start, div_factor, final_div_factor};
  }
  bool operator==(one_cycle const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
