// SPDX-License-Identifier: BSD-3-Clause
// The one main of every test executable.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#ifndef __cpp_exceptions
#define DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS
#endif
#include <doctest/doctest.h>
