// expect: cyclic_schedule
// SPDX-License-Identifier: BSD-3-Clause
// A schedule without events has no troughs to capture at.
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#ifdef SQWA_ACCEPT
sqwa::cyclic const rate{sqwa::cosine{.hi = 0.1F, .lo = 0.0F, .length = 9}, 10};
#else
sqwa::cosine const rate{.hi = 0.1F, .lo = 0.0F, .length = 9};
#endif

bool capture(sqwa::step_index t) { return sqwa::at_trough{.last = 7}(rate, t, 1'000); }
