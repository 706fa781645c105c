// SPDX-License-Identifier: BSD-3-Clause
// Tests of damped cycles: heights cycle by cycle, events, and the ends of their parameters.
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/damped_cycles.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace SQWA_TEST_FILE {

namespace {

using enum sqwa::cycle_event;
using sqwa::cosine;
using sqwa::cyclic;
using sqwa::damped_cycles;
using sqwa::step_index;
using sqwa::triangular;

constexpr cyclic hills{triangular{.lo = 1, .hi = 9, .up = 4, .down = 4}, 8};
constexpr damped_cycles halved{hills, 0.5, 1};

static_assert(sqwa::cyclic_schedule<damped_cycles<cosine>> && !sqwa::finite_schedule<damped_cycles<cosine>>);
static_assert(halved(4) == 9 && halved(12) == 5 && halved(20) == 3 && halved(28) == 2);
static_assert(halved(2) == 5 && halved(10) == 3 && halved(0) == 1 && halved(8) == 1 && halved(800) == 1);
static_assert(halved(-3) == halved(0) && halved.events(-3) == halved.events(0));
static_assert(halved.event(4) == peak && halved.event(12) == peak && halved.events(15) == hills.events(7));

TEST_CASE("damped_cycles: each cycle is the one before it, brought nearer to the base") {
  for (double factor : {0.0, 0.1, 0.7, 1.0}) {
    for (float base : {0.0F, 0.002F, -1.0F}) {
      damped_cycles const s{cyclic{cosine{.hi = 0.4F, .lo = 0.002F, .length = 36}, 37}, factor, base};
      CAPTURE(factor);
      CAPTURE(base);
      for (step_index t = 0; t != 370; ++t) {
        double const before = double{s(t)} - base;
        double const after = double{s(t + 37)} - base;
        CHECK(after == doctest::Approx(before * factor).epsilon(1e-5));
        CHECK(s.events(t) == s.cycles().events(t));
      }
    }
  }
}

TEST_CASE("damped_cycles: a factor of 1 changes no bit, and a trough on the base stays there in every cycle") {
  cyclic const cycles{cosine{.hi = 0.3F, .lo = 0.01F, .length = 18}, 19};
  for (step_index t = 0; t != 190; ++t) CHECK(damped_cycles{cycles, 1.0, 0.01F}(t) == cycles(t));
  damped_cycles const s{cycles, 0.6, 0.01F};
  step_index const total = 190;
  int captures = 0;
  for (step_index t = 0; t != total; ++t) {
    if (!sqwa::at_trough{.last = 7}(s, t, total)) continue;
    CHECK(s(t) == 0.01F);
    ++captures;
  }
  CHECK(captures == 7);
}

TEST_CASE("damped_cycles: the farthest step has a value; what is no number stays none") {
  CHECK(halved(std::numeric_limits<step_index>::max()) == 1);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(damped_cycles{cyclic{sqwa::constant{nan}, 3}, 0.5}(7)));
}

TEST_CASE("damped_cycles: a factor outside [0, 1] and a base that is not finite are refused") {
  for (double factor : {-0.1, 1.01, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(test::refuses([&] { damped_cycles{hills, factor}; }, "damped_cycles: a factor of"));
  }
  for (float base : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([&] { damped_cycles{hills, 0.5, base}; }, "damped_cycles: the base"));
  }
}

}  // namespace

}  // namespace SQWA_TEST_FILE
