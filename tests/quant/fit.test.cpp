// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::symmetric;

namespace {

struct only_float {
  float operator()(std::span<float const>, symmetric<3> const&) const { return 1; }
};

static_assert(sqwa::fit<sqwa::max_abs, symmetric<3>> && sqwa::fit<sqwa::max_abs, symmetric<65535>>);
static_assert(sqwa::fit<sqwa::l2_alternating, symmetric<5>> && sqwa::fit<sqwa::fixed, symmetric<5>>);
static_assert(sqwa::fit<sqwa::mean_abs, symmetric<3>> && !sqwa::fit<sqwa::mean_abs, symmetric<5>>);
static_assert(!sqwa::fit<only_float, symmetric<3>> && !sqwa::fit<sqwa::max_abs, int> && !sqwa::fit<int, symmetric<3>>);

template <class T, class Fit, class F>
float fitted(Fit const& f, F const& format, std::vector<T> const& w) {
  return f(std::span<T const>(w), format);
}

template <class T>
std::vector<T> random(std::uint64_t seed, std::size_t n) {
  sqwa::noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) w[i] = static_cast<T>(u(3 * i) + u(3 * i + 1) + u(3 * i + 2) - 1.5F);
  return w;
}

}  // namespace

TEST_CASE_TEMPLATE("max_abs: the outermost point is the largest magnitude", T, float, double) {
  CHECK(fitted<T>(sqwa::max_abs{}, symmetric<3>{}, {T(0.5), T(-2), T(1)}) == 2);
  CHECK(fitted<T>(sqwa::max_abs{}, symmetric<7>{}, {T(0.5), T(-6), T(1)}) == 2);
}

TEST_CASE("mean_abs: the mean of the magnitudes above 0.7 of their mean") {
  // mean 1.5, threshold 1.05: 2 and 3 lie above
  CHECK(fitted<float>(sqwa::mean_abs{}, symmetric<3>{}, {0.5F, -2, 0.5F, 3}) == 2.5F);
  CHECK(fitted<double>(sqwa::mean_abs{}, symmetric<3>{}, {4, -4}) == 4);
  double const most = std::numeric_limits<double>::max();  // their sum is beyond double, the scale the largest float
  CHECK(fitted<double>(sqwa::mean_abs{}, symmetric<3>{}, {most, -most, 1}) == std::numeric_limits<float>::max());
}

TEST_CASE_TEMPLATE("fit: an empty or all-zero block has the scale 0", T, float, double) {
  for (std::vector<T> const& w : {std::vector<T>{}, std::vector<T>{0}, std::vector<T>{0, T(-0.0), 0}}) {
    CHECK(fitted<T>(sqwa::max_abs{}, symmetric<7>{}, w) == 0);
    CHECK(fitted<T>(sqwa::mean_abs{}, symmetric<3>{}, w) == 0);
    CHECK(fitted<T>(sqwa::l2_alternating{}, symmetric<7>{}, w) == 0);
    CHECK(fitted<T>(sqwa::fixed{.scale = 0.5F}, symmetric<7>{}, w) == 0.5F);
  }
}

