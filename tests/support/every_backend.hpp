// SPDX-License-Identifier: BSD-3-Clause
// Calls a function with every backend that is linked.
#ifndef SQWA_TESTS_SUPPORT_EVERY_BACKEND_HPP
#define SQWA_TESTS_SUPPORT_EVERY_BACKEND_HPP

#include <sqwa/exec/backend.hpp>
#include "support/any_executor.hpp"
#include "support/thread_executor.hpp"
#ifdef SQWA_TEST_TBB
#include <sqwa/exec/tbb.hpp>
#endif
#ifdef SQWA_TEST_THREADS
#include <sqwa/exec/team.hpp>
#endif
#ifdef SQWA_TEST_XSIMD
#include <sqwa/kernels/avx512.hpp>
#include <sqwa/kernels/fused.hpp>
#endif

namespace test {

/// `f(backend)` for all pairs of kernel set and executor but the default one. A kernel set is one type for `f`.
template <class F>
void every_backend(F f) {
  using loops = sqwa::backend<sqwa::scalar_kernels, any_executor>;
  f(loops{thread_executor{}});
#ifdef SQWA_TEST_TBB
  f(loops{sqwa::tbb_executor{}});
#endif
#ifdef SQWA_TEST_THREADS
  sqwa::thread_team team(3);
  f(loops{sqwa::team_executor{team}});
#endif
#ifdef SQWA_TEST_XSIMD
  using vectors = sqwa::backend<sqwa::native_kernels, any_executor>;
  f(vectors{});
  f(vectors{thread_executor{}});
#ifdef SQWA_TEST_TBB
  f(vectors{sqwa::tbb_executor{}});
#endif
#endif
}

/// `f(backend)` for the executors there are, with kernels whose bits are their own; the first is sequential.
template <class F>
void every_fused_backend([[maybe_unused]] F f) {
#ifdef SQWA_TEST_XSIMD
  using fused = sqwa::backend<sqwa::fused_kernels<>, any_executor>;
  f(fused{});
  f(fused{thread_executor{}});
#ifdef SQWA_TEST_TBB
  f(fused{sqwa::tbb_executor{}});
#endif
#endif
}

}  // namespace test

#endif
