// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/line.hpp>

#include "support/refuses.hpp"
#include "support/thread_executor.hpp"
#include "surface/known_learner.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

TEST_CASE("loss_along: a known parabola, its projection, its barrier; the same on threads") {
  test::known_learner l;
  auto const before = point_of(l);
  model_point a{{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0.25}, {1}}, b = a;
  for (double& v : b.trained) v = -v;
  surface_options const how{.split = "test", .format = format_by_name(symmetric<3>{})};
  auto const line = loss_along(l, a, b, how, 4);
  CHECK(line.length == 2 * std::sqrt(2.0625));
  CHECK(line.t == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  CHECK(line.surfaces[0].loss == std::vector<double>{2.0625, 2.0625 / 4, 0, 2.0625 / 4, 2.0625});
  CHECK(line.surfaces[1].loss == line.surfaces[0].loss);  // one code that is not zero: the fitted lattice holds all
  CHECK(barrier(line, line.surfaces[0]) == 0);            // a valley
  CHECK(point_of(l) == before);
  CHECK(loss_along(l, a, b, how, 4, test::thread_executor{}) == line);

  low_bit_model scales;
  {
    test::known_learner at;
    put(at, a);
    scales = low_bit_weights(at, symmetric<3>{}).capture();
  }
  auto const frozen = loss_along(l, a, b, {.split = "test", .format = how.format, .scales = scales}, 4);
  // At t = 1/4 the weights 1/2 lie between two points, and ties go to the even code 0; the bias stays float.
  CHECK(frozen.surfaces[1].loss == std::vector<double>{2.0625, 0.015625, 0, 0.015625, 2.0625});
  CHECK(test::refuses([&] { (void)loss_along(l, a, b, how, 0); }, "no intervals"));
  CHECK(test::refuses([&] { (void)loss_along(l, a, {{1}, {}}, how); }, "1 trained numbers"));
}

TEST_CASE("barrier: above the straight line between the ends") {
  loss_line const line{1, {0, 0.5, 1}, {{"float", {1, 5, 3}, {}}}};
  CHECK(barrier(line, line.surfaces[0]) == 3);
  CHECK(test::refuses([&] { (void)barrier(line, {"float", {1}, {}}); }, "1 losses at 3 places"));
}

}  // namespace SQWA_TEST_FILE
