// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/schedule.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <limits>

using namespace sqwa;

namespace {

struct counter {
  int n = 0;
  float operator()(step_index) { return static_cast<float>(n++); }
};

}  // namespace

static_assert(!schedule<counter>, "a schedule must be callable while it is const");
static_assert(cycle_events{}.empty() && cycle_events{}.principal() == cycle_event::none);

TEST_CASE("cycle_events: a set, with a trough before all else") {
  cycle_events const both = cycle_event::cycle_end | cycle_events(cycle_event::trough);
  CHECK(both.contains(cycle_event::trough));
  CHECK(both.contains(cycle_event::cycle_end));
  CHECK(!both.contains(cycle_event::peak));
  CHECK(!both.contains(cycle_event::none));
  CHECK(both.principal() == cycle_event::trough);
}

TEST_CASE("epochs: passes over the data as steps; what overflows is refused") {
  CHECK(epochs(30, 938) == 28'140);
  CHECK(epochs(0, 5) == 0);
  CHECK(test::refuses([] { (void)epochs(-1, 5); }, "-1 epochs"));
  CHECK(test::refuses([] { (void)epochs(3, std::numeric_limits<step_index>::max()); }, "too many"));
}
