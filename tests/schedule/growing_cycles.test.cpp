// SPDX-License-Identifier: BSD-3-Clause
// Tests of growing cycles: lengths and values cycle by cycle, and events against a search.
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/growing_cycles.hpp>
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
using sqwa::growing_cycles;
using sqwa::step_index;

constexpr growing_cycles sgdr{cosine{.hi = 0.05F, .lo = 0, .length = 0}, 10, 2};

static_assert(sqwa::cyclic_schedule<growing_cycles<cosine>> && !sqwa::finite_schedule<growing_cycles<cosine>>);
static_assert(sgdr.period(0) == 10 && sgdr.period(1) == 20 && sgdr.period(5) == 320);
static_assert(sgdr(0) == 0.05F && sgdr(9) == 0 && sgdr(10) == 0.05F && sgdr(29) == 0 && sgdr(30) == 0.05F);
static_assert(sgdr.event(9) == trough && sgdr.event(10) == peak && sgdr.event(28) == none && sgdr.event(29) == trough);
static_assert(sgdr(-1) == sgdr(0) && sgdr.events(-1) == (cycle_begin | peak));

/// A shape with two equal tops and two equal bottoms, and local ones between.
struct zigzag {
  step_index length;
  constexpr float operator()(step_index t) const { return t >= length ? 0.0F : static_cast<float>(t * 5 % 7); }
  constexpr zigzag stretched(step_index n) const { return {n}; }
};

/// Falls to 0 at its end, with a deeper dip on the way.
struct dip {
  step_index length;
  constexpr float operator()(step_index t) const {
    return t == length / 3 ? -1.0F : static_cast<float>(length - (t < length ? t : length));
  }
  constexpr dip stretched(step_index n) const { return {n}; }
};

/// Each of the first cycles of growing_cycles against a `cyclic` of the same shape and length.
template <sqwa::stretchable S>
void check_cycles(S const& shape, step_index first, double factor) {
  growing_cycles const s{shape, first, factor};
  CAPTURE(first);
  CAPTURE(factor);
  step_index begin = 0;
  for (step_index k = 0; k != 6; ++k) {
    auto const period = std::llround(static_cast<double>(first) * std::pow(factor, static_cast<double>(k)));
    CHECK(s.period(k) == period);
    cyclic const one{shape.stretched(period - 1), period};
    for (step_index t = 0; t != period; ++t) {
      CAPTURE(k);
      CAPTURE(t);
      CHECK(s(begin + t) == one(t));
      CHECK(s.events(begin + t) == one.events(t));
      CHECK(s.event(begin + t) == one.event(t));
    }
    begin += period;
  }
}

}  // namespace

TEST_CASE("growing_cycles: every cycle is a cyclic schedule of the stretched shape") {
  for (step_index first : {1, 2, 7, 20}) {
    for (double factor : {1.0, 1.3, 2.0}) {
      check_cycles(cosine{1, 0, 0}, first, factor);
      check_cycles(sqwa::linear{0, 1, 99}, first, factor);
      check_cycles(sqwa::triangular{0, 1, 1, 2}, first, factor);
      check_cycles(sqwa::one_cycle{1, 10}, first, factor);
      check_cycles(sqwa::constant{0.1F}, first, factor);
      check_cycles(sqwa::scaled{cosine{1, 0, 0}, 0.1F}, first, factor);
      check_cycles(zigzag{0}, first, factor);
      check_cycles(dip{0}, first, factor);
    }
  }
}

TEST_CASE("growing_cycles: NaN is neither peak nor trough") {
  growing_cycles const s{cosine{std::numeric_limits<float>::quiet_NaN(), 0, 0}, 4, 2};
  CHECK(s.events(0) == cycle_begin);
  CHECK(s.events(3) == (peak | trough | cycle_end));
}

TEST_CASE("growing_cycles: steps at the far end of the counter still have a place") {
  auto const last = std::numeric_limits<step_index>::max();
  CHECK(sgdr(last) <= 0.05F);
  CHECK(sgdr(last) >= 0);
  CHECK(sgdr.period(100) == step_index{1} << 62);
  growing_cycles const same{cosine{1, 0, 0}, 500, 1};
  CHECK(same(500 * (last / 500)) == 1);
  CHECK(same(500 * (last / 500) - 1) == 0);
}

TEST_CASE("growing_cycles: shrinking factors and empty periods are refused") {
  CHECK(test::refuses([] { (void)growing_cycles{cosine{1, 0, 0}, 0, 2}; }, "a first period of 0 steps"));
  CHECK(test::refuses([] { (void)growing_cycles{cosine{1, 0, 0}, 10, 0.5}; }, "a factor of 0.5"));
  CHECK(test::refuses([] { (void)growing_cycles{cosine{1, 0, 0}, 10, std::nan("")}; }, "a factor of nan"));
  CHECK(test::refuses(
      [] {
        (void)growing_cycles{cosine{1, 0, 0}, 10, std::numeric_limits<double>::infinity()};
      },
      "a factor of inf"));
}

}  // namespace SQWA_TEST_FILE
