// expect: Levels % 2 == 1|'4 % 2 == 1'
// SPDX-License-Identifier: BSD-3-Clause
// A symmetric format with a zero has an odd number of levels.
#include <sqwa/quant/symmetric.hpp>

#ifdef SQWA_ACCEPT
constexpr int levels = 5;
#else
constexpr int levels = 4;
#endif

int bits() { return sqwa::symmetric<levels>::bits; }
