// SPDX-License-Identifier: BSD-3-Clause
// An executor on plain std::thread, for tests: thread sanitizer understands it, and its order is never the same.
#ifndef SQWA_TESTS_SUPPORT_THREAD_EXECUTOR_HPP
#define SQWA_TESTS_SUPPORT_THREAD_EXECUTOR_HPP

#include <sqwa/exec/executor.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <thread>
#include <vector>

namespace test {

/// Three threads that take the calls from one counter. `f` must not throw.
struct thread_executor {
  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) const {
    std::atomic<std::size_t> next = 0;
    auto const work = [&] {
      for (std::size_t i = next++; i < n; i = next++) f(n - 1 - i);  // backwards: order must not matter
    };
    std::vector<std::jthread> crew;
    for (int t = 0; t != 2; ++t) crew.emplace_back(work);
    work();
  }
};

static_assert(sqwa::executor<thread_executor>);

}  // namespace test

#endif
