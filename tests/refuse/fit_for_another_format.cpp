// expect: fit<|'fit'
// SPDX-License-Identifier: BSD-3-Clause
// The threshold rule of ternary weight networks knows no other number of levels.
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/symmetric.hpp>

#ifdef SQWA_ACCEPT
sqwa::quantizer<sqwa::symmetric<3>, sqwa::mean_abs> const q{};
#else
sqwa::quantizer<sqwa::symmetric<5>, sqwa::mean_abs> const q{};
#endif
