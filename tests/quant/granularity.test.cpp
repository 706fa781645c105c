// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/quant/granularity.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::blocks;
using sqwa::shape;

namespace {

struct wrong {
  int operator()(shape const&) const { return 1; }
};

static_assert(sqwa::granularity<sqwa::per_tensor> && sqwa::granularity<sqwa::per_channel>);
static_assert(sqwa::granularity<sqwa::per_group> && !sqwa::granularity<wrong> && !sqwa::granularity<int>);

/// Every layout of a few shapes, ragged groups among them.
std::vector<blocks> layouts() {
  std::vector<blocks> all;
  for (shape const& s : {shape{}, shape{1}, shape{7}, shape{4, 3}, shape{2, 3, 5, 4}, shape{1, 1, 6}}) {
    all.push_back(sqwa::per_tensor{}(s));
    for (std::size_t axis = 0; axis != s.rank(); ++axis) all.push_back(sqwa::per_channel{.axis = axis}(s));
    for (std::size_t n : {1U, 2U, 5U, 7U, 1'000U}) all.push_back(sqwa::per_group{.size = n}(s));
  }
  return all;
}

}  // namespace

TEST_CASE("granularity: runs cover every element once, in order, and lie within their block") {
  for (blocks const& layout : layouts()) {
    CHECK(layout.valid());
    for (std::size_t begin = 0; begin <= layout.size; ++begin) {
      for (std::size_t end = begin; end <= layout.size; ++end) {
        std::size_t next = begin;
        sqwa::for_each_run(layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
          CHECK(first == next);
          CHECK(length > 0);
          CHECK(block < layout.count);
          for (std::size_t i = first; i != first + length; ++i) CHECK(layout.of(i) == block);
          next = first + length;
        });
        CHECK(next == end);
      }
    }
  }
}

TEST_CASE("granularity: a channel is what its index along the axis says") {
  shape const s{2, 3, 5, 4};
  for (std::size_t axis = 0; axis != s.rank(); ++axis) {
    blocks const layout = sqwa::per_channel{.axis = axis}(s);
    CHECK(layout.count == s[axis]);
    std::size_t i = 0;
    for (std::size_t a = 0; a != 2; ++a) {
      for (std::size_t b = 0; b != 3; ++b) {
        for (std::size_t c = 0; c != 5; ++c) {
          for (std::size_t d = 0; d != 4; ++d) {
            std::size_t const index[] = {a, b, c, d};
            CHECK(layout.of(i++) == index[axis]);
          }
        }
      }
    }
  }
}

TEST_CASE("granularity: one block a tensor, one run a channel along the first axis") {
  CHECK(sqwa::per_tensor{}(shape{4, 3, 2}) == blocks{.size = 24, .outer = 1, .count = 1, .inner = 24});
  CHECK(sqwa::per_channel{}(shape{4, 3, 2}) == blocks{.size = 24, .outer = 1, .count = 4, .inner = 6});
}

TEST_CASE("granularity: groups have their size but for the last, whatever the shape") {
  blocks const layout = sqwa::per_group{.size = 5}(shape{3, 4});
  CHECK(layout.count == 3);
  std::vector<std::size_t> sizes(layout.count);
  for (std::size_t i = 0; i != layout.size; ++i) ++sizes[layout.of(i)];
  CHECK(sizes == std::vector<std::size_t>{5, 5, 2});
}

TEST_CASE("granularity: tensors without elements have no runs") {
  for (shape const& s : {shape{0}, shape{3, 0}, shape{0, 3}}) {
    for (blocks const& layout : {sqwa::per_tensor{}(s), sqwa::per_channel{}(s),
                                 sqwa::per_channel{.axis = s.rank() - 1}(s), sqwa::per_group{}(s)}) {
      CHECK(layout.size == 0);
      CHECK(layout.valid());
      sqwa::for_each_run(layout, [](std::size_t, std::size_t, std::size_t) { FAIL("a run"); });
    }
  }
}

TEST_CASE("granularity: valid tells layouts that do not cover their elements") {
  CHECK(blocks{12, 2, 3, 2}.valid());
  CHECK(blocks{11, 1, 3, 4}.valid());
  CHECK_FALSE(blocks{12, 2, 3, 3}.valid());
  CHECK_FALSE(blocks{11, 2, 3, 2}.valid());
  CHECK_FALSE(blocks{12, 1, 2, 4}.valid());
  CHECK_FALSE(blocks{12, 0, 3, 4}.valid());
  CHECK_FALSE(blocks{12, 1, 0, 4}.valid());
  CHECK_FALSE(blocks{12, 1, 3, 0}.valid());
  std::size_t const huge = std::numeric_limits<std::size_t>::max();
  CHECK_FALSE(blocks{4, huge / 2 + 1, 2, 4}.valid());  // the product wraps to 0, times 4 as well
  CHECK(blocks{huge, 1, 1, huge}.valid());
}

TEST_CASE("granularity: an axis that is not there and groups of nothing are refused") {
  CHECK(test::refuses(
      [] {
        (void)sqwa::per_channel{.axis = 2}(shape{3, 4});
      },
      "per_channel: axis 2 of a tensor with 2"));
  CHECK(test::refuses([] { (void)sqwa::per_channel{}(shape{}); }, "axis 0"));
  CHECK(test::refuses([] { (void)sqwa::per_group{.size = 0}(shape{3}); }, "per_group"));
}

}  // namespace SQWA_TEST_FILE
