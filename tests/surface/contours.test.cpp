// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/contours.hpp>

#include "support/refuses.hpp"
#include "surface/known_surfaces.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
sqwa::surface_axis const x{"x", -2, 2, 81}, y{"y", -2, 2, 61};

double squares(double a, double b) { return a * a + b * b; }

}  // namespace

TEST_CASE("contour_lines: a circle is closed, its radius right to the error of interpolation") {
  auto const lines = sqwa::contour_lines(x, y, test::sampled(x, y, squares), 1.44);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].closed);
  double const h = 4.0 / 60;
  for (auto const p : lines[0].points) {
    double const off = 1.2 - std::hypot(p.x, p.y);  // a chord of a convex function lies above it
    CHECK(off >= -1e-12);
    CHECK(off <= h * h / 8 * 2 / (2 * 1.2) * 1.2);  // h²/8 times the second derivative, over the gradient, and a margin
  }
}

TEST_CASE("contour_lines: open lines end at the border; higher values are on the left") {
  auto const lines = sqwa::contour_lines(x, y, test::sampled(x, y, [](double a, double) { return a; }), 0.51);
  REQUIRE(lines.size() == 1);
  CHECK_FALSE(lines[0].closed);
  CHECK(lines[0].points.size() == 61);
  CHECK(lines[0].points.front().y == 2);  // down: larger x is on the left
  CHECK(lines[0].points.back().y == -2);
  for (auto const p : lines[0].points) CHECK(p.x == doctest::Approx(0.51));
}

TEST_CASE("contour_lines: the centre decides a saddle") {
  sqwa::surface_axis const two{"x", 0, 1, 2};
  std::vector<double> const v{1, 0, 0, 1};
  auto const joined = sqwa::contour_lines(two, two, v, 0.4), apart = sqwa::contour_lines(two, two, v, 0.6);
  REQUIRE(joined.size() == 2);
  REQUIRE(apart.size() == 2);
  CHECK(sqwa::area_of(sqwa::contour_region(two, two, v, 0.4)) == doctest::Approx(1 - 0.16));
  CHECK(sqwa::area_of(sqwa::contour_region(two, two, v, 0.6)) == doctest::Approx(0.16));
  CHECK(sqwa::contour_region(two, two, v, 0.4).size() == 1);
  CHECK(sqwa::contour_region(two, two, v, 0.6).size() == 2);
  auto const four = sqwa::contour_lines(x, y, test::sampled(x, y, [](double a, double b) { return a * b; }), 0.5);
  CHECK(four.size() == 2);
}

TEST_CASE("contours: a plateau at the level gives one line around it and none inside") {
  auto const v =
      test::sampled(x, y, [](double a, double b) { return std::abs(a) < 1.01 && std::abs(b) < 1.01 ? 1.0 : 0; });
  auto const lines = sqwa::contour_lines(x, y, v, 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].closed);
  CHECK(sqwa::area_of(sqwa::contour_region(x, y, v, 1)) == doctest::Approx(4));
  for (auto const p : lines[0].points) CHECK(std::max(std::abs(p.x), std::abs(p.y)) == doctest::Approx(1));
  CHECK(sqwa::contour_lines(x, y, std::vector<double>(81 * 61, 1.0), 1).empty());
  CHECK(sqwa::area_of(sqwa::contour_region(x, y, std::vector<double>(81 * 61, 1.0), 1)) == doctest::Approx(16));
  std::vector<double> peak(81 * 61, 0.0);
  peak[40 + 30 * 81] = 1;  // its own level: a point, which is no line
  CHECK(sqwa::contour_lines(x, y, peak, 1).empty());
}

TEST_CASE("contour_region: bands have the analytic area, holes are left out") {
  auto v = test::sampled(x, y, squares);
  auto const area = [&](double level) { return sqwa::area_of(sqwa::contour_region(x, y, v, level)); };
  CHECK(area(-inf) == doctest::Approx(16));
  CHECK(area(0.25) - area(2.25) == doctest::Approx(2 * std::numbers::pi).epsilon(0.002));
  CHECK(area(100) == 0);
  // Of each corner, the integral of 2 - sqrt(6 - x²) from sqrt(2) to 2 is 0.15206; such bands are cut by the border.
  CHECK(area(2) - area(6) == doctest::Approx(16 - 2 * std::numbers::pi - 4 * 0.15206).epsilon(0.001));
  v[10 + 10 * 81] = std::numeric_limits<double>::quiet_NaN();
  v[11 + 11 * 81] = inf;  // two holes of four cells that share one
  CHECK(area(-inf) == doctest::Approx(16 - 7 * (4.0 / 80) * (4.0 / 60)));
  for (auto const& ring : sqwa::contour_region(x, y, v, 3)) CHECK(ring.closed);
}

TEST_CASE("contours: holes that touch at a corner, one row, huge values") {
  auto v = std::vector<double>(81 * 61, 2.0);
  v[10 + 10 * 81] = v[12 + 12 * 81] = inf;
  CHECK(sqwa::area_of(sqwa::contour_region(x, y, v, 1)) == doctest::Approx(16 - 8 * (4.0 / 80) * (4.0 / 60)));
  sqwa::surface_axis const one{"y", 0, 0, 1};
  CHECK(sqwa::contour_lines(x, one, std::vector<double>(81, 1.0), 1).empty());
  sqwa::surface_axis const two{"x", 0, 1, 2};
  auto const lines = sqwa::contour_lines(two, two, std::vector<double>{-1.7e308, 1.7e308, -1.7e308, 1.7e308}, 0);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].points[0].x == doctest::Approx(0.5));
  CHECK(test::refuses([&] { (void)sqwa::contour_lines(x, y, v, std::nan("")); }, "the level is NaN"));
  CHECK(test::refuses([&] { (void)sqwa::contour_lines(x, one, v, 0); }, "4941 values for 81 nodes"));
}

TEST_CASE("contour_levels: ascending, inside the values, few digits, about equal parts") {
  auto const v = test::sampled(x, y, [](double a, double b) { return std::exp(3 * squares(a, b) / 2); });
  auto const levels = sqwa::contour_levels(v, 9);
  REQUIRE(levels.size() == 9);
  std::size_t below = 0;
  for (double const level : levels) {
    auto const n = static_cast<std::size_t>(std::ranges::count_if(v, [&](double a) { return a < level; }));
    CHECK(n > below + v.size() / 40);
    CHECK(n < below + v.size() / 5);
    below = n;
    CHECK(std::stod(sqwa::detail::short_text(level, 2)) == level);
  }
  CHECK(sqwa::contour_levels(std::vector<double>(9, 3.0), 5).empty());
  CHECK(sqwa::contour_levels(std::vector<double>{std::nan(""), inf}, 5).empty());
  CHECK(sqwa::contour_levels(std::vector<double>{1, 1, 1, 1, 2}, 5) == std::vector<double>{2});
}

}  // namespace SQWA_TEST_FILE
