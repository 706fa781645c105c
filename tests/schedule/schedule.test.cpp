// SPDX-License-Identifier: BSD-3-Clause
// Tests of the concepts of schedules, of sets of events and of lengths.
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <memory>

namespace SQWA_TEST_FILE {

namespace {

using enum sqwa::cycle_event;
using sqwa::cycle_events;
using sqwa::step_index;

struct move_only {
  std::unique_ptr<int> p;
  float operator()(step_index) const { return 0; }
};
struct counter {
  int n = 0;
  float operator()(step_index) { return static_cast<float>(n++); }
};
struct with_events {
  float operator()(step_index) const { return 1; }
  cycle_events events(step_index t) const { return t == 0 ? cycle_events(trough) : cycle_events(); }
};
struct ends_by_function {
  float operator()(step_index) const { return 1; }
  constexpr step_index length() const { return 12; }
};

static_assert(sqwa::schedule<decltype([](step_index) { return 0.1F; })>);
static_assert(sqwa::schedule<decltype([](step_index) { return 0.1; })>);
static_assert(!sqwa::schedule<float> && !sqwa::schedule<counter> && !sqwa::schedule<move_only>);
static_assert(!sqwa::schedule<decltype([](step_index) { return nullptr; })>);
static_assert(sqwa::cyclic_schedule<with_events> && !sqwa::cyclic_schedule<sqwa::constant>);
static_assert(sqwa::finite_schedule<sqwa::cosine> && sqwa::finite_schedule<ends_by_function>);
static_assert(!sqwa::finite_schedule<sqwa::constant> && !sqwa::finite_schedule<sqwa::exponential>);
static_assert(sqwa::stretchable<sqwa::cosine> && !sqwa::stretchable<sqwa::exponential>);

static_assert(cycle_events().empty() && cycle_events(none).empty() && !cycle_events(peak).empty());
static_assert((trough | cycle_end).contains(trough) && (trough | cycle_end).contains(cycle_end));
static_assert(!(trough | cycle_end).contains(peak) && !(trough | cycle_end).contains(none));
static_assert((peak | cycle_begin) == (cycle_begin | peak) && (peak | cycle_begin) != cycle_events(peak));
static_assert((cycle_events(peak) | cycle_events()) == peak);

static_assert(sqwa::length_of(sqwa::cosine{.hi = 1, .lo = 0, .length = 7}) == 7);
static_assert(sqwa::length_of(ends_by_function{}) == 12 && sqwa::length_of(sqwa::constant{.value = 1}) == 0);
static_assert(sqwa::epochs(30, 938) == 28'140 && sqwa::epochs(0, 938) == 0 && sqwa::epochs(5, 0) == 0);

}  // namespace

TEST_CASE("cycle_events: the principal event of every set follows trough, peak, cycle_end, cycle_begin") {
  CHECK(cycle_events().principal() == none);
  for (int bits = 1; bits != 16; ++bits) {
    cycle_events set;
    for (auto e : {cycle_begin, peak, trough, cycle_end}) {
      if ((bits & static_cast<int>(e)) != 0) set |= e;
    }
    auto const expected = set.contains(trough)      ? trough
                          : set.contains(peak)      ? peak
                          : set.contains(cycle_end) ? cycle_end
                                                    : cycle_begin;
    CHECK(set.principal() == expected);
  }
}

TEST_CASE("epochs: negative counts and products that do not fit are refused") {
  CHECK(test::refuses([] { (void)sqwa::epochs(-1, 10); }, "-1 epochs of 10 steps"));
  CHECK(test::refuses([] { (void)sqwa::epochs(1, -10); }, "1 epochs of -10 steps"));
  auto const most = std::numeric_limits<step_index>::max();
  CHECK(sqwa::epochs(1, most) == most);
  CHECK(test::refuses([=] { (void)sqwa::epochs(2, most); }, "too many"));
}

}  // namespace SQWA_TEST_FILE
