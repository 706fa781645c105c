// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/rounding.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

struct rounds_ints {
  static constexpr bool needs_noise = false;
  int operator()(int t, int) const noexcept { return t; }
};

struct may_throw {
  static constexpr bool needs_noise = false;
  template <class T>
  T operator()(T t, T) const {
    return t;
  }
};

static_assert(sqwa::rounding<sqwa::nearest_even> && sqwa::rounding<sqwa::half_away>);
static_assert(sqwa::rounding<sqwa::toward_zero> && sqwa::rounding<sqwa::stochastic>);
static_assert(!sqwa::rounding<rounds_ints> && !sqwa::rounding<may_throw> && !sqwa::rounding<float>);

/// Values of every size, the neighbours of integers and of ties among them.
template <class T>
std::vector<T> interesting() {
  std::vector<T> all{0, std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::max()};
  sqwa::noise const u{.seed = 3};
  for (int i = 0; i != 2'000; ++i)
    all.push_back(std::ldexp(static_cast<T>(u(static_cast<std::uint64_t>(i))), i % 80 - 20));
  for (int i = 0; i != 40; ++i) {
    T const half = static_cast<T>(i) / 2;
    T const inf = std::numeric_limits<T>::infinity();
    for (T t : {half, std::nextafter(half, inf), std::nextafter(half, -inf)}) all.push_back(t);
  }
  for (int e = 20; e != 60; ++e) all.push_back(std::ldexp(T{1}, e) + T(0.5));
  for (std::size_t i = 0, n = all.size(); i != n; ++i) all.push_back(-all[i]);
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("rounding: the result is the floor or the ceiling, for values of every size", R, sqwa::nearest_even,
                   sqwa::half_away, sqwa::toward_zero, sqwa::stochastic) {
  auto const check = [](auto t) {
    using T = decltype(t);
    for (T u : {T(0), T(0.25), T(0.5), 1 - std::numeric_limits<T>::epsilon()}) {
      T const r = R{}(t, u);
      CHECK((r == std::floor(t) || r == std::ceil(t)));
      if constexpr (!R::needs_noise) {
        CHECK(R{}(t, T(0.7)) == r);
        CHECK(R{}(-t, u) == -r);
      }
    }
  };
  for (float t : interesting<float>()) check(t);
  for (double t : interesting<double>()) check(t);
}

TEST_CASE_TEMPLATE("rounding: ties go where the name says", T, float, double) {
  for (int i = -9; i != 9; ++i) {
    T const tie = static_cast<T>(i) + T(0.5);
    CHECK(std::fmod(sqwa::nearest_even{}(tie, T(0)), T(2)) == 0);
    CHECK(std::abs(sqwa::half_away{}(tie, T(0))) == std::abs(tie) + T(0.5));
    CHECK(std::abs(sqwa::toward_zero{}(tie, T(0))) == std::abs(tie) - T(0.5));
  }
  T const below = std::nextafter(T(0.5), T(0));  // half + this is 1 in floating point
  CHECK(sqwa::half_away{}(below, T(0)) == 0);
  CHECK(sqwa::nearest_even{}(below, T(0)) == 0);
}

TEST_CASE_TEMPLATE("rounding: nearest is never more than half away", T, float, double) {
  for (T t : interesting<T>()) {
    if (std::abs(t) > 1e6) continue;
    CHECK(std::abs(sqwa::nearest_even{}(t, T(0)) - t) <= T(0.5));
    CHECK(std::abs(sqwa::half_away{}(t, T(0)) - t) <= T(0.5));
    CHECK(std::abs(sqwa::toward_zero{}(t, T(0))) <= std::abs(t));
  }
}

TEST_CASE("rounding: stochastic goes up exactly for the noise below the fractional part") {
  for (float t : {-2.75F, -0.25F, 0.0F, 0.25F, 3.0F, 7.5F}) {
    float const part = t - std::floor(t);
    for (int i = 0; i != 64; ++i) {
      float const u = static_cast<float>(i) / 64;
      CHECK(sqwa::stochastic{}(t, u) == std::floor(t) + (u < part ? 1.0F : 0.0F));
    }
  }
}

TEST_CASE_TEMPLATE("rounding: NaN and infinity stay", R, sqwa::nearest_even, sqwa::half_away, sqwa::toward_zero,
                   sqwa::stochastic) {
  float const inf = std::numeric_limits<float>::infinity();
  CHECK(R{}(inf, 0.5F) == inf);
  CHECK(R{}(-inf, 0.5F) == -inf);
  CHECK(std::isnan(R{}(std::numeric_limits<float>::quiet_NaN(), 0.5F)));
}

}  // namespace SQWA_TEST_FILE
