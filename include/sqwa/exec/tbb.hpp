// SPDX-License-Identifier: BSD-3-Clause
// Threads: oneTBB runs the pieces.
#ifndef SQWA_EXEC_TBB_HPP
#define SQWA_EXEC_TBB_HPP

#include <sqwa/exec/executor.hpp>

#include <oneapi/tbb/parallel_for.h>
#include <concepts>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

/// Runs calls on the oneTBB arena of the calling thread.
struct tbb_executor {
  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) const {
    if (n < 2) return sequential{}.for_each(n, f);  // small work never pays for a task
    auto const run = [&f](std::size_t i) { f(i); };
    calls(n, &run, [](void const* body, std::size_t i) { (*static_cast<decltype(run)*>(body))(i); });
  }

 private:
  // Without the type of the body, so that a program has one loop of oneTBB's, not one for each place that calls it.
  static void calls(std::size_t n, void const* body, void (*invoke)(void const*, std::size_t)) {
    oneapi::tbb::parallel_for(std::size_t{0}, n, [body, invoke](std::size_t i) { invoke(body, i); });
  }
};

static_assert(executor<tbb_executor>);

}  // namespace sqwa::inline SQWA_ABI

#endif
