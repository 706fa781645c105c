// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/executor.hpp>
#include "support/thread_executor.hpp"
#ifdef SQWA_TEST_TBB
#include <sqwa/exec/tbb.hpp>
#endif
#ifdef SQWA_TEST_THREADS
#include <sqwa/exec/team.hpp>
#endif

#include <doctest/doctest.h>
#include <cstddef>
#include <functional>
#include <vector>

namespace SQWA_TEST_FILE {

static_assert(sqwa::executor<sqwa::sequential> && sqwa::executor<test::thread_executor>);
static_assert(!sqwa::executor<int> && !sqwa::executor<std::vector<int>>);

TEST_CASE("chunks: cover [0, n) once, in order, at most 64 and never needlessly small") {
  for (std::size_t const n : {0U, 1U, 4095U, 4096U, 4097U, 262'143U, 262'144U, 262'145U, 1'000'003U}) {
    sqwa::chunks const part{n};
    std::size_t next = 0;
    for (std::size_t c = 0; c != part.count(); ++c) {
      CHECK(part.first(c) == next);
      CHECK(part.last(c) > part.first(c));
      CHECK((part.last(c) - part.first(c) >= sqwa::chunks::min_chunk || part.last(c) == n));
      CHECK(part.first(c) % sqwa::chunks::unit == 0);
      next = part.last(c);
    }
    CHECK(next == n);
    CHECK(part.count() <= sqwa::chunks::max_chunks);
  }
}

TEST_CASE("for_each_chunk: every element once, on every executor") {
  for (std::size_t const n : {0U, 1U, 100'000U}) {
    auto const visits = [n](auto exec) {
      std::vector<int> seen(n);
      sqwa::for_each_chunk(exec, n, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i != last; ++i) ++seen[i];
      });
      return seen;
    };
    CHECK(visits(sqwa::sequential{}) == std::vector<int>(n, 1));
    CHECK(visits(test::thread_executor{}) == std::vector<int>(n, 1));
#ifdef SQWA_TEST_TBB
    CHECK(visits(sqwa::tbb_executor{}) == std::vector<int>(n, 1));
#endif
#ifdef SQWA_TEST_THREADS
    sqwa::thread_team team(3);
    CHECK(visits(sqwa::team_executor(team)) == std::vector<int>(n, 1));
#endif
  }
}

TEST_CASE("reduce: every executor gives the same bits, and nothing gives the initial value") {
  std::vector<float> x(1'000'003);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = sqwa::noise{.seed = 5}(i)-0.4F;
  auto const total = [&](auto exec, std::size_t n) {
    return sqwa::reduce(
        exec, n, 0.25F,
        [&](std::size_t first, std::size_t last) {
          float sum = 0;
          for (std::size_t i = first; i != last; ++i) sum += x[i];
          return sum;
        },
        std::plus{});
  };
  CHECK(total(sqwa::sequential{}, 0) == 0.25F);
  for (std::size_t const n : {std::size_t{1}, std::size_t{5000}, x.size()}) {
    float const expected = total(sqwa::sequential{}, n);
    for (int again = 0; again != 5; ++again) {
      CHECK(total(test::thread_executor{}, n) == expected);
#ifdef SQWA_TEST_TBB
      CHECK(total(sqwa::tbb_executor{}, n) == expected);
#endif
    }
  }
}

TEST_CASE("reduce: neighbours are joined from left to right") {
  std::vector<std::size_t> const order = sqwa::reduce(
      test::thread_executor{}, 300'000, std::vector<std::size_t>{},
      [](std::size_t first, std::size_t) { return std::vector<std::size_t>{first}; },
      [](std::vector<std::size_t> a, std::vector<std::size_t> const& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
      });
  CHECK(order.size() == 64);
  for (std::size_t c = 0; c != 64; ++c) CHECK(order[c] == sqwa::chunks{300'000}.first(c));
}

}  // namespace SQWA_TEST_FILE
