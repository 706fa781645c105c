// SPDX-License-Identifier: BSD-3-Clause
// Tests of the loss gate against its rule worked out by hand, and of its state.
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::at_trough;
using sqwa::every;
using sqwa::loss_gated;
using sqwa::loss_trend;
using sqwa::step_index;

using cycles = sqwa::cyclic<sqwa::cosine>;
constexpr cycles lr{sqwa::cosine{.hi = 0.1F, .lo = 0.001F, .length = 4}, 5};
constexpr double infinity = std::numeric_limits<double>::infinity();

static_assert(sqwa::gated_capture_policy<loss_gated<at_trough>, cycles>);
static_assert(!sqwa::gated_capture_policy<loss_gated<at_trough>, sqwa::cosine>);
static_assert(!sqwa::gated_capture_policy<at_trough, cycles>);
static_assert(!sqwa::capture_policy<loss_gated<at_trough>, cycles>);  // the loss is missing

/// A loss that falls, rises again in the middle and falls.
double loss_at(step_index t) {
  return 1 + 0.5 * std::cos(static_cast<double>(t) * 0.2) + 0.01 * static_cast<double>(t % 3);
}

loss_trend after(std::vector<double> const& losses, step_index window) {
  loss_trend seen;
  for (double l : losses) seen = seen.next(l, window);
  return seen;
}

}  // namespace

TEST_CASE("loss_trend: the mean of the first losses, then their exponential average, and the least of it since") {
  constexpr step_index window = 4;
  loss_trend seen;
  double recent = 0, best = 0, sum = 0;
  for (step_index t = 0; t != 50; ++t) {
    double const loss = loss_at(t);
    sum += loss;
    recent = t < window ? sum / static_cast<double>(t + 1) : 0.75 * recent + 0.25 * loss;
    best = t < window ? recent : std::min(best, recent);
    seen = seen.next(loss, window);
    CHECK(seen.steps == t + 1);
    CHECK(seen.recent == doctest::Approx(recent).epsilon(1e-13));
    CHECK(seen.best == doctest::Approx(best).epsilon(1e-13));
  }
  CHECK(after(std::vector<double>(30, 0.1), 7) == loss_trend{30, 0.1, 0.1});  // exactly
  CHECK(after({1, 5}, 1) == loss_trend{2, 5, 1});
}

TEST_CASE("loss_trend: a lucky first batch is no record") {
  CHECK(after({0.001, 1, 1, 1}, 4).best > 0.7);
  CHECK(after({0.001, 1, 1, 1}, 1).best == 0.001);
}

TEST_CASE("loss_trend: what is no loss is refused, and the state stays as it was") {
  loss_trend const seen = after({1, 2}, 3);
  for (double bad : {std::nan(""), infinity, -infinity, std::numeric_limits<double>::max()}) {
    CHECK(test::refuses([&] { (void)seen.next(bad, 3); }, "loss_trend: the loss "));
  }
  CHECK(test::refuses([&] { (void)seen.next(1, 0); }, "a window of 0 steps"));
  double const most = std::numeric_limits<double>::max() / 2;
  CHECK(std::isfinite(after({most, -most, most}, 2).recent));
}

TEST_CASE("loss_trend: saved, loaded and continued it has the bits of one that never stopped") {
  loss_trend whole, stopped;
  for (step_index t = 0; t != 40; ++t) {
    whole = whole.next(loss_at(t), 6);
    stopped = loss_trend::load(stopped.save()).next(loss_at(t), 6);
  }
  CHECK(whole == stopped);
  auto bytes = whole.save();
  CHECK(bytes.size() == 24);
  bytes.pop_back();
  CHECK(test::refuses([&] { (void)loss_trend::load(bytes); }, "ends at byte 23"));
  CHECK(test::refuses([] { (void)loss_trend::load(loss_trend{3, std::nan(""), 1}.save()); }, "loss_trend::load"));
  CHECK(test::refuses([] { (void)loss_trend::load(loss_trend{-1, 1, 1}.save()); }, "-1 losses"));
  CHECK(test::refuses([] { (void)loss_trend::load(loss_trend{1, 1, 2}.save()); }, "2 at best"));
}

TEST_CASE("loss_gated: factor, margin and limit each bound the recent loss, at equality too") {
  loss_gated const factor{at_trough{}, 1.5};
  CHECK(factor.admits({10, 3, 2}));
  CHECK(!factor.admits({10, 3.001, 2}));
  loss_gated const margin{at_trough{}, 1.0, 0.25};
  CHECK(margin.admits({10, 2.25, 2}));
  CHECK(!margin.admits({10, 2.26, 2}));
  loss_gated const given{at_trough{}, infinity, 0.0, 0.5};
  CHECK(given.admits({10, 0.5, 0}));
  CHECK(!given.admits({10, 0.51, 0}));
  CHECK(given.admits({10, 0.4, 0.1}));
  loss_gated const both{at_trough{}, 2.0, 0.0, 1.0};
  CHECK(!both.admits({10, 1.5, 1}));
  CHECK(!both.admits({10, 0.9, 0.4}));
  CHECK(both.admits({10, 0.8, 0.4}));
}

TEST_CASE("loss_gated: losses below zero have room above their best too") {
  loss_gated const gate{at_trough{}, 1.5};
  CHECK(gate.admits({10, -2, -2}));
  CHECK(gate.admits({10, -1, -2}));
  CHECK(!gate.admits({10, -0.9, -2}));
}

TEST_CASE("loss_gated: nothing is admitted before the first loss") {
  CHECK(!loss_gated{at_trough{}}.admits({}));
  CHECK(loss_gated{at_trough{}}.admits(loss_trend{}.next(7, 20)));
}

TEST_CASE("loss_gated: parameters that are no numbers or leave no room are refused") {
  loss_trend const seen{1, 1, 1};
  CHECK(test::refuses([&] { (void)loss_gated{at_trough{}, std::nan("")}.admits(seen); }, "loss_gated: the factor"));
  CHECK(test::refuses([&] { (void)loss_gated{at_trough{}, 0.9}.admits(seen); }, "the factor 0.9"));
  CHECK(test::refuses([&] { (void)loss_gated{at_trough{}, 1.1, -1.0}.admits(seen); }, "the margin -1"));
  CHECK(test::refuses([&] { (void)loss_gated{at_trough{}, 1.1, 0.0, std::nan("")}.admits(seen); }, "the limit"));
}

TEST_CASE("loss_gated: captures where the other policy does and the loss is low, and nowhere else") {
  loss_gated const gate{sqwa::last{at_trough{}, 8}, 1.2, 0.0, infinity, 3};
  constexpr step_index total = 60;
  loss_trend seen;
  std::vector<step_index> taken, expected;
  for (step_index t = 0; t != total; ++t) {
    seen = gate.next(seen, loss_at(t));
    if (gate(lr, t, total, seen)) taken.push_back(t);
    if (t >= 20 && t % 5 == 4 && seen.recent <= 1.2 * seen.best) expected.push_back(t);
  }
  CHECK(taken == expected);
  CHECK(!taken.empty());
  CHECK(taken.size() < 8);
}

}  // namespace SQWA_TEST_FILE
