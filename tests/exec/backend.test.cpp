// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/exec/backend.hpp>
#include "support/thread_executor.hpp"

#include <concepts>
#include <type_traits>

namespace SQWA_TEST_FILE {

static_assert(sqwa::any_backend<sqwa::backend<>>);
static_assert(sqwa::any_backend<sqwa::backend<sqwa::scalar_kernels, test::thread_executor>>);
static_assert(!sqwa::any_backend<int> && !sqwa::any_backend<sqwa::sequential> &&
              !sqwa::any_backend<sqwa::scalar_kernels>);
static_assert(std::same_as<sqwa::backend<>::kernels, sqwa::scalar_kernels>);
static_assert(std::same_as<std::remove_cvref_t<decltype(sqwa::backend<>{}.exec)>, sqwa::sequential>);

}  // namespace SQWA_TEST_FILE
