// SPDX-License-Identifier: BSD-3-Clause
// Calls a function with every backend that is linked.
#ifndef SQWA_TESTS_SUPPORT_EVERY_BACKEND_HPP
#define SQWA_TESTS_SUPPORT_EVERY_BACKEND_HPP

#include <sqwa/exec/backend.hpp>
#include "support/thread_executor.hpp"
#ifdef SQWA_TEST_TBB
#include <sqwa/exec/tbb.hpp>
#endif
#ifdef SQWA_TEST_THREADS
#include <sqwa/exec/team.hpp>
#endif
#ifdef SQWA_TEST_XSIMD
#include <sqwa/kernels/avx512.hpp>
#endif

namespace test {

/// `f(backend)` for all pairs of kernel set and executor but the default one.
template <class F>
void every_backend(F f) {
  f(sqwa::backend<sqwa::scalar_kernels, thread_executor>{});
#ifdef SQWA_TEST_XSIMD
  f(sqwa::backend<sqwa::native_kernels>{});
  f(sqwa::backend<sqwa::native_kernels, thread_executor>{});
#endif
#ifdef SQWA_TEST_TBB
  f(sqwa::backend<sqwa::scalar_kernels, sqwa::tbb_executor>{});
#ifdef SQWA_TEST_XSIMD
  f(sqwa::backend<sqwa::native_kernels, sqwa::tbb_executor>{});
#endif
#endif
#ifdef SQWA_TEST_THREADS
  sqwa::thread_team team(3);
  f(sqwa::backend<sqwa::scalar_kernels, sqwa::team_executor>{team});
#endif
}

}  // namespace test

#endif
