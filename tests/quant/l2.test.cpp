// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::symmetric;

namespace {

static_assert(sqwa::fit<sqwa::l2, symmetric<3>> && sqwa::fit<sqwa::l2, symmetric<65535>> && !sqwa::fit<sqwa::l2, int>);

template <class T>
double power(std::vector<T> const& w) {
  double sum = 0;
  for (T x : w) sum += static_cast<double>(x) * static_cast<double>(x);
  return sum;
}

/// The squared error of nearest rounding at a scale.
template <class T>
double error(std::vector<T> const& w, double scale, int max_code) {
  if (scale == 0) return power(w);
  double sum = 0;
  for (T x : w) {
    auto const v = static_cast<double>(x);
    double const code = std::rint(std::clamp<double>(v / scale, -max_code, max_code));
    sum += (v - code * scale) * (v - code * scale);
  }
  return sum;
}

/// The least squared error over all vectors of codes, each with its best scale.
///
/// Codes have the sign of their weight or are 0: another sign makes <w, c> smaller. `all_signs` tries them
/// nevertheless.
template <class T>
double least_error(std::vector<T> const& w, int max_code, bool all_signs) {
  int const low = all_signs ? -max_code : 0;
  std::vector<int> c(w.size(), low);
  double best = 0;
  for (;;) {
    double a = 0;
    double b = 0;
    for (std::size_t i = 0; i != w.size(); ++i) {
      a += (all_signs ? static_cast<double>(w[i]) : std::abs(static_cast<double>(w[i]))) * c[i];
      b += c[i] * c[i];
    }
    if (a > 0) best = std::max(best, a * a / b);
    std::size_t i = 0;
    while (i != c.size() && c[i] == max_code) c[i++] = low;
    if (i == c.size()) return power(w) - best;
    ++c[i];
  }
}

template <class F, class T>
void check_against_all_codes(std::vector<T> const& w, bool all_signs = false) {
  auto const scale = static_cast<double>(sqwa::l2{}(std::span<T const>(w), F{}));
  CHECK(error(w, scale, F::max_code) <= least_error(w, F::max_code, all_signs) + 1e-9 * power(w));
}

template <class T>
std::vector<T> block(std::uint64_t seed, std::size_t n, int kind) {
  sqwa::noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    T const x = static_cast<T>(2 * u(i) - 1);
    w[i] = kind == 0 ? x : kind == 1 ? x * x * x * x * x * 100 : std::round(x * 4) / 4;  // plain, outliers, ties
  }
  return w;
}

/// The best error over all breakpoints, without the merge and without an early end.
template <class F>
double best_of_breakpoints(std::vector<double> const& w) {
  struct step {
    double at, magnitude;
    int code;
  };
  std::vector<step> steps;
  for (double x : w) {
    for (int j = 1; j <= F::max_code; ++j) steps.push_back({std::abs(x) / (j - 0.5), std::abs(x), j});
  }
  std::ranges::sort(steps, std::greater{}, &step::at);
  double a = 0, b = 0, best = 0;
  for (step const& s : steps) {
    a += s.magnitude;
    b += 2 * s.code - 1;
    best = std::max(best, a * a / b);
  }
  return power(w) - best;
}

}  // namespace

