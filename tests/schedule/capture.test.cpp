// SPDX-License-Identifier: BSD-3-Clause
// Tests of the capture policies against all captures of a run, found by hand.
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/growing_cycles.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

#include <concepts>
#include <cstddef>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::after;
using sqwa::at_trough;
using sqwa::cosine;
using sqwa::cyclic;
using sqwa::every;
using sqwa::last;
using sqwa::step_index;
using captures = std::vector<step_index>;

constexpr cyclic lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 499}, 500};
using cycles = cyclic<cosine>;

static_assert(sqwa::capture_policy<at_trough, cycles> && !sqwa::capture_policy<at_trough, cosine>);
static_assert(sqwa::capture_policy<every, cycles> && sqwa::capture_policy<every, cosine>);
static_assert(sqwa::capture_policy<last<at_trough>, cycles> && !sqwa::capture_policy<last<at_trough>, cosine>);
static_assert(sqwa::capture_policy<after<every>, cosine> && !sqwa::capture_policy<after<at_trough>, cosine>);
static_assert(!sqwa::capture_policy<every, float> && !sqwa::capture_policy<float, cosine>);
static_assert(sqwa::capture_policy<bool (*)(cosine const&, step_index, step_index), cosine>);
static_assert(sqwa::capture_count(at_trough{.last = 7}, lr, 6'000) == 7);
static_assert(at_trough{.last = 7}(lr, 5'999, 6'000) && at_trough{.last = 7}(lr, 2'999, 6'000));
static_assert(!at_trough{.last = 7}(lr, 2'499, 6'000) && at_trough{}(lr, 2'499, 6'000));

/// All captures of a run, with a margin on both sides of it.
template <class P, class S>
captures taken(P const& policy, S const& s, step_index total) {
  captures all;
  for (step_index t = -20; t != total + 40; ++t) {
    if (policy(s, t, total)) all.push_back(t);
  }
  return all;
}

/// The steps of a run for which `f` holds.
template <class F>
captures steps_where(step_index total, F const& f) {
  captures all;
  for (step_index t = 0; t < total; ++t) {
    if (f(t)) all.push_back(t);
  }
  return all;
}

captures last_of(captures all, step_index n) {
  if (n > 0 && all.size() > static_cast<std::size_t>(n)) all.erase(all.begin(), all.end() - n);
  return all;
}

/// Calls `f` with schedules whose troughs lie at the ends, in the middle, at every step, or nowhere in a run.
template <class F>
void for_cyclic_schedules(F const& f) {
  f(cyclic{cosine{1, 0, 9}, 10});
  f(cyclic{sqwa::linear{0, 1, 6}, 7});
  f(cyclic{[](step_index t) { return static_cast<float>((t - 4) * (t - 4)); }, 11});
  f(cyclic{sqwa::constant{1}, 1});
  f(cyclic{cosine{1, 0, 999}, 1'000});
  f(sqwa::warm_up{cyclic{cosine{1, 0, 9}, 10}, 13});
  f(sqwa::then{cyclic{cosine{1, 0, 9}, 10}, 35, cosine{1, 0, 20}});
  f(sqwa::growing_cycles{cosine{1, 0, 0}, 4, 1.5});
}

}  // namespace

TEST_CASE("at_trough: takes exactly the last n troughs of the run, and all for 0") {
  for_cyclic_schedules([](auto const& s) {
    for (step_index total : {-5, 0, 1, 9, 10, 47, 100}) {
      auto const all = steps_where(total, [&](step_index t) { return s.event(t) == sqwa::cycle_event::trough; });
      for (step_index n : {0, 1, 2, 7, 1'000}) {
        CAPTURE(total);
        CAPTURE(n);
        CHECK(taken(at_trough{.last = n}, s, total) == last_of(all, n));
        CHECK(taken(last{at_trough{}, n}, s, total) == last_of(all, n));
        CHECK(sqwa::capture_count(at_trough{.last = n}, s, total) == static_cast<step_index>(last_of(all, n).size()));
      }
    }
  });
  CHECK(taken(at_trough{}, cyclic{cosine{1, 0, 9}, 10}, 47) == captures{9, 19, 29, 39});
}

TEST_CASE("every: takes a snapshot after each period, counted from the offset") {
  cosine const s{1, 0, 100};
  CHECK(taken(every{.period = 10}, s, 35) == captures{9, 19, 29});
  CHECK(taken(every{.period = 10, .offset = 4}, s, 35) == captures{13, 23, 33});
  for (step_index period : {1, 2, 7, 200}) {
    for (step_index offset : {-3, 0, 1, 7, 10, 99, 500}) {
      captures expected;
      for (step_index t = offset + period - 1; t < 100; t += period) {
        if (t >= 0) expected.push_back(t);
      }
      CAPTURE(period);
      CAPTURE(offset);
      CHECK(taken(every{.period = period, .offset = offset}, s, 100) == expected);
    }
  }
  CHECK(taken(every{}, s, 3) == captures{0, 1, 2});
  CHECK(taken(every{}, s, 0).empty());
}

TEST_CASE("after: leaves out the first steps and nothing else") {
  cyclic const s{cosine{1, 0, 9}, 10};
  CHECK(taken(after{at_trough{}, 29}, s, 50) == captures{29, 39, 49});
  CHECK(taken(after{at_trough{}, 30}, s, 50) == captures{39, 49});
  for (step_index first : {-4, 0, 1, 50, 60}) {
    CHECK(taken(after{every{.period = 3}, first}, s, 50) ==
          steps_where(50, [&](step_index t) { return t >= first && t % 3 == 2; }));
  }
}

TEST_CASE("last: takes the last captures of any policy, also of one that nests") {
  cyclic const s{cosine{1, 0, 9}, 10};
  for (step_index n : {0, 1, 3, 100}) {
    auto const expected = last_of(steps_where(90, [](step_index t) { return t >= 40 && t % 4 == 3; }), n);
    CHECK(taken(last{after{every{.period = 4}, 40}, n}, s, 90) == expected);
  }
  CHECK(taken(last{every{.period = 20}}, s, 90) == captures{79});
  CHECK(taken(after{last{at_trough{}, 5}, 70}, s, 90) == captures{79, 89});
  CHECK(taken(last{last{at_trough{}, 5}, 2}, s, 90) == captures{79, 89});
}

TEST_CASE("every: counts its captures at once, as a look at each step would") {
  for (every const p :
       {every{}, every{.period = 7}, every{.period = 7, .offset = 3}, every{.period = 5, .offset = 40}}) {
    for (step_index first = 0; first != 60; ++first) {
      for (step_index total : {0, 1, 39, 41, 58}) {
        step_index count = 0;
        for (step_index t = first; t < total; ++t) count += p(lr, t, total) ? 1 : 0;
        CHECK(p.count(lr, first, total) == count);
      }
    }
  }
  CHECK(sqwa::capture_count(last{every{}, 100'000}, lr, 200'000) == 100'000);  // not a look at each for each
}

TEST_CASE("last: a policy that captures beyond the run does not count there") {
  auto const always = [](auto const&, step_index, step_index) { return true; };
  CHECK(taken(last{always, 2}, sqwa::constant{1}, 10) == captures{8, 9});
}

TEST_CASE("capture policies: a negative count and an empty period are refused") {
  CHECK(test::refuses([] { (void)at_trough{.last = -1}(lr, 0, 10); }, "at_trough: the last -1 troughs"));
  CHECK(test::refuses([] { (void)every{.period = 0}(lr, 0, 10); }, "every: a period of 0 steps"));
  CHECK(test::refuses([] { (void)last{every{}, -2}(lr, 0, 10); }, "last: the last -2 captures"));
}

}  // namespace SQWA_TEST_FILE
