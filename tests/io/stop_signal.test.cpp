// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/stop_signal.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <thread>

namespace SQWA_TEST_FILE {

namespace {

/// How a process ends in which `f()` has returned: its exit status, or minus the signal that ended it.
template <class F>
int ending_of(F f) {
  ::pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::_exit(f());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("stop_signal: the first signal is a question's answer, the second ends the program") {
  for (int const signal : {SIGINT, SIGTERM}) {
    CHECK(ending_of([=] {
            sqwa::io::stop_signal const stop;
            if (stop.requested()) return 1;
            std::raise(signal);
            return stop.requested() ? 42 : 2;
          }) == 42);
    CHECK(ending_of([=] {
            sqwa::io::stop_signal const stop;
            std::raise(signal);
            std::raise(signal);
            return 3;
          }) == -signal);
    CHECK(ending_of([=] {
            { sqwa::io::stop_signal const stop; }
            std::raise(signal);  // as before
            return 4;
          }) == -signal);
    CHECK(ending_of([=] {
            sqwa::io::stop_signal const stop;
            std::thread([=] { std::raise(signal); }).join();  // a worker takes it
            return stop.requested() ? 43 : 5;
          }) == 43);
    CHECK(ending_of([=] {
            std::signal(signal, SIG_IGN);  // as for a job in the background of a script
            {
              sqwa::io::stop_signal const stop;
              std::raise(signal);
              if (stop.requested()) return 6;
            }
            std::raise(signal);
            return 44;
          }) == 44);
  }
}

}  // namespace SQWA_TEST_FILE
