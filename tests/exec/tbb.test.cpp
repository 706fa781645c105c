// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/exec/tbb.hpp>

#include <doctest/doctest.h>
#include <oneapi/tbb/task_arena.h>
#include <atomic>
#include <cstddef>
#include <vector>
#ifdef __cpp_exceptions
#include <stdexcept>
#endif

namespace SQWA_TEST_FILE {

static_assert(sqwa::executor<sqwa::tbb_executor>);

TEST_CASE("tbb_executor: every call once, in arenas of any size") {
  for (int const threads : {1, 2}) {
    oneapi::tbb::task_arena arena(threads);
    arena.execute([] {
      for (std::size_t const n : {0U, 1U, 2U, 1000U}) {
        std::vector<std::atomic<int>> seen(n);
        sqwa::tbb_executor{}.for_each(n, [&](std::size_t i) { ++seen[i]; });
        for (auto const& s : seen) CHECK(s == 1);
      }
    });
  }
}

#ifdef __cpp_exceptions
TEST_CASE("tbb_executor: an exception leaves for_each") {
  auto const run = [] {
    sqwa::tbb_executor{}.for_each(100, [](std::size_t i) {
      if (i == 50) throw std::runtime_error("fifty");
    });
  };
  CHECK_THROWS_WITH_AS(run(), "fifty", std::runtime_error);
}
#endif

}  // namespace SQWA_TEST_FILE
