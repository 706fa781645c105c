// SPDX-License-Identifier: BSD-3-Clause
// Tests of the range of steps: its concepts, its views, and any step at once.
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>
#include <sqwa/schedule/steps.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::cosine;
using sqwa::cyclic;
using sqwa::step_index;
using sqwa::steps;

constexpr cyclic lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 499}, 500};
using range = steps<cyclic<cosine>>;

static_assert(std::ranges::random_access_range<range> && std::ranges::random_access_range<range const>);
static_assert(std::ranges::view<range> && std::ranges::viewable_range<range>);
static_assert(!std::ranges::common_range<range> && !std::ranges::sized_range<range>);
static_assert(!std::ranges::borrowed_range<range> && !std::ranges::output_range<range, float>);
static_assert(std::same_as<std::ranges::range_value_t<range>, float>);
static_assert(std::same_as<std::ranges::range_difference_t<range>, step_index>);
static_assert(std::sized_sentinel_for<range::iterator, range::iterator>);
static_assert(steps(lr).begin()[7'321] == lr(7'321) && *steps(lr, 499).begin() == 0.001F);

struct impure {
  int n = 0;
  float operator()(step_index) { return static_cast<float>(n++); }
};
template <class S>
concept has_steps = requires(S s) {
  steps(s);
};
static_assert(has_steps<cosine> && !has_steps<impure> && !has_steps<float>);

auto const capturing = [](float slope) { return [slope](step_index t) { return slope * static_cast<float>(t); }; };
using lambda = decltype(capturing(1));
static_assert(!std::is_copy_assignable_v<lambda> && std::ranges::view<steps<lambda>>);

/// Neither assignable nor copied without a chance of failure: a range, but no view.
struct heavy {
  std::vector<float> const table;
  float operator()(step_index t) const { return table[static_cast<std::size_t>(t)]; }
};
static_assert(std::ranges::random_access_range<steps<heavy>> && !std::ranges::view<steps<heavy>>);

}  // namespace

TEST_CASE("steps: a loop over the range sees the schedule's values in order") {
  step_index t = 0;
  for (float rate : steps(lr) | std::views::take(1'234)) CHECK(rate == lr(t++));
  CHECK(t == 1'234);
  for (float rate : steps(lr, 700)) {
    if (t == 1'240) break;
    CHECK(rate == lr(700 + t++ - 1'234));
  }
}

TEST_CASE("steps: drop, take, transform and filter compose, also over a name") {
  steps const all(lr);
  step_index t = 480;
  for (float rate :
       all | std::views::drop(480) | std::views::take(40) | std::views::transform([](float x) { return 2 * x; })) {
    CHECK(rate == 2 * lr(t++));
  }
  CHECK(t == 520);
  int tops = 0;
  for (float rate : all | std::views::take(2'000) | std::views::filter([](float x) { return x == 0.1F; })) {
    tops += rate > 0 ? 1 : 0;
  }
  CHECK(tops == 4);
}

TEST_CASE("steps: algorithms of random-access ranges find what the values say") {
  steps const all(sqwa::linear{.from = 1, .to = 0, .length = 1'000});
  auto const first = all.begin();
  auto const at = std::ranges::lower_bound(first, first + 1'000, 0.25F, std::ranges::greater{});
  CHECK(at.step() == 750);
  CHECK(*at == 0.25F);
}

TEST_CASE("steps: iterators count like steps") {
  steps const all(lr);
  auto const begin = all.begin();
  auto i = begin;
  CHECK(i++ == begin);
  CHECK(i == begin + 1);
  CHECK(i-- == 1 + begin);
  CHECK(++i == begin + 1);
  CHECK(--i == begin);
  i += 10;
  CHECK(i - begin == 10);
  CHECK(begin - i == -10);
  CHECK(i - 4 == begin + 6);
  CHECK((i -= 3).step() == 7);
  CHECK((begin < i && i > begin && begin <= begin && i >= begin && begin != i));
  CHECK(i[3] == lr(10));
  CHECK(begin != all.end());
  CHECK(range::iterator() == range::iterator());
}

TEST_CASE("steps: a lambda with captures is assigned with its range") {
  steps twice(capturing(2));
  steps const thrice(capturing(3));
  twice = thrice;
  CHECK(twice.begin()[5] == 15);
  twice = std::as_const(twice);
  CHECK(twice.begin()[5] == 15);
  step_index t = 0;
  for (float x : steps(capturing(4)) | std::views::take(5)) CHECK(x == static_cast<float>(4 * t++));
}

}  // namespace SQWA_TEST_FILE
