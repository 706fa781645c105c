// SPDX-License-Identifier: BSD-3-Clause
// What rounds activations to a few points up to a bound, and what the rules of that kind share.
#ifndef SQWA_QUANT_ACTIVATION_QUANTIZER_HPP
#define SQWA_QUANT_ACTIVATION_QUANTIZER_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/positive_step.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Rounds activations to evenly spaced points that one positive number determines: a bound, or the step itself.
///
/// - `range()`: where that number may lie.
/// - `initial(x, backend)`: the number that a first batch asks for; 0 if it holds nothing to tell by.
/// - `forward(x, y, bound, backend)`: the rounded activations. y may be x.
/// - `backward(x, dy, dx, bound, features, backend)`: the gradient in x, unless dx is empty; dx may be dy. Returns the
///   gradient in the number. `features` is the number of activations of one sample.
/// - `learned`: whether the number is trained. If not, `moved(bound, seen)` follows what `initial` sees in each batch.
///
/// Models: the same bits on every backend; no allocation.
template <class P>
concept activation_quantizer = std::semiregular<P> &&
    requires(P const p, std::span<float const> x, std::span<float> y, float bound, std::size_t n, backend<> where) {
  { P::learned } -> std::convertible_to<bool>;
  { P::bound_name } -> std::convertible_to<char const*>;
  { p.range() } -> std::same_as<positive_range>;
  { p.initial(x, where) } -> std::same_as<float>;
  { p.forward(x, y, bound, where) } -> std::same_as<void>;
  { p.backward(x, x, y, bound, n, where) } -> std::same_as<float>;
  requires P::learned || requires {
    { p.moved(bound, bound) } -> std::same_as<float>;
  };
};

namespace detail {

/// The largest code of `levels` points: 0 … levels - 1, or as many below zero as above.
/// @pre levels in [2, 65536], and odd and at least 3 where points lie below zero
inline int activation_max_code(char const* who, int levels, bool is_signed) {
  expects(levels >= (is_signed ? 3 : 2) && levels <= 65'536 && (!is_signed || levels % 2 == 1), "{}: {} levels{}", who,
          levels, is_signed ? " around zero" : "");
  return is_signed ? (levels - 1) / 2 : levels - 1;
}

template <real T>
void check_bound(char const* who, T bound, positive_range const& range, std::size_t x, std::size_t y) {
  expects(range.holds(bound), "{}: the bound {} is not within {} and {}", who, bound, range.least, range.most);
  expects(x == y, "{}: {} values and {} results", who, x, y);
}

/// `value` moved into the range; 0 where it is 0. It is neither negative nor NaN.
template <real T>
T into(positive_range const& range, double value) noexcept {
  if (value == 0) return 0;
  return static_cast<T>(std::clamp(value, static_cast<double>(range.least), static_cast<double>(range.most)));
}

/// Small enough for the stack and the nearest cache; the loops between have 32 lanes, for compilers to make vectors of.
inline constexpr std::size_t activation_piece = 1024;
inline constexpr std::size_t activation_lanes = 32;

/// `f(lane, i)` for i in [0, n), lane = i % 32.
template <class F>
void in_lanes(std::size_t n, F f) noexcept {
  std::size_t i = 0;
  for (; i + activation_lanes <= n; i += activation_lanes) {
    for (std::size_t k = 0; k != activation_lanes; ++k) f(k, i + k);
  }
  for (std::size_t k = 0; i != n; ++i, ++k) f(k, i);
}

/// The largest value above 0, or the largest magnitude; 0 if there is none. NaN does not count.
template <bool Magnitude, real T, any_backend B>
T largest_activation(std::span<T const> x, B const& where) {
  auto const some = [&](std::size_t first, std::size_t last) {
    std::array<T, activation_lanes> lane{};
    in_lanes(last - first, [&lane, from = x.data() + first](std::size_t k, std::size_t i) {
      T const v = Magnitude ? std::abs(from[i]) : from[i];
      lane[k] = v > lane[k] ? v : lane[k];
    });
    return *std::max_element(lane.begin(), lane.end());
  };
  return reduce(where.exec, x.size(), T{0}, some, [](T a, T b) { return std::max(a, b); });
}

/// The mean magnitude, summed in double; 0 of no values.
template <real T, any_backend B>
double mean_magnitude(std::span<T const> x, B const& where) {
  auto const some = [&](std::size_t first, std::size_t last) {
    double sum = 0;
    for (std::size_t i = first; i != last; ++i) sum += static_cast<double>(std::abs(x[i]));
    return sum;
  };
  double const all = reduce(where.exec, x.size(), 0.0, some, [](double a, double b) { return a + b; });
  return x.empty() ? 0 : all / static_cast<double>(x.size());
}

/// y[i] = scale * the integer nearest to x[i] / scale within 0 … max_code or ±max_code, ties to even. NaN stays NaN.
template <real T, any_backend B>
void round_activations(std::span<T const> x, std::span<T> y, T scale, int max_code, bool is_signed, B const& where) {
  for_each_chunk(where.exec, x.size(), [&](std::size_t first, std::size_t last) {
    for (std::size_t end; first != last; first = end) {
      end = std::min(last, first + activation_piece);
      auto const part = y.subspan(first, end - first);
      B::kernels::template round_to_grid<T>(part, x.subspan(first, end - first), scale, static_cast<T>(max_code));
      if (is_signed) continue;
      in_lanes(part.size(), [to = part.data()](std::size_t, std::size_t i) { to[i] = to[i] < 0 ? T{0} : to[i]; });
    }
  });
}

/// dx from dy through pieces on the stack, so that dx may be empty: `f(g, x)` turns g in place and returns its share of
/// the sum.
template <real T, any_backend B, class F>
T activation_gradient(std::span<T const> x, std::span<T const> dy, std::span<T> dx, B const& where, F f) {
  auto const some = [&](std::size_t first, std::size_t last) {
    std::array<T, activation_piece> g;
    double sum = 0;
    for (std::size_t end; first != last; first = end) {
      end = std::min(last, first + activation_piece);
      std::size_t const n = end - first;
      std::copy_n(dy.data() + first, n, g.data());
      sum += static_cast<double>(f(std::span(g).first(n), x.subspan(first, n)));
      if (!dx.empty()) std::copy_n(g.data(), n, dx.data() + first);
    }
    return sum;
  };
  return static_cast<T>(reduce(where.exec, x.size(), 0.0, some, [](double a, double b) { return a + b; }));
}

template <real T>
void check_gradient(char const* who, std::span<T const> x, std::span<T const> dy, std::span<T> dx) {
  expects(dy.size() == x.size() && (dx.empty() || dx.size() == x.size()),
          "{}: {} values, {} gradients behind and {} before", who, x.size(), dy.size(), dx.size());
}

/// One step down the gradient that stays positive.
template <real T>
T descend(char const* who, T bound, T gradient, float rate, positive_range const& range) {
  expects(bound >= 0, "{}: an update of {}", who, bound);
  return positive_step(bound, bound - static_cast<T>(rate) * gradient, range);
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
