// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/verdict.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// Evidence for averaging, in which nothing stands against it.
averaging_evidence good() {
  return {.captures = 7, .distance = 0.1, .barrier = 0.0, .gain = 0.05, .requantization = 0.5};
}

struct row {
  char const* name;
  averaging_evidence evidence;
  advice expected;
  char const* words;
};

averaging_evidence with(auto change) {
  averaging_evidence e = good();
  change(e);
  return e;
}

}  // namespace

TEST_CASE("judge: each line of the rule decides on its own side, and the first that holds decides") {
  using e = averaging_evidence;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<row> const table = {
      {"all good", good(), advice::average, "no barrier between the captures (0.0 % of their loss)"},
      {"one capture", with([](e& x) { x.captures = 1; }), advice::undecided, "fewer than two"},
      {"none", {}, advice::undecided, "fewer than two"},
      {"equal", with([](e& x) { x.distance = 0; }), advice::do_not_average, "0.0 % of their codes differ"},
      {"nearly equal", with([](e& x) { x.distance = 0.000999; }), advice::do_not_average, "almost one model"},
      {"just not equal", with([](e& x) { x.distance = 0.001; }), advice::average, ""},
      {"no path", with([](e& x) { x.barrier.reset(); }), advice::undecided, "not measured"},
      {"barrier at the line", with([](e& x) { x.barrier = 0.02; }), advice::average, "2.0 % of their loss"},
      {"low barrier", with([](e& x) { x.barrier = 0.021; }), advice::undecided, "rises by 2.1 % of theirs: a low"},
      {"low barrier at its line", with([](e& x) { x.barrier = 0.2; }), advice::undecided, "a low barrier"},
      {"high barrier", with([](e& x) { x.barrier = 0.201; }), advice::do_not_average, "different valleys"},
      {"no bound", with([&](e& x) { x.barrier = infinity; }), advice::do_not_average, "infinitely many %"},
      {"no gain", with([](e& x) { x.gain = 0.0; }), advice::undecided, "no gain to keep"},
      {"a loss", with([](e& x) { x.gain = -0.015; }), advice::undecided, "by only -1.5 %"},
      {"unknown gain", with([](e& x) { x.gain.reset(); }), advice::average, ""},
      {"rounding at the line", with([](e& x) { x.requantization = 0.9; }), advice::average, ""},
      {"rounding", with([](e& x) { x.requantization = 0.91; }), advice::undecided, "re-quantizing puts 91.0 %"},
      {"unknown rounding", with([](e& x) { x.requantization.reset(); }), advice::average, ""},
      {"barrier before gain", with([](e& x) { x.barrier = 1.0, x.gain = -1.0; }), advice::do_not_average,
       "rises by 100"},
      {"distance before barrier", with([](e& x) { x.barrier = 1.0, x.distance = 0; }), advice::do_not_average,
       "almost"},
  };
  for (row const& r : table) {
    CAPTURE(r.name);
    verdict const v = judge(r.evidence);
    CHECK(v.what == r.expected);
    CHECK_MESSAGE(v.reason.find(r.words) != std::string::npos, v.reason);
    CHECK(judge(r.evidence) == v);
  }
}

TEST_CASE("judge: the lines can be drawn elsewhere") {
  auto const e = with([](averaging_evidence& x) { x.barrier = 0.1; });
  CHECK(judge(e).what == advice::undecided);
  CHECK(judge(e, {.low_barrier = 0.1}).what == advice::average);
  CHECK(judge(e, {.high_barrier = 0.09}).what == advice::do_not_average);
  CHECK(judge(good(), {.near = 0.2}).what == advice::do_not_average);
  CHECK(judge(good(), {.least_gain = 0.05}).what == advice::undecided);
  CHECK(judge(good(), {.requantization = 0.4}).what == advice::undecided);
}

TEST_CASE("judge: numbers that are none, and lines in the wrong order, are refused") {
  double const nan = std::nan("");
  for (auto const& e :
       {with([&](averaging_evidence& x) { x.distance = nan; }), with([](averaging_evidence& x) { x.distance = 1.1; }),
        with([](averaging_evidence& x) { x.distance = -0.1; }), with([&](averaging_evidence& x) { x.barrier = nan; }),
        with([](averaging_evidence& x) { x.barrier = -0.1; }), with([&](averaging_evidence& x) { x.gain = nan; }),
        with([&](averaging_evidence& x) { x.requantization = nan; }),
        with([](averaging_evidence& x) { x.requantization = -1.0; })}) {
    CHECK(test::refuses([&] { (void)judge(e); }, "judge: "));
  }
  for (auto const& r : {verdict_rule{.near = nan}, verdict_rule{.near = -1}, verdict_rule{.low_barrier = nan},
                        verdict_rule{.high_barrier = nan}, verdict_rule{.low_barrier = 0.3},
                        verdict_rule{.least_gain = nan}, verdict_rule{.requantization = nan}}) {
    CHECK(test::refuses([&] { (void)judge(good(), r); }, "judge: "));
  }
}

TEST_CASE("name_of: the advice in words") {
  CHECK(std::string(name_of(advice::average)) == "average");
  CHECK(std::string(name_of(advice::do_not_average)) == "do not average");
  CHECK(std::string(name_of(advice::undecided)) == "undecided");
}

}  // namespace SQWA_TEST_FILE
