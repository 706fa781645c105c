// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

using namespace sqwa;

namespace {

constexpr cosine shape_of_cycle{.hi = 0.1F, .lo = 0.001F, .length = 9};

}  // namespace

static_assert(cyclic_schedule<cyclic<cosine>> && !cyclic_schedule<cosine>);
static_assert(cyclic{shape_of_cycle, 10}(10) == 0.1F);
static_assert(cyclic{shape_of_cycle, 10}.event(19) == cycle_event::trough);

TEST_CASE("cyclic: repeats its cycle, and any step needs no step before it") {
  cyclic const s{shape_of_cycle, 10};
  for (step_index t = 0; t != 100; ++t) CHECK(s(t) == shape_of_cycle(t % 10));
  CHECK(s(10'000'000'003) == shape_of_cycle(3));
}

TEST_CASE("cyclic: each cycle has one begin, one peak, one trough and one end, where its values say") {
  triangular const wave{.lo = 0.1F, .hi = 0.5F, .up = 3, .down = 4};
  cyclic const s{wave, 7};
  for (step_index cycle = 0; cycle != 5; ++cycle) {
    int begins = 0, peaks = 0, troughs = 0, ends = 0;
    for (step_index t = cycle * 7; t != cycle * 7 + 7; ++t) {
      auto const e = s.events(t);
      begins += e.contains(cycle_event::cycle_begin);
      peaks += e.contains(cycle_event::peak);
      troughs += e.contains(cycle_event::trough);
      ends += e.contains(cycle_event::cycle_end);
      if (e.contains(cycle_event::peak)) CHECK(s(t) == 0.5F);
      if (e.contains(cycle_event::trough)) CHECK(s(t) == 0.1F);
    }
    CHECK(begins == 1);
    CHECK(peaks == 1);
    CHECK(troughs == 1);
    CHECK(ends == 1);
  }
}

TEST_CASE("cyclic: a falling cosine has its trough at the end and tells it first") {
  cyclic const s{shape_of_cycle, 10};
  CHECK(s.events(9) == (cycle_event::trough | cycle_events(cycle_event::cycle_end)));
  CHECK(s.event(9) == cycle_event::trough);
  CHECK(s.event(0) == cycle_event::peak);
  CHECK(s.event(4) == cycle_event::none);
}

TEST_CASE("cyclic: no period is refused") {
  CHECK(test::refuses([] { cyclic(constant{1}, 0); }, "period of 0"));
}

TEST_CASE("then: the second schedule begins at its own step 0, and its events come along") {
  then const s{linear{.from = 0, .to = 1, .length = 5}, 5, cyclic{shape_of_cycle, 10}};
  for (step_index t = 0; t != 40; ++t) {
    CHECK(s(t) == (t < 5 ? static_cast<float>(t) / 5 : shape_of_cycle((t - 5) % 10)));
    CHECK(s.events(t).contains(cycle_event::trough) == (t >= 5 && (t - 5) % 10 == 9));
  }
  then const at_once{constant{7}, 0, constant{1}};
  CHECK(at_once(0) == 1);
}

TEST_CASE("warm_up: rises to the schedule's first value, then runs it from its beginning") {
  warm_up const s{shape_of_cycle, 4};
  for (step_index t = 0; t != 4; ++t) CHECK(s(t) == doctest::Approx(0.1 * static_cast<double>(t) / 4));
  for (step_index t = 4; t != 20; ++t) CHECK(s(t) == shape_of_cycle(t - 4));
  CHECK(s.length() == 13);
}

TEST_CASE("scaled: multiplies every value and keeps the events") {
  scaled const s{cyclic{shape_of_cycle, 10}, 0.5F};
  for (step_index t = 0; t != 30; ++t) {
    CHECK(s(t) == 0.5F * shape_of_cycle(t % 10));
    CHECK(s.events(t).contains(cycle_event::trough) == (t % 10 == 9));
  }
}
