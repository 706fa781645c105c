// SPDX-License-Identifier: BSD-3-Clause
// Programs of figures answer, on standard output, each line "operation weights threads" of standard input with our
// Gweights/s, so that a program in another language can take turns with us: see turns.py.
#ifndef SQWA_BENCHMARKS_FIGURES_HPP
#define SQWA_BENCHMARKS_FIGURES_HPP

#include <sqwa/fast.hpp>

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

namespace bench {

/// Operations<B>(n) is made once for each size and number of threads; its `rate(operation)` is the answer.
template <template <class> class Operations>
void answer_questions() {
  std::map<std::size_t, Operations<sqwa::backend<sqwa::native_kernels>>> one;
  std::map<std::size_t, Operations<sqwa::fast>> all;
  std::string operation;
  std::size_t n = 0;
  int threads = 0;
  while (std::cin >> operation >> n >> threads) {
    double const rate = threads == 1 ? one.try_emplace(n, n).first->second.rate(operation)
                                     : all.try_emplace(n, n).first->second.rate(operation);
    std::printf("%.6g\n", rate);
    std::fflush(stdout);
  }
}

}  // namespace bench

#endif