TEST_CASE_TEMPLATE("l2_alternating: its codes would choose its scale again", F, symmetric<3>, symmetric<5>,
                   symmetric<15>, symmetric<255>) {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    auto const w = random<double>(seed, 300);
    double const scale = fitted(sqwa::l2_alternating{.max_rounds = 10'000}, F{}, w);
    double products = 0;
    double squares = 0;
    for (double x : w) {
      double const code = std::rint(std::clamp<double>(x / scale, -F::max_code, F::max_code));
      products += x * code;
      squares += code * code;
    }
    CHECK(std::abs(products / squares / scale - 1) < 1e-5);  // a code at a tie may change with the rounding to float
  }
}

TEST_CASE("l2_alternating: an exact lattice is found, and no rounds leave the start") {
  CHECK(fitted<float>(sqwa::l2_alternating{}, symmetric<3>{}, {0.25F, -0.25F, 0, 0.25F}) == 0.25F);
  CHECK(fitted<float>(sqwa::l2_alternating{.max_rounds = 0}, symmetric<5>{}, {1, -1}) == 1);
}

TEST_CASE("fixed: the scale is given back, and one that is none is refused") {
  CHECK(fitted<float>(sqwa::fixed{.scale = 0.3F}, symmetric<3>{}, {5}) == 0.3F);
  CHECK(fitted<float>(sqwa::fixed{.scale = 0}, symmetric<3>{}, {5}) == 0);
  float const inf = std::numeric_limits<float>::infinity();
  for (float bad : {-1.0F, inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([=] { (void)fitted<float>(sqwa::fixed{.scale = bad}, symmetric<3>{}, {1}); },
                        "fixed: the scale"));
  }
  CHECK(test::refuses([] { (void)fitted<float>(sqwa::fixed{.scale = 3e38F}, symmetric<5>{}, {1}); }, "codes to 2"));
}

TEST_CASE("fit: the outermost point stays finite at the ends of the range") {
  float const largest = std::numeric_limits<float>::max();
  for (float w : {largest, largest / 3, std::numeric_limits<float>::min(), std::numeric_limits<float>::denorm_min()}) {
    auto const check = [](float scale, int max_code) {
      CHECK(std::isfinite(scale * static_cast<float>(max_code)));
      CHECK(scale >= 0);
    };
    check(fitted<float>(sqwa::max_abs{}, symmetric<7>{}, {w}), 3);
    check(fitted<float>(sqwa::max_abs{}, symmetric<65535>{}, {w, -w}), 32767);
    check(fitted<float>(sqwa::mean_abs{}, symmetric<3>{}, {w, -w}), 1);
    check(fitted<float>(sqwa::l2_alternating{}, symmetric<7>{}, {w, w / 2}), 3);
    check(fitted<double>(sqwa::max_abs{}, symmetric<7>{}, {1e300}), 3);
    check(fitted<double>(sqwa::max_abs{}, symmetric<7>{}, {1e-300}), 3);
  }
}

TEST_CASE("max_abs: of points, the largest magnitude falls on the largest among them, on whichever side") {
  std::vector<float> const w{1, -6, 2};
  sqwa::codebook<3> const list{{-2, 0, 1}};
  CHECK(sqwa::max_abs{}(std::span<float const>(w), list) == 3);
  CHECK(sqwa::max_abs{}(std::span<float const>(w), sqwa::e4m3{}) == 6.0F / 448);
}

TEST_CASE("fixed: gives what it holds to every format, and refuses what they cannot use") {
  std::span<float const> const none;
  CHECK(sqwa::fixed{.scale = 2}(none, sqwa::e4m3{}) == 2);
  CHECK(sqwa::fixed{.scale = 2, .zero_point = 3}(none, sqwa::affine<4>{}) == sqwa::affine_scale{2, 3});
  CHECK(test::refuses([&] { (void)sqwa::fixed{.scale = 1e37F}(none, sqwa::e4m3{}); }, "points to 448"));
  CHECK(test::refuses([&] { (void)sqwa::fixed{.scale = -1}(none, sqwa::e4m3{}); }, "the scale -1"));
  CHECK(test::refuses([&] { (void)sqwa::fixed{.scale = 1e38F}(none, sqwa::affine<4>{}); }, "15 steps"));
  CHECK(test::refuses([&] { (void)sqwa::fixed{.zero_point = 16}(none, sqwa::affine<4>{}); }, "the zero point 16"));
  CHECK(test::refuses([&] { (void)sqwa::fixed{}(none, sqwa::affine<4, sqwa::code_range::narrow>{}); },
                      "the zero point 0"));
}

TEST_CASE("l2_alternating: floats whose sum leaves their range") {
  std::vector<float> x(33);
  x[0] = x[32] = 3e38F;
  CHECK(sqwa::l2_alternating{}(std::span<float const>(x), sqwa::symmetric<3>{}) == 3e38F);
}

}  // namespace SQWA_TEST_FILE
