// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/read_ahead.hpp>

#include <doctest/doctest.h>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// Says which items were made, by whom; item 5 cannot be.
struct squares {
  struct record {
    std::uint64_t n;
    std::thread::id who;
  };
  std::vector<record>* made;

  void operator()(std::uint64_t n, std::vector<std::uint64_t>& item) {
    made->push_back({n, std::this_thread::get_id()});
    if (n == 5) throw std::runtime_error("no item 5");
    item.assign(100, n * n);
  }
};

using items = nn::read_ahead<std::vector<std::uint64_t>, squares>;
static_assert(!std::is_copy_constructible_v<items> && !std::is_move_constructible_v<items>);

bool holds(std::vector<std::uint64_t> const& item, std::uint64_t n) {
  return item == std::vector<std::uint64_t>(100, n * n);
}

}  // namespace

TEST_CASE("read_ahead: items in order are made once each, all but the first by the thread") {
  std::vector<squares::record> made;
  std::vector<std::uint64_t> item;
  {
    items row({}, squares{&made});
    for (std::uint64_t n = 100; n != 1'100; ++n) {
      row.take(n, item);
      CHECK(holds(item, n));
    }
  }
  REQUIRE(made.size() == 1'001);  // one more than was asked for
  for (std::uint64_t i = 0; i != 1'001; ++i) {
    CHECK(made[i].n == 100 + i);
    CHECK((made[i].who == std::this_thread::get_id()) == (i == 0));
  }
}

TEST_CASE("read_ahead: items in any order are those that were asked for") {
  std::vector<squares::record> made;
  std::vector<std::uint64_t> item;
  items row({}, squares{&made});
  for (std::uint64_t const n : {7U, 8U, 8U, 3U, 0U, 1U, 2U, 9U, 9U, 10U}) {
    row.take(n, item);
    CHECK(holds(item, n));
  }
}

TEST_CASE("read_ahead: what is thrown reaches the caller with its own item, from either thread, and work goes on") {
  std::vector<squares::record> made;
  std::vector<std::uint64_t> item;
  items row({}, squares{&made});
  row.take(3, item);
  row.take(4, item);  // the thread fails at 5
  CHECK(holds(item, 4));
  CHECK_THROWS_WITH_AS(row.take(5, item), "no item 5", std::runtime_error);
  CHECK(holds(item, 4));
  CHECK_THROWS_WITH_AS(row.take(5, item), "no item 5", std::runtime_error);  // now in this thread
  row.take(6, item);
  CHECK(holds(item, 6));
  row.take(4, item);
  row.take(7, item);  // nobody has asked for 5
  CHECK(holds(item, 7));
  row.take(8, item);
  CHECK(holds(item, 8));
}

TEST_CASE("read_ahead: without an item asked for, and with one that is being made, it ends") {
  std::vector<squares::record> made;
  for (int i = 0; i != 200; ++i) {
    items row({}, squares{&made});
    std::vector<std::uint64_t> item;
    if (i % 2 == 1) row.take(1, item);
  }
  CHECK(made.size() >= 100);
}

}  // namespace SQWA_TEST_FILE
