// SPDX-License-Identifier: BSD-3-Clause
// What every activation quantizer is tested for.
#ifndef SQWA_TESTS_SUPPORT_ACTIVATIONS_HPP
#define SQWA_TESTS_SUPPORT_ACTIVATIONS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/activation_quantizer.hpp>
#include "support/every_backend.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <vector>

namespace test {

/// `n` numbers in [-width, width).
template <class T>
std::vector<T> activations(std::size_t n, std::uint64_t seed, T width) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = width * (2 * static_cast<T>(sqwa::noise{.seed = seed}(i)) - 1);
  return x;
}

template <class T, class P, class Backend = sqwa::backend<>>
std::vector<T> rounded(P const& policy, std::vector<T> const& x, T bound, Backend where = {}) {
  std::vector<T> y(x.size());
  policy.forward(std::span<T const>(x), std::span(y), bound, where);
  return y;
}

/// dx, then the gradient of the bound.
template <class T, class P, class Backend = sqwa::backend<>>
std::vector<T> gradients(P const& policy, std::vector<T> const& x, std::vector<T> const& dy, T bound,
                         std::size_t features = 1, Backend where = {}) {
  std::vector<T> dx(x.size(), T(99));
  T const d = policy.backward(std::span<T const>(x), std::span<T const>(dy), std::span(dx), bound, features, where);
  dx.push_back(d);
  return dx;
}

/// Forward rounds to `levels` points, the multiples of `step` from `lowest` on, each value to the nearest.
template <class T, class P>
void rounds_to_nearest(P const& policy, T bound, T step, int lowest, int levels) {
  T const low = static_cast<T>(lowest), high = static_cast<T>(lowest + levels - 1);
  auto x = activations<T>(2'000, 1, 2 * step * static_cast<T>(levels));
  for (T code = low; code <= high; ++code) x.push_back(code * step);
  auto const y = rounded(policy, x, bound);
  std::set<T> points;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != x.size(); ++i) {
    wrong += y[i] != std::rint(std::clamp(x[i] / step, low, high)) * step;
    points.insert(y[i]);
  }
  CHECK(wrong == 0);
  CHECK(points.size() == static_cast<std::size_t>(levels));
}

/// Values in place, gradients in place and gradients without dx are those computed elsewhere, on every backend too.
template <class T, class P>
void same_bits_everywhere(P const& policy, T bound) {
  for (std::size_t const n : {0U, 1U, 31U, 33U, 1'023U, 1'025U, 4'097U, 300'001U}) {
    auto const x = activations<T>(n, 2, 2 * bound), dy = activations<T>(n, 3, 1);
    auto const y = rounded(policy, x, bound), all = gradients(policy, x, dy, bound, 7);
    T const first = policy.initial(std::span<T const>(x));
    std::span<T const> const values(x);
    CHECK(policy.backward(values, std::span<T const>(dy), std::span<T>(), bound, 7) == all.back());
    auto in_place = dy;
    CHECK(policy.backward(values, std::span<T const>(in_place), std::span(in_place), bound, 7) == all.back());
    CHECK(std::equal(in_place.begin(), in_place.end(), all.begin()));
    in_place = x;
    policy.forward(std::span<T const>(in_place), std::span(in_place), bound);
    CHECK(in_place == y);
    every_backend([&](auto where) {
      CHECK(rounded(policy, x, bound, where) == y);
      CHECK(gradients(policy, x, dy, bound, 7, where) == all);
      CHECK(policy.initial(values, where) == first);
    });
  }
}

/// NaN stays NaN, infinity gives an end, zero is +0; a NaN passes no gradient.
template <class T, class P>
void knows_bad_numbers(P const& policy, T bound, T lowest, T highest) {
  T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> const x{nan, inf, -inf, T(-0.0), 0};
  auto const y = rounded(policy, x, bound);
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == highest);
  CHECK(y[2] == lowest);
  CHECK(!std::signbit(y[3]));
  auto dx = gradients(policy, x, {1, 2, 4, 8, 16}, bound);
  dx.pop_back();
  CHECK(dx == std::vector<T>{0, 0, 0, 8, 16});
  dx = gradients(policy, {inf, -inf}, {nan, inf}, bound);
  CHECK(dx[0] == 0);
  CHECK(dx[1] == 0);
}

/// No gradient and no rate takes the bound out of its range, and it comes back.
template <class T, class P>
void stays_positive(P const& policy) {
  T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(policy.update(T(1), T(0.5), 0.5F) == T(0.75));
  CHECK(policy.update(T(1), T(-0.5), 0.5F) == T(1.25));
  CHECK(policy.update(T(1), T(1e30), 1.0F) == T(0.5));
  CHECK(policy.update(T(1), inf, 1.0F) == T(0.5));
  CHECK(policy.update(T(1), -inf, 1.0F) == T(2));
  CHECK(policy.update(T(1), nan, 1.0F) == T(1));
  CHECK(policy.update(T(1), inf, 0.0F) == T(1));
  T bound = 1;
  for (int i = 0; i != 300; ++i) bound = policy.update(bound, T(1), 1e30F);
  CHECK(policy.range().holds(bound));
  CHECK(bound < T(1e-30));
  std::vector<T> const none;
  CHECK(policy.backward(std::span<T const>(none), std::span<T const>(none), std::span<T>(), bound, 1) == 0);
  for (int i = 0; i != 300; ++i) bound = policy.update(bound, -inf, 1);
  CHECK(policy.range().holds(bound));
  CHECK(bound > T(1e30));
}

}  // namespace test

#endif
