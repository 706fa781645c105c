// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace sqwa;

namespace {

constexpr cyclic<cosine> lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 9}, 10};

template <class P>
std::vector<step_index> taken(P const& policy, step_index total) {
  std::vector<step_index> steps;
  for (step_index t = -5; t != total + 20; ++t) {
    if (policy(lr, t, total)) steps.push_back(t);
  }
  return steps;
}

using list = std::vector<step_index>;

}  // namespace

static_assert(capture_policy<at_trough, cyclic<cosine>> && !capture_policy<at_trough, cosine>);
static_assert(capture_policy<every, cosine> && capture_policy<last<every>, cosine>);

TEST_CASE("at_trough: the troughs within the run, or the last of them") {
  CHECK(taken(at_trough{}, 45) == list{9, 19, 29, 39});
  CHECK(taken(at_trough{.last = 2}, 45) == list{29, 39});
  CHECK(taken(at_trough{.last = 9}, 45) == list{9, 19, 29, 39});
  CHECK(taken(at_trough{}, 9).empty());
  CHECK(test::refuses([] { (void)at_trough{.last = -1}(lr, 9, 20); }, "-1"));
}

TEST_CASE("every: after every so many steps, from an offset on") {
  CHECK(taken(every{.period = 7}, 30) == list{6, 13, 20, 27});
  CHECK(taken(every{.period = 7, .offset = 10}, 30) == list{16, 23});
  CHECK(test::refuses([] { (void)every{.period = 0}(lr, 1, 2); }, "period of 0"));
}

TEST_CASE("last and after: the end and the beginning of another policy's captures are cut") {
  CHECK(taken(last{at_trough{}, 3}, 45) == taken(at_trough{.last = 3}, 45));
  CHECK(taken(last{every{.period = 1}, 4}, 12) == list{8, 9, 10, 11});
  CHECK(taken(after{at_trough{}, 15}, 45) == list{19, 29, 39});
  CHECK(taken(last{after{every{.period = 5}, 12}, 2}, 30) == list{24, 29});
}

TEST_CASE("capture_count: how many snapshots a run takes") {
  CHECK(capture_count(at_trough{.last = 7}, lr, 200) == 7);
  CHECK(capture_count(at_trough{.last = 7}, lr, 50) == 5);
  CHECK(capture_count(every{.period = 10}, lr, 0) == 0);
}
