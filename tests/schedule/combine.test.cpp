// SPDX-License-Identifier: BSD-3-Clause
// Tests of the combinators: values against the parts, events against a search, zero lengths, restart.
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using enum sqwa::cycle_event;
using sqwa::constant;
using sqwa::cosine;
using sqwa::cycle_events;
using sqwa::cyclic;
using sqwa::linear;
using sqwa::scaled;
using sqwa::step_index;
using sqwa::then;
using sqwa::triangular;
using sqwa::warm_up;

constexpr cyclic lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 499}, 500};

static_assert(lr(0) == 0.1F && lr(499) == 0.001F && lr(500) == 0.1F && lr(7'321) == lr(321) && lr(-3) == 0.1F);
static_assert(lr.events(0) == (cycle_begin | peak) && lr.events(499) == (trough | cycle_end) && lr.events(250).empty());
static_assert(lr.event(499) == trough && lr.event(500) == peak && lr.event(1) == none && lr.event(-1) == peak);
static_assert(lr.period() == 500 && lr.cycle().length == 499);

static_assert(sqwa::cyclic_schedule<cyclic<cosine>> && !sqwa::finite_schedule<cyclic<cosine>>);
static_assert(sqwa::cyclic_schedule<then<cosine, cyclic<cosine>>> &&
              sqwa::cyclic_schedule<then<cyclic<cosine>, cosine>>);
static_assert(!sqwa::cyclic_schedule<then<cosine, cosine>> && sqwa::schedule<then<cosine, cosine>>);
static_assert(sqwa::cyclic_schedule<warm_up<cyclic<cosine>>> && !sqwa::cyclic_schedule<warm_up<cosine>>);
static_assert(sqwa::cyclic_schedule<scaled<cyclic<cosine>>> && !sqwa::cyclic_schedule<scaled<cosine>>);
static_assert(sqwa::stretchable<scaled<cosine>> && !sqwa::stretchable<scaled<cyclic<cosine>>>);

static_assert(sqwa::length_of(then{constant{1}, 100, cosine{1, 0, 40}}) == 140);
static_assert(sqwa::length_of(then{constant{1}, 100, cosine{1, 0, 0}}) == 100);
static_assert(sqwa::length_of(then{constant{1}, -100, cosine{1, 0, 40}}) == 40);
static_assert(sqwa::length_of(then{constant{1}, 100, lr}) == 0 && !sqwa::finite_schedule<then<constant, constant>>);
static_assert(sqwa::length_of(warm_up{cosine{1, 0, 40}, 10}) == 50 && sqwa::length_of(warm_up{lr, 10}) == 0);
static_assert(sqwa::length_of(scaled{cosine{1, 0, 40}, 2.0F}) == 40 && !sqwa::finite_schedule<scaled<constant>>);

/// The events of one cycle, found by looking at all of its values.
cycle_events found(std::vector<float> const& values, std::size_t at) {
  cycle_events all;
  if (at == 0) all |= cycle_begin;
  if (at + 1 == values.size()) all |= cycle_end;
  bool first_largest = true;
  bool last_smallest = true;
  for (std::size_t i = 0; i != values.size(); ++i) {
    if (i < at ? values[i] >= values[at] : values[i] > values[at]) first_largest = false;
    if (i > at ? values[i] <= values[at] : values[i] < values[at]) last_smallest = false;
  }
  if (first_largest) all |= peak;
  if (last_smallest) all |= trough;
  return all;
}

/// Checks values and events of three cycles of `s` against the parts.
template <sqwa::schedule S>
void check_cycles(S const& s, step_index period) {
  cyclic const c{s, period};
  std::vector<float> values;
  for (step_index t = 0; t != period; ++t) values.push_back(s(t));
  for (step_index t = 3 * period; t-- != 0;) {
    CAPTURE(t);
    auto const at = static_cast<std::size_t>(t % period);
    CHECK(c(t) == values[at]);
    CHECK(c.events(t) == found(values, at));
    CHECK(c.event(t) == c.events(t).principal());
  }
  for (auto e : {cycle_begin, peak, trough, cycle_end}) {
    int count = 0;
    for (step_index t = 0; t != period; ++t) count += c.events(t).contains(e) ? 1 : 0;
    CHECK(count == 1);
  }
}

}  // namespace

TEST_CASE("cyclic: repeats the shape; every cycle has one peak, one trough, one begin and one end") {
  for (step_index period : {1, 2, 3, 50, 101}) {
    CAPTURE(period);
    check_cycles(constant{0.5F}, period);
    check_cycles(cosine{1, 0, period - 1}, period);
    check_cycles(cosine{1, 0, 2 * period}, period);
    check_cycles(cosine{1, 0, period / 2}, period);
    check_cycles(linear{0, 1, period}, period);
    check_cycles(triangular{0, 1, period / 2, period / 2}, period);
    check_cycles(sqwa::one_cycle{1, period}, period);
    check_cycles(cyclic{cosine{1, 0, 3}, 4}, period);
    check_cycles([](step_index t) { return static_cast<float>(t * 7919 % 13); }, period);
  }
}

TEST_CASE("cyclic: a constant cycle has its peak at its first step and its trough at its last") {
  cyclic const flat{constant{0.1F}, 10};
  CHECK(flat.events(20) == (cycle_begin | peak));
  CHECK(flat.events(29) == (cycle_end | trough));
  CHECK(flat.events(25).empty());
}

TEST_CASE("cyclic: all events of a period of one step happen at once, and the trough counts") {
  cyclic const c{constant{0.1F}, 1};
  CHECK(c.events(3) == (cycle_begin | peak | trough | cycle_end));
  CHECK(c.event(3) == trough);
}

TEST_CASE("cyclic: NaN is neither peak nor trough") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  cyclic const c{[=](step_index t) { return t % 2 == 0 ? nan : static_cast<float>(-t); }, 6};
  CHECK(c.events(1) == peak);
  CHECK(c.events(5) == (trough | cycle_end));
  CHECK(c.events(0) == cycle_begin);
  cyclic const all{constant{nan}, 2};
  CHECK(all.events(0) == cycle_begin);
  CHECK(all.events(1) == cycle_end);
}

