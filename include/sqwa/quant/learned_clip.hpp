// SPDX-License-Identifier: BSD-3-Clause
// Parameterized clipping: activations within 0 and a bound that is learned.
#ifndef SQWA_QUANT_LEARNED_CLIP_HPP
#define SQWA_QUANT_LEARNED_CLIP_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/activation_quantizer.hpp>
#include <sqwa/quant/positive_step.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Activations are clipped to [0, bound] and rounded to `levels` points from 0 to the bound, which is learned (PACT).
///
/// J. Choi et al., "PACT: parameterized clipping activation for quantized neural networks", arXiv 1805.06085, section
/// 3. There the bound decays like a weight; here it does not, unless the caller's optimizer does so. Parameters only;
/// the bound is the caller's. The same bits on every backend.
struct learned_clip {
  int levels = 16;  // 2^bits: 16 points are 4 bits

  static constexpr bool learned = true;
  static constexpr char const* bound_name = "bound";

  /// Where the bound may lie.
  /// @pre levels in [2, 65536]
  [[nodiscard]] positive_range range() const { return detail::bound_range(max_code()); }

  /// The largest value; 0 if none lies above 0. NaN does not count.
  template <real T, any_backend B = backend<>>
  [[nodiscard]] T initial(std::span<T const> x, B const& where = {}) const {
    return detail::into<T>(range(), static_cast<double>(detail::largest_activation<false>(x, where)));
  }

  /// y = the nearest of the points, ties to even. Infinity gives an end; NaN stays NaN. y may be x. Memory: none.
  /// @pre bound within range(); levels in [2, 65536]; as many results as values
  template <real T, any_backend B = backend<>>
  void forward(std::span<T const> x, std::span<T> y, T bound, B const& where = {}) const {
    detail::check_bound("learned_clip", bound, range(), x.size(), y.size());
    detail::round_activations(x, y, bound / static_cast<T>(max_code()), max_code(), false, where);
  }

  /// dx = dy where 0 <= x < bound, else 0; returns the gradient of the bound: the sum of dy where x >= bound.
  ///
  /// An empty dx is not computed; dx may be dy. A NaN in x passes nothing and adds nothing; no values give 0.
  /// `features` is not used. Memory: 4 to 8 KiB of stack.
  /// @pre bound within range(); levels in [2, 65536]; sizes that agree
  template <real T, any_backend B = backend<>>
  T backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, T bound, std::size_t = 0,
             B const& where = {}) const {
    detail::check_bound("learned_clip", bound, range(), x.size(), x.size());
    detail::check_gradient("learned_clip", x, dy, dx);
    return detail::activation_gradient(x, dy, dx, where, [bound](std::span<T> g, std::span<T const> values) {
      std::array<T, detail::activation_lanes> lane{};
      detail::in_lanes(g.size(), [=, &lane, to = g.data(), from = values.data()](std::size_t k, std::size_t i) {
        T const error = to[i], v = from[i];  // loaded in any case, so that the loop has no branch
        T const passed = v >= 0 ? error : T{0};
        lane[k] += v >= bound ? error : T{0};
        to[i] = v < bound ? passed : T{0};
      });
      T sum = 0;
      for (T const some : lane) sum += some;
      return sum;
    });
  }

  /// bound - rate * gradient, but halved or doubled at most; always within range(). See `positive_step`.
  /// @pre bound >= 0
  template <real T>
  [[nodiscard]] T update(T bound, T gradient, float rate) const {
    return detail::descend("learned_clip", bound, gradient, rate, range());
  }

 private:
  int max_code() const { return detail::activation_max_code("learned_clip", levels, false); }
};

static_assert(activation_quantizer<learned_clip>);

}  // namespace sqwa::inline SQWA_ABI

#endif
