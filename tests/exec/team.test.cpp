// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/team.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <type_traits>
#include <vector>
#ifdef __cpp_exceptions
#include <stdexcept>
#include <string>
#endif

namespace SQWA_TEST_FILE {

static_assert(sqwa::executor<sqwa::team_executor>);
static_assert(sqwa::any_backend<sqwa::backend<sqwa::scalar_kernels, sqwa::team_executor>>);
static_assert(!sqwa::executor<sqwa::thread_team>);  // not semiregular: a team owns its threads
static_assert(!std::is_copy_constructible_v<sqwa::thread_team> && !std::is_move_constructible_v<sqwa::thread_team>);

using namespace std::chrono_literals;

TEST_CASE("savings: a team that costs time is left until a fortieth of the time has paid for it") {
  sqwa::detail::savings s;
  CHECK(s.pays());
  s.together(3ms, 1ms);
  CHECK(s.pays());
  s.together(4ms, 1ms);  // 5 ms lost
  CHECK(!s.pays());
  s.apart(100ms);
  CHECK(!s.pays());
  s.apart(101ms);
  CHECK(s.pays());
}

TEST_CASE("savings: what was saved may be lost again, but a long past is forgotten, and so is a pause of hours") {
  sqwa::detail::savings s;
  for (int again = 0; again != 100; ++again) s.together(1ms, 2ms);
  s.together(24ms, 1ms);
  CHECK(s.pays());
  s.together(3ms, 1ms);
  CHECK(!s.pays());
  s.together(1h, 1ms);
  s.apart(3'990ms);
  CHECK(!s.pays());
  s.apart(11ms);
  CHECK(s.pays());
}

TEST_CASE("thread_team: every call once, for teams of any size, awake or asleep, again and again") {
  for (std::size_t const threads : {1U, 2U, 3U, 5U}) {
    for (auto const spin : {0us, 50us, 10'000us}) {
      sqwa::thread_team team(threads, spin);
      CHECK(team.size() == threads);
      for (std::size_t const n : {0U, 1U, 2U, 3U, 7U, 64U, 1000U}) {
        std::vector<std::atomic<int>> seen(n);
        for (int again = 0; again != 50; ++again) team.for_each(n, [&](std::size_t i) { ++seen[i]; });
        CHECK(std::all_of(seen.begin(), seen.end(), [](auto const& s) { return s == 50; }));
      }
    }
  }
}

namespace {

/// Which thread runs the second of two calls beside the caller; the caller itself, when nobody came in many tries.
std::thread::id helper_of(auto&& exec) {
  for (int again = 0; again != 10'000; ++again) {
    std::atomic<int> met = 0;
    std::thread::id second;
    exec.for_each(2, [&](std::size_t i) {
      if (i == 1) second = std::this_thread::get_id();
      ++met;
      for (int k = 0; k != 1'000 && met != 2; ++k) std::this_thread::yield();
    });
    if (second != std::this_thread::get_id()) return second;
  }
  return std::this_thread::get_id();
}

}  // namespace

TEST_CASE("thread_team: an index is always with the same thread, but where the caller takes it over") {
  sqwa::thread_team team(3);
  std::vector<std::vector<std::thread::id>> helpers(9);
  for (int again = 0; again != 2'000; ++again) {
    team.for_each(9, [&](std::size_t i) {
      std::this_thread::yield();
      auto const me = std::this_thread::get_id();
      if (std::find(helpers[i].begin(), helpers[i].end(), me) == helpers[i].end()) helpers[i].push_back(me);
    });
  }
  for (auto& who : helpers) std::erase(who, std::this_thread::get_id());
  for (std::size_t i = 0; i != 9; ++i) {
    CHECK(helpers[i].size() == (i < 3 ? 0 : 1));
    CHECK(helpers[i] == helpers[i / 3 * 3]);
  }
  CHECK(helpers[3] != helpers[6]);
}

TEST_CASE("thread_team: a thread that sleeps is woken") {
  sqwa::thread_team team(2, 0s);
  for (int k = 0; k != 20'000; ++k) std::this_thread::yield();
  CHECK(helper_of(sqwa::team_executor(team)) != std::this_thread::get_id());
}

TEST_CASE("thread_team: the caller takes over what a thread has not begun") {
  auto const caller = std::this_thread::get_id();
  std::atomic<bool> taken = false;
  for (int again = 0; again != 10'000 && !taken; ++again) {
    sqwa::thread_team team(2);  // its thread is hardly there when the loop is over
    team.for_each(2, [&](std::size_t i) {
      if (i == 1) taken = std::this_thread::get_id() == caller;
    });
  }
  CHECK(taken);
}

TEST_CASE("thread_team: a loop inside a loop runs where it is called") {
  sqwa::thread_team team(3);
  std::vector<std::atomic<int>> seen(16 * 16);
  std::atomic<int> elsewhere = 0;
  team.for_each(16, [&](std::size_t i) {
    auto const here = std::this_thread::get_id();
    team.for_each(16, [&](std::size_t k) {
      ++seen[16 * i + k];
      if (std::this_thread::get_id() != here) ++elsewhere;
    });
  });
  for (auto const& s : seen) CHECK(s == 1);
  CHECK(elsewhere == 0);
}

TEST_CASE("thread_team: several callers at once, each gets all of its own calls") {
  sqwa::thread_team team(2);
  std::vector<std::vector<int>> seen(3, std::vector<int>(20));
  {
    std::vector<std::jthread> callers;
    for (auto& mine : seen) {
      callers.emplace_back([&] {
        for (int again = 0; again != 300; ++again) team.for_each(mine.size(), [&](std::size_t i) { ++mine[i]; });
      });
    }
  }
  for (auto const& mine : seen) CHECK(mine == std::vector<int>(20, 300));
}

TEST_CASE("thread_team: ends with its threads awake or asleep, used or not") {
  for (int again = 0; again != 50; ++again) {
    sqwa::thread_team const unused(3, again % 2 == 0 ? 0us : 1'000us);
    sqwa::thread_team used(3, again % 2 == 0 ? 0us : 1'000us);
    std::vector<int> seen(8);
    used.for_each(8, [&](std::size_t i) { ++seen[i]; });
    CHECK(seen == std::vector<int>(8, 1));
  }
}

TEST_CASE("team_executor: a copy, an assigned one and a backend use the same team; none runs in the caller") {
  sqwa::thread_team team(2);
  sqwa::team_executor const exec = team;
  sqwa::team_executor assigned;
  assigned = exec;
  sqwa::backend<sqwa::scalar_kernels, sqwa::team_executor> const where{{team}};
  auto const helper = helper_of(exec);
  CHECK(helper != std::this_thread::get_id());
  CHECK(helper_of(team) == helper);
  CHECK(helper_of(assigned) == helper);
  CHECK(helper_of(where.exec) == helper);

  std::vector<std::thread::id> who(100);
  sqwa::team_executor{}.for_each(100, [&](std::size_t i) { who[i] = std::this_thread::get_id(); });
  CHECK(who == std::vector<std::thread::id>(100, std::this_thread::get_id()));
}

TEST_CASE("team_executor: sums have the bits of the sequential ones") {
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
  for (std::size_t const threads : {2U, 3U, 7U}) {
    sqwa::thread_team team(threads);
    for (std::size_t const n : {std::size_t{0}, std::size_t{5000}, x.size()}) {
      CHECK(total(sqwa::team_executor(team), n) == total(sqwa::sequential{}, n));
    }
  }
}

#ifdef __cpp_exceptions
TEST_CASE("thread_team: the exception of the lowest index leaves, others are dropped, and the team goes on") {
  sqwa::thread_team team(3);
  for (int again = 0; again != 5; ++again) {
    for (std::size_t const lowest : {0U, 20U, 50U, 98U}) {
      std::atomic<int> others = 0;
      auto const run = [&] {
        team.for_each(100, [&](std::size_t i) {
          if (i == 34 || i == 67) ++others;  // where the runs of the others begin
          for (int k = 0; i == 0 && k != 10'000 && others != 2; ++k) std::this_thread::yield();
          if (i == lowest || i == 99) throw std::runtime_error(std::to_string(i));
        });
      };
      CHECK_THROWS_WITH_AS(run(), std::to_string(lowest).c_str(), std::runtime_error);
    }
    std::vector<int> seen(100);
    team.for_each(100, [&](std::size_t i) { ++seen[i]; });
    CHECK(seen == std::vector<int>(100, 1));
  }
}

TEST_CASE("thread_team: the lowest index counts where the caller has taken over, too") {
  for (int again = 0; again != 100; ++again) {
    sqwa::thread_team team(2);
    auto const run = [&team] { team.for_each(4, [](std::size_t i) { throw std::runtime_error(std::to_string(i)); }); };
    CHECK_THROWS_WITH_AS(run(), "0", std::runtime_error);
  }
}

TEST_CASE("thread_team: an exception waits for the calls that have begun") {
  sqwa::thread_team team(2, 0s);
  std::atomic<int> began = 0, ended = 0;
  auto const run = [&] {
    team.for_each(2, [&](std::size_t i) {
      ++began;
      while (began != 2) std::this_thread::yield();
      if (i == 0) throw std::runtime_error("zero");
      for (int k = 0; k != 1000; ++k) std::this_thread::yield();
      ++ended;
    });
  };
  CHECK_THROWS_WITH_AS(run(), "zero", std::runtime_error);
  CHECK(ended == 1);
}

#if SQWA_ERRORS == SQWA_ERRORS_THROW
TEST_CASE("thread_team: no threads, or less than no time awake, are refused") {
  CHECK_THROWS_WITH_AS(sqwa::thread_team(0), "thread_team: a team has at least one thread, not 0",
                       sqwa::contract_error);
  CHECK_THROWS_WITH_AS(sqwa::thread_team(2, -1ns), "thread_team: threads cannot stay awake for -1 ns",
                       sqwa::contract_error);
}
#endif
#endif

}  // namespace SQWA_TEST_FILE
