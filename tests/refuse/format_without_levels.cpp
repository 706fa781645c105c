// expect: number_format
// SPDX-License-Identifier: BSD-3-Clause
// A number is not a number format.
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/symmetric.hpp>

#ifdef SQWA_ACCEPT
sqwa::quantizer<sqwa::symmetric<3>> const q{};
#else
sqwa::quantizer<int> const q{};
#endif
