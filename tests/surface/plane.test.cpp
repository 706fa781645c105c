// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/plane.hpp>

#include "support/refuses.hpp"
#include "surface/known_learner.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

model_point random_model(std::uint64_t seed, std::size_t n) {
  model_point p{std::vector<double>(n), {1}};
  for (std::size_t i = 0; double& v : p.trained) v = static_cast<double>(noise{seed}(i++)) - 0.4F;
  p.trained[3] = -0.0;
  p.statistics[0] = static_cast<double>(noise{seed}(n));
  return p;
}

/// Whether two points agree in every bit: -0 is not 0.
bool same_bits(model_point const& a, model_point const& b) {
  for (std::size_t i = 0; i != a.trained.size(); ++i) {
    if (std::signbit(a.trained[i]) != std::signbit(b.trained[i])) return false;
  }
  return a == b;
}

}  // namespace

TEST_CASE("plane: its three models lie where they should, to the last bit") {
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    auto const a = random_model(3 * seed, 57), b = random_model(3 * seed + 1, 57), c = random_model(3 * seed + 2, 57);
    plane const p(a, b, c);
    double const corners[3][2] = {{0, 0}, {1, 0}, {0, 1}};
    model_point const* const models[] = {&a, &b, &c};
    for (std::size_t k = 0; k != 3; ++k) {
      auto const [x, y] = p.orthonormal(corners[k][0], corners[k][1]);
      auto const [alpha, beta] = p.affine(x, y);
      CHECK(alpha == corners[k][0]);
      CHECK(beta == corners[k][1]);
      CHECK(same_bits(p.at(x, y), *models[k]));
      CHECK(p.place_of(*models[k]) == plane_place{x, y, 0});
    }
  }
}

TEST_CASE("plane: known coordinates and distances") {
  // e1 along the first axis, e2 along the second; the third is perpendicular.
  plane const p({{1, 1, 1}, {2}}, {{5, 1, 1}, {6}}, {{3, 4, 1}, {4}});
  CHECK(p.orthonormal(1, 0) == std::pair{4.0, 0.0});
  CHECK(p.orthonormal(0, 1) == std::pair{2.0, 3.0});
  CHECK(p.affine(4, 3) == std::pair{0.5, 1.0});
  CHECK(p.at(4, 3).trained == std::vector<double>{5, 4, 1});
  CHECK(p.at(4, 3).statistics == std::vector<double>{6});   // 2 + 0.5 * 4 + 1 * 2
  CHECK(p.at(-8, 0).statistics == std::vector<double>{2});  // not -6: kept within the three models
  CHECK(p.at(-8, 0).trained == std::vector<double>{-7, 1, 1});
  CHECK(p.place_of({{2, 2.5, 8}, {0}}) == plane_place{1, 1.5, 7});
}

TEST_CASE("plane: the coordinates are orthonormal in many dimensions") {
  auto const a = random_model(1, 500), b = random_model(2, 500), c = random_model(3, 500);
  plane const p(a, b, c);
  auto const d = detail::difference(p.at(7, -2).trained, p.at(4, 2).trained);
  CHECK(std::abs(detail::norm(d) - 5) < 1e-13);
  auto off = p.at(7, -2);  // a step that is perpendicular to both edges
  auto const e1 = detail::difference(b.trained, a.trained);
  auto const e2 = detail::difference(p.at(0, 1).trained, a.trained);
  auto step = random_model(4, 500).trained;
  detail::add(step, -detail::dot(step, e1) / detail::dot(e1, e1), e1);
  detail::add(step, -detail::dot(step, e2) / detail::dot(e2, e2), e2);
  detail::add(off.trained, 1, step);
  auto const place = p.place_of(off);
  CHECK(std::abs(place.x - 7) < 1e-12);
  CHECK(std::abs(place.y + 2) < 1e-12);
  CHECK(std::abs(place.distance - detail::norm(step)) < 1e-12);
}

TEST_CASE("plane: equal, collinear and unequal models are refused") {
  auto const a = random_model(1, 57), b = random_model(2, 57);
  auto middle = a;
  for (std::size_t i = 0; i != 57; ++i) {  // as floats: off the line by rounding alone
    middle.trained[i] = static_cast<double>(static_cast<float>((a.trained[i] + b.trained[i]) / 2));
  }
  CHECK(test::refuses([&] { plane(a, a, b); }, "the first two models are equal"));
  CHECK(test::refuses([&] { plane(a, b, a); }, "the first and the third model are equal"));
  CHECK(test::refuses([&] { plane(a, b, b); }, "on one line"));
  CHECK(test::refuses([&] { plane(a, b, middle); }, "on one line"));
  CHECK(test::refuses([&] { plane(a, b, random_model(3, 58)); }, "58 trained numbers"));
  auto bad = random_model(3, 57);
  bad.trained[5] = std::numeric_limits<double>::infinity();
  CHECK(test::refuses([&] { plane(a, b, bad); }, "infinite or NaN"));
  CHECK(test::refuses([&] { (void)plane(a, b, random_model(3, 57)).place_of({{1}, {1}}); }, "place_of"));
}

TEST_CASE("filter_normalized_direction: each filter as long as the model's, nothing in tensors of one axis") {
  test::known_learner l;
  l.first = {3, 4, 0, 0, 0, 0};  // the second filter is zero
  auto const p = point_of(l);
  auto const d = filter_normalized_direction(l, p, 5);
  auto const part = [&](std::size_t first, std::size_t n) { return detail::norm(std::span(d).subspan(first, n)); };
  CHECK(std::abs(part(0, 3) - 5) < 1e-14);
  CHECK(part(3, 3) == 0);
  CHECK(std::abs(part(6, 4) - detail::norm(l.second)) < 1e-14);
  CHECK(part(10, 1) == 0);
  CHECK(d == filter_normalized_direction(l, p, 5));
  CHECK(d != filter_normalized_direction(l, p, 5, 1));
  CHECK(d != filter_normalized_direction(l, p, 6));

  plane const around = random_plane(l, p, 5);
  CHECK(same_bits(around.at(0, 0), p));
  auto const [x, y] = around.orthonormal(1, 0);
  CHECK(std::abs(x - detail::norm(d)) < 1e-14);
  CHECK(y == 0);
}

TEST_CASE("grid_around: a rectangle with a margin, nodes at absolute places") {
  std::vector<plane_place> const places = {{0, 0, 0}, {4, 1, 9}, {-1, 2, 0}};
  auto const g = grid_around(places, {.margin = 0.2, .columns = 15, .rows = 3});
  CHECK(g == surface_grid{{"x", -2, 5, 15}, {"y", -1, 3, 3}});
  CHECK(g.x.at(7) == 1.5);
  CHECK(grid_around(places).x.count == 51);
  CHECK(test::refuses(
      [] {
        (void)grid_around(std::vector<plane_place>{{1, 1, 0}, {1, 1, 5}});
      },
      "all 2 places are one"));
  CHECK(test::refuses([] { (void)grid_around({}); }, "no places"));
}

}  // namespace SQWA_TEST_FILE
