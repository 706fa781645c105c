// SPDX-License-Identifier: BSD-3-Clause
// Activations within a bound that is measured, not learned: a moving average of the largest value of each batch.
#ifndef SQWA_QUANT_MOVING_RANGE_HPP
#define SQWA_QUANT_MOVING_RANGE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/activation_quantizer.hpp>
#include <sqwa/quant/positive_step.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Activations are clipped to [0, bound] or ±bound and rounded to `levels` points; the bound follows the largest value
/// of each batch.
///
/// The rule of torch's MovingAverageMinMaxObserver, with its constant. Parameters only; the bound is the caller's. The
/// same bits on every backend.
struct moving_range {
  int levels = 16;
  bool is_signed = false;
  float averaging_constant = 0.01F;  // how far one batch moves the bound

  static constexpr bool learned = false;
  static constexpr char const* bound_name = "bound";

  /// Where the bound may lie.
  /// @pre levels in [2, 65536], and odd and at least 3 where is_signed
  [[nodiscard]] positive_range range() const { return detail::bound_range(max_code()); }

  /// The largest value, or where is_signed the largest magnitude; 0 if none lies above 0. NaN does not count.
  template <real T, any_backend B = backend<>>
  [[nodiscard]] T initial(std::span<T const> x, B const& where = {}) const {
    T const largest =
        is_signed ? detail::largest_activation<true>(x, where) : detail::largest_activation<false>(x, where);
    return detail::into<T>(range(), static_cast<double>(largest));
  }

  /// The bound after a batch in which `initial` saw `seen`: the first one's, then a moving average.
  /// @pre averaging_constant in (0, 1]
  template <real T>
  [[nodiscard]] T moved(T bound, T seen) const {
    expects(averaging_constant > 0 && averaging_constant <= 1, "moving_range: the averaging constant {}",
            averaging_constant);
    if (bound == 0) return seen;
    return detail::into<T>(range(), static_cast<double>(bound + static_cast<T>(averaging_constant) * (seen - bound)));
  }

  /// y = the nearest of the points, ties to even. Infinity gives an end; NaN stays NaN. y may be x. Memory: none.
  /// @pre bound within range(); as many results as values; levels as for range()
  template <real T, any_backend B = backend<>>
  void forward(std::span<T const> x, std::span<T> y, T bound, B const& where = {}) const {
    detail::check_bound("moving_range", bound, range(), x.size(), y.size());
    detail::round_activations(x, y, bound / static_cast<T>(max_code()), max_code(), is_signed, where);
  }

  /// dx = dy where x lies within 0 or -bound and bound, ends included, else 0. Returns 0.
  ///
  /// An empty dx is not computed; dx may be dy. A NaN in x passes nothing. Memory: 4 to 8 KiB of stack.
  /// @pre bound within range(); sizes that agree; levels as for range()
  template <real T, any_backend B = backend<>>
  T backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, T bound, std::size_t = 0,
             B const& where = {}) const {
    detail::check_bound("moving_range", bound, range(), x.size(), x.size());
    detail::check_gradient("moving_range", x, dy, dx);
    if (dx.empty()) return 0;
    T const low = is_signed ? -bound : T{0};
    return detail::activation_gradient(x, dy, dx, where, [=](std::span<T> g, std::span<T const> values) {
      detail::in_lanes(g.size(), [=, to = g.data(), from = values.data()](std::size_t, std::size_t i) {
        T const error = to[i], v = from[i];  // loaded in any case, so that the loop has no branch
        T const passed = v >= low ? error : T{0};
        to[i] = v <= bound ? passed : T{0};
      });
      return T{0};
    });
  }

 private:
  int max_code() const { return detail::activation_max_code("moving_range", levels, is_signed); }
};

static_assert(activation_quantizer<moving_range>);

}  // namespace sqwa::inline SQWA_ABI

#endif
