// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
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

/// A list of points with no rule; code i is point i.
struct uneven {
  static constexpr int levels = 5;
  static constexpr int bits = 3;
  using code = std::uint8_t;
  static constexpr std::array<float, 5> points() { return {-2, -0.5F, 0, 1, 4}; }
};

/// As close as points must lie that the rounding of w / scale makes a tie of them.
struct two_floats_apart {
  static constexpr int levels = 2;
  static constexpr int bits = 1;
  using code = std::uint8_t;
  static constexpr std::array<float, 2> points() { return {0x1.f5b4c0p0F, 0x1.f5b4c4p0F}; }
};

/// No zero, and the points around it lie at different distances; codes count downwards.
struct without_zero {
  static constexpr int levels = 4;
  static constexpr int bits = 2;
  using code = std::uint8_t;
  static constexpr std::array<float, 4> points() { return {-3, -1, 2, 7}; }
  static constexpr std::uint8_t pattern(std::size_t i) noexcept { return static_cast<std::uint8_t>(3 - i); }
  static constexpr std::size_t index(std::uint8_t c) noexcept { return 3 - std::size_t{c}; }
};

/// Two points at the same distance from zero.
struct signs {
  static constexpr int levels = 2;
  static constexpr int bits = 1;
  using code = std::uint8_t;
  static constexpr std::array<float, 2> points() { return {-1, 1}; }
};

/// Points given when the program runs.
struct listed {
  static constexpr int levels = 2;
  static constexpr int bits = 1;
  using code = std::uint8_t;
  std::array<float, 2> list{};
  constexpr std::array<float, 2> const& points() const { return list; }
};

struct wrong_code : uneven {
  using code = std::int8_t;
};
struct wrong_count : uneven {
  static constexpr int levels = 6;
};

static_assert(point_format<uneven> && point_format<without_zero> && point_format<signs> && point_format<listed>);
static_assert(!point_format<symmetric<3>> && !point_format<int> && !point_format<wrong_code> &&
              !point_format<wrong_count>);
static_assert(code_of_point(uneven{}, 3) == 3 && point_of_code(uneven{}, 3) == 3);
static_assert(point_of_code(uneven{}, 5) == 5 && point_of_code(uneven{}, 255) == 5);  // no point
static_assert(code_of_point(without_zero{}, 3) == 0 && point_of_code(without_zero{}, 0) == 3);
static_assert(outermost_point(uneven{}) == 4 && outermost_point(signs{}) == 1 && outermost_point(symmetric<7>{}) == 3);
static_assert(outermost_point(listed{{-3.0F, 1.0F}}) == 3 && outermost_point(listed{{-3.0F, -1.0F}}) == 3);
static_assert(point_chooser<uneven>(uneven{}).nearest(0.6) == 3);

template <point_format F, class T>
std::size_t chosen(T w, T scale, auto round, float u = 0) {
  return point_chooser<F>(F{}).choose(w, scale, round, u);
}

/// The nearest points by looking at all of them: one, or two in a tie.
template <point_format F>
std::vector<std::size_t> nearest_of_all(double t) {
  auto const points = F::points();
  double least = std::numeric_limits<double>::infinity();
  for (float p : points) least = std::min(least, std::abs(static_cast<double>(p) - t));
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i != points.size(); ++i) {
    if (std::abs(static_cast<double>(points[i]) - t) == least) all.push_back(i);
  }
  return all;
}

