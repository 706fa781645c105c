// SPDX-License-Identifier: BSD-3-Clause
// How much a test tries.
#ifndef SQWA_TESTS_SUPPORT_THOROUGH_HPP
#define SQWA_TESTS_SUPPORT_THOROUGH_HPP

namespace test {

/// Whether a test tries all it can: not in builds that are slow, with sanitizers or without optimization, where some of
/// it takes minutes. The build's option SQWA_TEST_LONG decides.
#ifdef SQWA_TEST_LONG
inline constexpr bool thorough = true;
#else
inline constexpr bool thorough = false;
#endif

}  // namespace test

#endif
