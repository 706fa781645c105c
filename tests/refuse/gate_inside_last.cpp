// expect: capture_policy
// SPDX-License-Identifier: BSD-3-Clause
// The last captures of a gate depend on losses to come; a gate on the last captures does not.
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/shapes.hpp>

sqwa::cyclic const rate{sqwa::cosine{.hi = 0.1F, .lo = 0.0F, .length = 9}, 10};

#ifdef SQWA_ACCEPT
sqwa::loss_gated const policy{sqwa::last{sqwa::at_trough{}, 7}};
bool capture(sqwa::step_index t) { return policy.candidate(rate, t, 1'000); }
#else
sqwa::last const policy{sqwa::loss_gated{sqwa::at_trough{}}, 7};
bool capture(sqwa::step_index t) { return policy(rate, t, 1'000); }
#endif
