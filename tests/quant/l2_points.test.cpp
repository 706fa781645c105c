// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/power_of_two.hpp>
#include <sqwa/quant/symmetric.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(fit<l2, binary> && fit<l2, e4m3> && fit<l2, affine<4>> && fit<l2_alternating, codebook<16>>);
static_assert(!fit<l2_alternating, affine<4>>);

std::vector<double> block(std::uint64_t seed, std::size_t n) {
  noise const u{.seed = seed};
  std::vector<double> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    double const x = 2 * static_cast<double>(u(i)) - 1;
    w[i] = seed % 3 == 0 ? x : seed % 3 == 1 ? 30 * x * x * x : std::round(x * 4) / 4;
  }
  return w;
}

double power(std::vector<double> const& w) {
  double sum = 0;
  for (double x : w) sum += x * x;
  return sum;
}

double error(std::vector<double> const& w, double scale, std::vector<double> const& points) {
  if (scale == 0) return power(w);
  double sum = 0;
  for (double x : w) {
    double best = 1e300;
    for (double p : points) best = std::min(best, (x - p * scale) * (x - p * scale));
    sum += best;
  }
  return sum;
}

/// The least error over all choices of points, each with its best scale.
double least_error(std::vector<double> const& w, std::vector<double> const& points) {
  std::vector<std::size_t> c(w.size());
  double best = 0;
  for (;;) {
    double a = 0, b = 0;
    for (std::size_t i = 0; i != w.size(); ++i) {
      a += w[i] * points[c[i]];
      b += points[c[i]] * points[c[i]];
    }
    if (a > 0) best = std::max(best, a * a / b);
    std::size_t i = 0;
    while (i != c.size() && c[i] + 1 == points.size()) c[i++] = 0;
    if (i == c.size()) return power(w) - best;
    ++c[i];
  }
}

template <class F>
std::vector<double> points_of(F const& format) {
  std::vector<double> points;
  for (float p : format.points()) points.push_back(static_cast<double>(p));
  return points;
}

}  // namespace

TEST_CASE("l2: no choice of points has a smaller error, for points of every shape") {
  auto const check = [](auto const& format) {
    for (std::uint64_t seed = 0; seed != 45; ++seed) {
      auto const w = block(seed, 1 + seed % 4);
      auto const scale = static_cast<double>(l2{}(std::span<double const>(w), format));
      CHECK(error(w, scale, points_of(format)) <= least_error(w, points_of(format)) + 1e-9 * power(w));
    }
  };
  check(binary{});
  check(e2m1{});
  check(power_of_two<3>{});
  check(codebook{std::array{-5.0F, -1.7F, -0.1F, 0.0F, 0.3F, 1.1F, 2.9F}});
  check(codebook{std::array{-3.0F, -1.0F, 1.0F, 3.0F}});
  check(codebook{std::array{0.5F, 1.0F, 4.0F}});
  check(codebook{std::array{-2.0F, -1.0F}});
  check(codebook{std::array{-1.0F, 2.0F, 5.0F}});
  check(codebook{std::array{-0.25F, 1.0F}});
}

TEST_CASE("l2: no zero point and no codes have a smaller error, for affine formats") {
  auto const check = []<class F>(F const& format) {
    for (std::uint64_t seed = 0; seed != 40; ++seed) {
      auto w = block(seed, 1 + seed % 4);
      for (double& x : w) x += static_cast<double>(seed % 5) / 3;
      auto const [scale, zero] = l2{}(std::span<double const>(w), format);
      auto const points = [](int z) {
        std::vector<double> p;
        for (int c = F::lowest_code; c <= F::highest_code; ++c) p.push_back(c - z);
        return p;
      };
      double best = 1e300;
      for (int z = F::lowest_code; z <= F::highest_code; ++z) best = std::min(best, least_error(w, points(z)));
      CHECK(error(w, static_cast<double>(scale), points(zero)) <= best + 1e-9 * power(w));
    }
  };
  check(affine<1>{});
  check(affine<2>{});
  check(affine<3, code_range::narrow>{});
}

