// expect: float_snapshot<|'float_snapshot'
// SPDX-License-Identifier: BSD-3-Clause
// Integers are not averaged, though they have the size of a half.
#include <sqwa/average/averager.hpp>

#include <cstdint>
#include <vector>

#ifdef SQWA_ACCEPT
using element = sqwa::float16;
#else
using element = std::int16_t;
#endif

void take(sqwa::averager<>& mean, std::vector<element> const& snapshot) { mean.update(snapshot); }
