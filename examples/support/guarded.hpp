// SPDX-License-Identifier: BSD-3-Clause
// How a program ends that meets what it cannot go on with.
#ifndef SQWA_EXAMPLES_SUPPORT_GUARDED_HPP
#define SQWA_EXAMPLES_SUPPORT_GUARDED_HPP

#include <cstdio>
#include <exception>
#include <new>

namespace example {

/// The exit status that `run()` returns; of what it throws one line on the standard error, and 1.
template <class F>
int guarded(char const* program, F run) {
  try {
    return run();
  } catch (std::bad_alloc const&) {
    std::fprintf(stderr, "%s: there is not enough memory\n", program);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s: %s\n", program, e.what());
  }
  return 1;
}

}  // namespace example

#endif