TEST_CASE("l2: the points of a uniform format give the error of that format") {
  codebook<7> const seven{{-3, -2, -1, 0, 1, 2, 3}};
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    auto const w = block(seed, 5 + seed);
    auto const a = static_cast<double>(l2{}(std::span<double const>(w), seven));
    auto const b = static_cast<double>(l2{}(std::span<double const>(w), symmetric<7>{}));
    CHECK(error(w, a, points_of(seven)) == doctest::Approx(error(w, b, points_of(seven))).epsilon(1e-7));
    if (seed % 3 == 2) continue;  // ties go to another code here: the middle one is odd
    auto const c = static_cast<double>(l2_alternating{}(std::span<double const>(w), seven));
    CHECK(c == doctest::Approx(static_cast<double>(l2_alternating{}(std::span<double const>(w), symmetric<7>{}))));
  }
}

TEST_CASE("l2: of binary weights it is the mean magnitude") {
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    auto const w = block(seed, 1 + seed * 7);
    std::vector<float> x(w.begin(), w.end());
    float const mean = mean_magnitude{}(std::span<float const>(x), binary{});
    CHECK(l2{}(std::span<float const>(x), binary{}) == doctest::Approx(mean).epsilon(1.2e-7));
    CHECK(l2_alternating{}(std::span<float const>(x), binary{}) == doctest::Approx(mean).epsilon(1.2e-7));
  }
  std::vector<float> const exact{-3, 1, 0, 4};
  CHECK(l2{}(std::span<float const>(exact), binary{}) == 2);
}

TEST_CASE("l2: weights on a lattice give its step; only the wrong signs give 0") {
  auto const fitted = [](std::vector<float> const& w, auto const& format) {
    return l2{}(std::span<float const>(w), format);
  };
  CHECK(fitted({6, -0.5F, 1.5F, 4, 3, 2, 0}, e2m1{}) == 1);
  CHECK(fitted({0.75F, -1.5F, 3, 0.375F, 1.5F, -3}, power_of_two<4>{}) == 3);  // the smallest of equals
  codebook<3> const positive{{0.5F, 1, 4}};
  CHECK(fitted({-1, -2}, positive) == 0);
  CHECK(l2_alternating{}(std::span<float const>(std::vector<float>{-1, -2}), positive) == 0);
  CHECK(fitted({2, 0.25F, 0.5F, 2}, positive) == 0.5F);
  std::vector<float> const w{1, 1.5F, 2.5F, 1};  // all but one step are above 0: the lowest code is the value 0
  CHECK(l2{}(std::span<float const>(w), affine<3>{}) == affine_scale{0.5F, 0});
}

TEST_CASE("l2: of equally good scales the smallest, so that one weight lies on the outermost point") {
  std::vector<float> const one{-3};
  CHECK(l2{}(std::span<float const>(one), nf4()) == 3);
  CHECK(l2{}(std::span<float const>(one), e4m3{}) == 3.0F / 448);
  CHECK(l2{}(std::span<float const>(one), power_of_two<8>{}) == 3);
}

TEST_CASE("l2: order does not matter, nor signs where the points lie evenly; a power of two passes through") {
  auto const check = [](auto const& format, bool even) {
    auto w = block(7, 100);
    float const scale = l2{}(std::span<double const>(w), format);
    std::ranges::reverse(w);
    CHECK(l2{}(std::span<double const>(w), format) == scale);
    for (double& x : w) x *= even ? -8 : 8;
    CHECK(l2{}(std::span<double const>(w), format) == 8 * scale);
  };
  check(e4m3{}, true);
  check(binary{}, true);
  check(nf4(), false);
}

TEST_CASE("l2: a codebook made by default is refused") {
  std::vector<float> const w{1, 2};
  CHECK(test::refuses([&] { (void)l2{}(std::span<float const>(w), codebook<4>{}); }, "the point 0 at 1"));
  CHECK(test::refuses([&] { (void)l2_alternating{}(std::span<float const>(w), codebook<4>{}); }, "the point 0 at 1"));
}

}  // namespace SQWA_TEST_FILE
