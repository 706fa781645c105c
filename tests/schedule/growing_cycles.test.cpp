// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/growing_cycles.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace sqwa;

static_assert(cyclic_schedule<growing_cycles<cosine>>);

TEST_CASE("growing_cycles: cycles of 5, 10, 20, … steps, each from hi to lo") {
  growing_cycles const s{cosine{.hi = 0.2F, .lo = 0.01F, .length = 1}, 5, 2.0};
  std::vector<step_index> begins, troughs;
  for (step_index t = 0; t != 75; ++t) {
    if (s.events(t).contains(cycle_event::cycle_begin)) begins.push_back(t);
    if (s.events(t).contains(cycle_event::trough)) troughs.push_back(t);
  }
  CHECK(begins == std::vector<step_index>{0, 5, 15, 35});
  CHECK(troughs == std::vector<step_index>{4, 14, 34, 74});
  for (step_index t : begins) CHECK(s(t) == 0.2F);
  for (step_index t : troughs) CHECK(s(t) == 0.01F);
  CHECK(s.period(3) == 40);
}

TEST_CASE("growing_cycles: a factor of 1 is the cyclic schedule, and less is refused") {
  growing_cycles const s{cosine{.hi = 1, .lo = 0, .length = 1}, 8, 1.0};
  cosine const cycle{.hi = 1, .lo = 0, .length = 7};
  for (step_index t = 0; t != 50; ++t) CHECK(s(t) == cycle(t % 8));
  CHECK(test::refuses([] { growing_cycles(cosine{.hi = 1, .lo = 0, .length = 1}, 8, 0.5); }, "factor of 0.5"));
  CHECK(test::refuses([] { growing_cycles(cosine{.hi = 1, .lo = 0, .length = 1}, 0, 2.0); }, "first period of 0"));
}
