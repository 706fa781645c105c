// SPDX-License-Identifier: BSD-3-Clause
// Whether a call breaks a precondition, and says so in the right words; works without exceptions too.
#ifndef SQWA_TESTS_SUPPORT_REFUSES_HPP
#define SQWA_TESTS_SUPPORT_REFUSES_HPP

#include <sqwa/core/contract.hpp>

#include <string_view>
#ifndef __cpp_exceptions
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#endif

namespace test {

/// True if `f()` throws a contract_error whose sentence contains `words`. Without exceptions: if `f()` dies by the
/// trap.
template <class F>
bool refuses(F&& f, [[maybe_unused]] std::string_view words) {
#ifdef __cpp_exceptions
  try {
    f();
  } catch (sqwa::contract_error const& e) {
    return std::string_view(e.what()).find(words) != std::string_view::npos;
  }
  return false;
#else
  pid_t const child = fork();
  if (child == 0) {
    std::signal(SIGILL, SIG_DFL);  // not doctest's handler: dying is what is asked for
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
#endif
}

}  // namespace test

#endif
