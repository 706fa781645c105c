// expect: executor<|'executor'
// SPDX-License-Identifier: BSD-3-Clause
// Something that runs no calls is not an executor.
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/kernels/portable.hpp>

struct pool {
  int threads = 4;
};

#ifdef SQWA_ACCEPT
sqwa::backend<sqwa::scalar_kernels, sqwa::sequential> const where{};
#else
sqwa::backend<sqwa::scalar_kernels, pool> const where{};
#endif
