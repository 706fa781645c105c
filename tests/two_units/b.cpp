// SPDX-License-Identifier: BSD-3-Clause
// The second unit in the same error mode: a definition that is not inline would now exist twice.
#include "all_headers.hpp"

#include "units.hpp"

void break_contract_in_b() { break_contract<sqwa::shape>(); }
float noise_in_b() { return sqwa::noise{.seed = 7}(11); }
