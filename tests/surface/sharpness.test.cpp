// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/sharpness.hpp>

#include "support/refuses.hpp"
#include "support/thread_executor.hpp"
#include "surface/known_learner.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

bool near(double a, double b, double within) { return std::abs(a - b) <= within; }

}  // namespace

TEST_CASE("student_quantile: the tabulated values") {
  CHECK(near(detail::student_quantile(3), 3.1824, 4e-3));
  CHECK(near(detail::student_quantile(5), 2.5706, 5e-4));
  CHECK(near(detail::student_quantile(9), 2.26216, 5e-5));
  CHECK(near(detail::student_quantile(19), 2.09302, 5e-5));
  CHECK(near(detail::student_quantile(1e9), 1.95996, 5e-5));
}

TEST_CASE("rise_of: mean and Student's interval") {
  std::vector<double> const found = {1, 2, 3, 4};
  auto const r = detail::rise_of("all", found);
  CHECK(r.mean == 2.5);
  CHECK(near(r.half_width, 3.1824 * std::sqrt(5.0 / 3 / 4), 3e-3));
}

TEST_CASE("code moves: k different codes, by one, within the range; every code and both ways in the end") {
  std::vector<std::int8_t> const codes = {-2, -1, 0, 1, 2, 2, 0};
  float const scale = 0.5F;
  auto const p = pack_tensor(std::span(codes), blocks{7, 1, 1, 7}, std::span<float const>(&scale, 1), 5);
  std::set<std::pair<std::size_t, int>> seen;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    auto const q = detail::moved(p, 3, noise{seed});
    std::vector<std::int8_t> after(7);
    unpack(q.bytes, q.bits(), q.max_code(), std::span(after));
    int moved = 0;
    for (std::size_t i = 0; i != 7; ++i) {
      int const by = after[i] - codes[i];
      CHECK(std::abs(by) <= 1);
      moved += by != 0;
      if (by != 0) seen.emplace(i, by);
    }
    CHECK(moved == 3);
  }
  CHECK(seen.size() == 7 + 4);  // the three at an end of the range have one way to go
}

TEST_CASE("code_move_sharpness: known rises, the same on threads, the learner as before") {
  test::known_learner l;
  l.first.assign(6, 0);  // codes 0: each move adds the square of the scale
  l.second = {0.5, 0.5, -0.5, 0.5};
  auto model = low_bit_weights(l, symmetric<3>{}).capture();
  model.weights[0].weights.scales[0] = 0.25F;
  auto const before = point_of(l);
  auto const rises = code_move_sharpness(l, model, 2, {.split = "test"});
  REQUIRE(rises.size() == 3);
  CHECK(rises[0].name == "first");
  CHECK(near(rises[0].mean, 2 * 0.0625, 1e-15));
  CHECK(near(rises[0].half_width, 0, 1e-15));
  CHECK(near(rises[1].mean, -2 * 0.25, 1e-7));  // each of the ends moves to 0
  CHECK(rises[2].name == "all");
  CHECK(near(rises[2].mean, 2 * 0.0625 - 2 * 0.25, 1e-7));
  CHECK(point_of(l) == before);
  CHECK(code_move_sharpness(l, model, 2, {.split = "test"}, {}, test::thread_executor{}) == rises);
  CHECK(near(code_move_sharpness(l, model, 100, {.split = "test"})[0].mean, 6 * 0.0625, 1e-15));
  CHECK(test::refuses([&] { (void)code_move_sharpness(l, model, 2, {}, {.repetitions = 3}); }, "needs 4"));
  CHECK(test::refuses([&] { (void)code_move_sharpness(l, model, 0); }, "0 codes"));
}

TEST_CASE("direction_sharpness: what the quadratic says, within the interval; zero for radius zero") {
  test::known_learner l;
  auto const p = point_of(l);
  CHECK(direction_sharpness(l, p, 0, {.split = "test"}) == loss_rise{"all", 0, 0});
  // E |w + r d|^2 - |w|^2 = r^2 |d|^2 by symmetry, and |d| is the norm of the two weight tensors.
  double const expected = 0.25 * (l.squares() - 0.25);
  auto const r = direction_sharpness(l, p, 0.5, {.split = "test"}, {.repetitions = 400});
  CHECK(near(r.mean, expected, 1.5 * r.half_width));
  CHECK(r.half_width > 0);
  CHECK(r.half_width < 0.3 * expected);
  CHECK(direction_sharpness(l, p, 0.5, {.split = "test"}, {.repetitions = 400}, test::thread_executor{}) == r);
  CHECK(point_of(l) == p);
}

TEST_CASE("basin_share: areas of nodes, edges count half") {
  loss_surface s;
  s.x.count = s.y.count = 3;
  surface_values v{"float", {9, 9, 9, 9, 1, 2, 9, 9, std::numeric_limits<double>::quiet_NaN()}, {}};
  CHECK(basin_share(s, v, 0) == 0.25);
  CHECK(basin_share(s, v, 1) == 0.375);
  CHECK(basin_share(s, v, 8) == 1 - 0.0625);
  v.loss.assign(9, std::numeric_limits<double>::infinity());
  CHECK(basin_share(s, v, 1) == 0);
  CHECK(test::refuses([&] { (void)basin_share(s, {"float", {1}, {}}, 1); }, "1 losses for 9 nodes"));
}

}  // namespace SQWA_TEST_FILE
