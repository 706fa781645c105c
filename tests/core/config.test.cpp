// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/config.hpp>

namespace SQWA_TEST_FILE {

namespace sqwa::inline SQWA_ABI {
struct probe {};
}  // namespace sqwa::inline SQWA_ABI

// Errors are thrown where exceptions are on, else they trap; and the mode is part of every name.
#ifdef __cpp_exceptions
static_assert(SQWA_ERRORS == SQWA_ERRORS_THROW);
using checked = sqwa::v0_throw::probe;
#else
static_assert(SQWA_ERRORS == SQWA_ERRORS_TRAP);
using checked = sqwa::v0_trap::probe;
#endif
static_assert(sizeof(checked) == sizeof(sqwa::probe));

}  // namespace SQWA_TEST_FILE
