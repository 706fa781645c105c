// SPDX-License-Identifier: BSD-3-Clause
// Every header of the layers core to deploy, in a program of three units: this one throws, b throws too, c traps.
#include "all_headers.hpp"

#include "units.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>

namespace {

bool throws(void (*f)()) {
  try {
    f();
  } catch (sqwa::contract_error const&) {
    return true;
  }
  return false;
}

bool traps(void (*f)()) {
  pid_t const child = fork();
  if (child == 0) {
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

}  // namespace

int main() {
  bool const ok = throws([] { break_contract<sqwa::shape>(); }) && throws(break_contract_in_b) &&
                  traps(break_contract_in_c) && noise_in_b() == sqwa::noise{.seed = 7}(11) &&
                  noise_in_b() == noise_in_c();
  std::puts(ok ? "two units: each fails in its own way" : "two units: one fails in another's way");
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
