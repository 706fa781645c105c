// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>
#include <sqwa/schedule/steps.hpp>

#include <doctest/doctest.h>
#include <iterator>
#include <ranges>

using namespace sqwa;

using range = steps<cyclic<cosine>>;
static_assert(std::ranges::random_access_range<range const> && std::ranges::view<range>);
static_assert(!std::ranges::sized_range<range>);

TEST_CASE("steps: the values of the schedule, endless and at any place") {
  cyclic const lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 499}, 500};
  step_index t = 0;
  for (float rate : steps(lr)) {
    CHECK(rate == lr(t));
    if (++t == 1'200) break;
  }
  steps const all(lr);
  CHECK(all.begin()[7'321] == lr(7'321));
  CHECK(*(all.begin() + 1'000'000'007) == lr(1'000'000'007));
  CHECK((all.begin() + 12) - all.begin() == 12);
}

TEST_CASE("steps: pipes into the views of the standard library") {
  linear const s{.from = 0, .to = 10, .length = 10};
  float sum = 0;
  int count = 0;
  auto const doubled = [](float x) { return 2 * x; };
  for (float x : steps(s) | std::views::drop(2) | std::views::take(3) | std::views::transform(doubled)) {
    sum += x;
    ++count;
  }
  CHECK(count == 3);
  CHECK(sum == 2 * (2 + 3 + 4));
}

TEST_CASE("steps: can begin anywhere, as after a checkpoint") {
  linear const s{.from = 0, .to = 10, .length = 10};
  CHECK(*steps(s, 4).begin() == 4);
}