TEST_CASE_TEMPLATE("l2: no vector of codes has a smaller error, for many random blocks", F, symmetric<3>, symmetric<5>,
                   symmetric<7>) {
  for (std::size_t n = 1; n <= 6; ++n) {
    std::uint64_t const blocks = n <= 4 ? 100 : F::levels == 7 ? 8 : 25;
    for (std::uint64_t seed = 0; seed != blocks; ++seed) {
      for (int kind : {0, 1, 2}) {
        check_against_all_codes<F>(block<float>(seed, n, kind));
        check_against_all_codes<F>(block<double>(seed + 1'000, n, kind));
      }
    }
  }
}

TEST_CASE_TEMPLATE("l2: codes of any sign have no smaller error either", F, symmetric<3>, symmetric<5>, symmetric<7>) {
  for (std::size_t n = 1; n <= 4; ++n) {
    for (std::uint64_t seed = 0; seed != 5; ++seed) check_against_all_codes<F>(block<float>(seed, n, 0), true);
  }
}

TEST_CASE_TEMPLATE("l2: no vector of codes has a smaller error, for hand-made blocks", F, symmetric<3>, symmetric<5>,
                   symmetric<7>) {
  for (std::vector<float> const& w : {std::vector<float>{1, 1, 1, 1},
                                      {1, -1, 0, 0},
                                      {1, 0.5F, 0.25F},
                                      {1000, 1, 1, 1, 1, 1},
                                      {3, 1, 1.5F, 0.5F, 0.5F},
                                      {1e-30F, -1e30F},
                                      {1e-38F, 2e-38F, -3e-38F},
                                      {5, 5, 5, 1, 1, 1},
                                      {7, 6, 5, 4, 3, 2},
                                      {-0.0F, 0, 2, -2}}) {
    check_against_all_codes<F>(w);
  }
}

TEST_CASE_TEMPLATE("l2: ending the sweep early loses nothing, for large blocks", F, symmetric<3>, symmetric<15>,
                   symmetric<255>, symmetric<1001>) {
  for (std::uint64_t seed = 0; seed != 4; ++seed) {
    for (int kind : {0, 1, 2}) {
      auto const w = block<double>(seed, 150, kind);
      auto const scale = static_cast<double>(sqwa::l2{}(std::span<double const>(w), F{}));
      CHECK(error(w, scale, F::max_code) <= best_of_breakpoints<F>(w) + 1e-9 * power(w));
    }
  }
}

TEST_CASE("l2: never worse than the alternation, and better for some blocks") {
  int better = 0;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    auto const w = block<double>(seed, 12, static_cast<int>(seed % 3));
    std::span<double const> const view(w);
    double const best = error(w, static_cast<double>(sqwa::l2{}(view, symmetric<7>{})), 3);
    double const other = error(w, static_cast<double>(sqwa::l2_alternating{}(view, symmetric<7>{})), 3);
    CHECK(best <= other + 1e-9 * power(w));
    if (best < 0.99 * other) ++better;
  }
  CHECK(better > 0);
}

TEST_CASE_TEMPLATE("l2: order and signs of the weights do not matter, and a power of two passes through", T, float,
                   double) {
  auto w = block<T>(7, 100, 0);
  float const scale = sqwa::l2{}(std::span<T const>(w), symmetric<7>{});
  std::ranges::reverse(w);
  for (T& x : w) x = -x;
  CHECK(sqwa::l2{}(std::span<T const>(w), symmetric<7>{}) == scale);
  for (T& x : w) x *= 8;
  CHECK(sqwa::l2{}(std::span<T const>(w), symmetric<7>{}) == 8 * scale);
}

TEST_CASE_TEMPLATE("l2: weights on a lattice give its step, zeros and nothing give 0", T, float, double) {
  auto const fitted = [](std::vector<T> const& w) { return sqwa::l2{}(std::span<T const>(w), symmetric<7>{}); };
  CHECK(fitted({T(0.75), T(-0.5), T(0.25), 0}) == 0.25F);
  CHECK(fitted({}) == 0);
  CHECK(fitted({0, T(-0.0)}) == 0);
}

TEST_CASE("l2: the ends of the range give finite scales") {
  float const largest = std::numeric_limits<float>::max();
  auto const fitted = [](auto const& w) {
    return sqwa::l2{}(std::span<std::remove_cvref_t<decltype(w[0])> const>(w), symmetric<7>{});
  };
  CHECK(std::isfinite(3 * fitted(std::vector<float>{largest, largest, largest / 3})));
  CHECK(fitted(std::vector<float>{std::numeric_limits<float>::denorm_min()}) >= 0);
  CHECK(std::isfinite(3 * fitted(std::vector<double>{1e308, 1e308, -1e308})));
  CHECK(fitted(std::vector<double>{1e-300}) == 0);
}

}  // namespace SQWA_TEST_FILE
