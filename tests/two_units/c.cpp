// SPDX-License-Identifier: BSD-3-Clause
// The unit in another error mode: its symbols must not be taken for those of the others.
#include "all_headers.hpp"

#include "units.hpp"

static_assert(SQWA_ERRORS == SQWA_ERRORS_TRAP);

void break_contract_in_c() { break_contract<sqwa::shape>(); }
float noise_in_c() { return sqwa::noise{.seed = 7}(11); }