/// Numbers on a lattice that holds all points and all middles of the formats above, and numbers between.
std::vector<double> numbers() {
  std::vector<double> all;
  noise const u{.seed = 5};
  for (int i = -80; i <= 80; ++i) {
    all.push_back(i / 8.0);
    all.push_back((i + static_cast<double>(u(static_cast<std::uint64_t>(i + 80)))) / 8.0);
  }
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("point_chooser: nearest_even and half_away take the nearest of all points, ties by their rule", F,
                   uneven, without_zero, signs) {
  int ties = 0;
  for (double t : numbers()) {
    auto const all = nearest_of_all<F>(t);
    std::size_t const even = chosen<F>(t, 1.0, nearest_even{});
    std::size_t const away = chosen<F>(t, 1.0, half_away{});
    CHECK(chosen<F>(static_cast<float>(t) * 0.25F, 0.25F, nearest_even{}) ==
          chosen<F>(static_cast<double>(static_cast<float>(t)), 1.0, nearest_even{}));
    if (all.size() == 1) {
      CHECK(even == all[0]);
      CHECK(away == all[0]);
    } else if (t == 0) {
      CHECK(even == all[1]);
      CHECK(away == all[1]);
    } else {
      ++ties;
      CHECK(code_of_point(F{}, even) % 2 == 0);
      CHECK((even == all[0] || even == all[1]));
      CHECK(away == (t > 0 ? all[1] : all[0]));
    }
  }
  CHECK(ties == F::levels - 1 - (F::levels == 2 ? 1 : 0));
}

TEST_CASE_TEMPLATE("point_chooser: toward_zero takes the neighbour nearer zero", F, uneven, without_zero, signs) {
  auto const points = F::points();
  for (double t : numbers()) {
    std::size_t const got = chosen<F>(t, 1.0, toward_zero{});
    std::size_t i = 0;
    while (i != points.size() && static_cast<double>(points[i]) <= t) ++i;  // the first point above t
    if (i == 0) {
      CHECK(got == 0);
    } else if (i == points.size() || static_cast<double>(points[i - 1]) == t) {
      CHECK(got == i - 1);
    } else if (points[i - 1] < 0 && points[i] > 0) {
      CHECK(got == chosen<F>(t, 1.0, half_away{}));
    } else {
      CHECK(got == (t > 0 ? i - 1 : i));
    }
  }
}

TEST_CASE_TEMPLATE("point_chooser: stochastic goes up for exactly the noise below the place between the points", F,
                   uneven, without_zero, signs) {
  auto const points = F::points();
  for (std::size_t i = 0; i + 1 != points.size(); ++i) {
    for (int part = 1; part != 8; ++part) {
      float const t = points[i] + (points[i + 1] - points[i]) * static_cast<float>(part) / 8;
      for (int noise_at = 0; noise_at != 16; ++noise_at) {
        auto const u = static_cast<float>(noise_at) / 16;
        CHECK(chosen<F>(t, 1.0F, stochastic{}, u) == (noise_at < 2 * part ? i + 1 : i));
      }
    }
  }
}

TEST_CASE_TEMPLATE("point_chooser: a point times the scale stays, with every rounding", F, uneven, without_zero,
                   signs) {
  auto const points = F::points();
  noise const u{.seed = 2};
  for (std::uint64_t k = 0; k != 300; ++k) {
    float const scale = std::ldexp(1 + u(k), static_cast<int>(k % 200) - 100);
    for (std::size_t i = 0; i != points.size(); ++i) {
      float const w = points[i] * scale;
      CHECK(chosen<F>(w, scale, nearest_even{}) == i);
      CHECK(chosen<F>(w, scale, half_away{}) == i);
      CHECK(chosen<F>(w, scale, toward_zero{}) == i);
      CHECK(chosen<F>(w, scale, stochastic{}, 0) == i);
      CHECK(chosen<F>(w, scale, stochastic{}, 0.999F) == i);
    }
  }
}

TEST_CASE("point_chooser: among denormal products a point may change, its value does not") {
  auto const points = uneven::points();
  for (int k = 0; k != 40; ++k) {
    float const scale = std::numeric_limits<float>::denorm_min() * static_cast<float>(k);
    for (float p : points) {
      float const w = p * scale;
      CHECK(points[chosen<uneven>(w, scale, nearest_even{})] * scale == w);
      CHECK(points[chosen<uneven>(w, scale, toward_zero{})] * scale == w);
      CHECK(points[chosen<uneven>(w, scale, stochastic{}, 0.5F)] * scale == w);
    }
  }
}

TEST_CASE("point_chooser: points two floats apart keep their products, though w / scale is a tie") {
  two_floats_apart const close;
  point_chooser const one(close);
  int ties = 0;
  for (std::uint64_t i = 0; i != 2'000; ++i) {
    float const scale = 1 + noise{.seed = 5}(i);
    for (std::size_t k : {0U, 1U}) {
      float const w = close.points()[k] * scale;
      ties += static_cast<double>(w / scale) == one.middle(0) ? 1 : 0;
      CHECK(close.points()[one.choose(w, scale, nearest_even{}, 0)] * scale == w);
      CHECK(close.points()[one.choose(w, scale, half_away{}, 0)] * scale == w);
      CHECK(close.points()[one.choose(w, scale, toward_zero{}, 0)] * scale == w);
      CHECK(close.points()[one.choose(w, scale, stochastic{}, 0.5F)] * scale == w);
    }
  }
  CHECK(ties > 0);
}

TEST_CASE("point_chooser: infinity gives the outermost point, scale 0 the point nearest zero") {
  double const inf = std::numeric_limits<double>::infinity();
  auto const check = [&](auto round) {
    CHECK(chosen<uneven>(inf, 1.0, round) == 4);
    CHECK(chosen<uneven>(-inf, 1.0, round) == 0);
    CHECK(chosen<uneven>(1e300, 1e-300, round) == 4);
    CHECK(chosen<uneven>(inf, 0.0, round) == 2);
    CHECK(chosen<uneven>(-7.0, 0.0, round) == 2);
    CHECK(chosen<without_zero>(-7.0, 0.0, round) == 1);
    CHECK(chosen<signs>(-7.0, 0.0, round) == 1);
  };
  check(nearest_even{});
  check(half_away{});
  check(toward_zero{});
  check(stochastic{});
}

TEST_CASE("point_chooser: points out of order, equal or not finite are refused") {
  float const inf = std::numeric_limits<float>::infinity();
  float const nan = std::numeric_limits<float>::quiet_NaN();
  for (std::array<float, 2> const& bad : {std::array{1.0F, 0.0F}, {1, 1}, {0, inf}, {-inf, 0}, {nan, 1}, {0, nan}}) {
    CHECK(test::refuses([&] { (void)point_chooser<listed>(listed{bad}); }, "point_format: the point"));
  }
}

}  // namespace SQWA_TEST_FILE
