// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/diagnosis.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

loss_path path(std::vector<double> const& losses) {
  loss_path p;
  for (std::size_t i = 0; i != losses.size(); ++i) {
    p.points.push_back({static_cast<double>(i) / static_cast<double>(losses.size() - 1), losses[i], 0, 0});
  }
  return p;
}

}  // namespace

TEST_CASE("diagnosis_options: nothing is measured unless it is asked for") {
  CHECK(!diagnosis_options{}.any());
  CHECK(diagnosis_options{.captures = true}.any());
  CHECK(diagnosis_options{.oscillations = true}.any());
}

TEST_CASE("evidence_of: the highest barrier and the least gain of all paths, in units of the loss at their ends") {
  diagnosis d;
  d.distance = {.weights = 40, .differing = 10, .steps = 12};
  d.paths = {path({2, 1, 2}), path({3, 4, 5}), path({1, 1.25, 1})};
  auto const e = detail::evidence_of(d, 5, true);
  CHECK(e.captures == 5);
  CHECK(e.distance == 0.25);
  CHECK(*e.barrier == 0.25);
  CHECK(*e.gain == -0.25);
  CHECK(!e.requantization);
}

TEST_CASE("evidence_of: the re-quantization error that the recipe will make, in units of the captures' own") {
  diagnosis d;
  d.requantization = requantization_error{.energy = 10, .frozen = 3, .refitted = 2, .captures = 4};
  CHECK(*detail::evidence_of(d, 2, false).requantization == 0.75);
  CHECK(*detail::evidence_of(d, 2, true).requantization == 0.5);
  d.requantization->captures = 0;  // equal captures
  CHECK(!detail::evidence_of(d, 2, true).requantization);
}

TEST_CASE("evidence_of: two wells with a hump between them are not to be averaged, two sides of one bowl are") {
  diagnosis d;
  d.distance = {.weights = 10, .differing = 4, .steps = 4};
  d.paths = {path({1, 2, 1})};
  CHECK(judge(detail::evidence_of(d, 2, true)).what == advice::do_not_average);
  d.paths = {path({2, 1, 2})};
  CHECK(judge(detail::evidence_of(d, 2, true)).what == advice::average);
}

TEST_CASE("evidence_of: what has no finite loss at its ends is not measured, and an endless hump is") {
  double const nan = std::nan("");
  diagnosis d;
  d.paths = {path({nan, 1, 2})};
  CHECK(!detail::evidence_of(d, 2, true).barrier);
  d.paths = {path({1, nan, 2})};
  CHECK(*detail::evidence_of(d, 2, true).barrier == std::numeric_limits<double>::infinity());
  CHECK(!detail::evidence_of(d, 2, true).gain);
  d.paths = {path({0, 0, 0})};
  CHECK(*detail::evidence_of(d, 2, true).barrier == 0);
  CHECK(!detail::evidence_of(d, 2, true).gain);
  d.paths = {path({0, 1, 0})};
  CHECK(!detail::evidence_of(d, 2, true).barrier);
  d.paths = {};
  CHECK(!detail::evidence_of(d, 2, true).barrier);
}

}  // namespace SQWA_TEST_FILE