TEST_CASE("cyclic: a period below 1 is refused") {
  CHECK(test::refuses([] { (void)cyclic{constant{1}, 0}; }, "cyclic: a period of 0 steps"));
  CHECK(test::refuses([] { (void)cyclic{constant{1}, -4}; }, "cyclic: a period of -4 steps"));
}

TEST_CASE("then: the second schedule begins at its own step 0, with its own events") {
  linear const up{0, 1, 30};
  for (step_index n : {-7, 0, 1, 30, 41}) {
    auto const from = n < 0 ? 0 : n;
    then const s{up, n, cyclic{cosine{1, 0, 9}, 10}};
    then const r{cyclic{cosine{1, 0, 9}, 10}, n, up};
    then const both{cyclic{cosine{1, 0, 9}, 10}, n, cyclic{cosine{3, 2, 6}, 7}};
    for (step_index t = 80; t-- > -9;) {
      auto const at = t < 0 ? 0 : t;
      CAPTURE(n);
      CAPTURE(t);
      CHECK(s(t) == (at < from ? up(at) : s.second(at - from)));
      CHECK(s.events(t) == (at < from ? cycle_events() : s.second.events(at - from)));
      CHECK(r(t) == (at < from ? r.first(at) : up(at - from)));
      CHECK(r.events(t) == (at < from ? r.first.events(at) : cycle_events()));
      CHECK(both.events(t) == (at < from ? both.first.events(at) : both.second.events(at - from)));
      CHECK(both.event(t) == both.events(t).principal());
    }
  }
}

TEST_CASE("warm_up: rises in a straight line to the schedule's first value, then is the schedule") {
  for (step_index n : {-2, 0, 1, 4, 100}) {
    for (float from : {0.0F, 0.3F}) {
      warm_up const s{lr, n, from};
      auto const length = n < 0 ? 0 : n;
      for (step_index t = 0; t != 1'200; ++t) {
        CAPTURE(n);
        CAPTURE(t);
        if (t < length) {
          CHECK(s(t) == doctest::Approx(from + (0.1 - from) * static_cast<double>(t) / static_cast<double>(n)));
          CHECK(s.events(t).empty());
        } else {
          CHECK(s(t) == lr(t - length));
          CHECK(s.events(t) == lr.events(t - length));
        }
        CHECK(s.event(t) == s.events(t).principal());
      }
      CHECK(s(-1) == s(0));
      CHECK(s(0) == (n > 0 ? from : 0.1F));
    }
  }
  CHECK(warm_up{lr, 10}(0) == 0);
}

TEST_CASE("scaled: multiplies the values, keeps the events, and stretches what can be stretched") {
  scaled const s{lr, 0.5F};
  for (step_index t = 0; t != 1'000; ++t) {
    CHECK(s(t) == 0.5F * lr(t));
    CHECK(s.events(t) == lr.events(t));
    CHECK(s.event(t) == lr.event(t));
  }
  auto const stretched = scaled{cosine{1, 0.5F, 10}, 4.0F}.stretched(100);
  for (step_index t = 0; t != 120; ++t) CHECK(stretched(t) == 4 * cosine{1, 0.5F, 100}(t));
}

TEST_CASE("combinators: a schedule of doubles is rounded to float where it is used") {
  auto const third = [](step_index) { return 1.0 / 3; };
  float const expected = static_cast<float>(1.0 / 3);
  CHECK(cyclic{third, 3}(1) == expected);
  CHECK(then{third, 3, third}(1) == expected);
  CHECK(then{third, 3, third}(5) == expected);
  CHECK(warm_up{third, 3}(3) == expected);
  CHECK(scaled{third, 1.0F}(3) == expected);
}

TEST_CASE("combinators: nest, and any step is the same at once as after all steps before it") {
  then const s{scaled{warm_up{cyclic{triangular{0, 1, 5, 15}, 20}, 7, 0.1F}, 0.1F}, 333,
               sqwa::discrete{{{0.01F, 50}, {0.001F, 50}}}};
  std::vector<float> walked;
  for (step_index t = 0; t != 500; ++t) walked.push_back(s(t));
  for (step_index t : {499, 0, 332, 333, 6, 7, 12, 382, 383}) CHECK(s(t) == walked[static_cast<std::size_t>(t)]);
  CHECK(s(12) == 0.1F);
  CHECK(s.event(12) == peak);
  CHECK(s(382) == 0.01F);
  CHECK(s(383) == 0.001F);
  CHECK(sqwa::length_of(s) == 433);
}

}  // namespace SQWA_TEST_FILE
