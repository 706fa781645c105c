// SPDX-License-Identifier: BSD-3-Clause
// Which inner loops, and who runs them: the two choices every larger operation takes as one argument.
#ifndef SQWA_EXEC_BACKEND_HPP
#define SQWA_EXEC_BACKEND_HPP

#include <sqwa/exec/executor.hpp>
#include <sqwa/kernels/portable.hpp>

#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// A kernel set and an executor. The default is plain code in the calling thread.
template <kernel_set K = scalar_kernels, executor E = sequential>
struct backend {
  using kernels = K;
  [[no_unique_address]] E exec{};
};

/// Any `backend`.
template <class B>
concept any_backend = requires(B const b) {
  requires kernel_set<typename B::kernels>;
  requires executor<std::remove_cvref_t<decltype(b.exec)>>;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
