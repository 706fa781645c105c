// expect: sizeof ?\(
// SPDX-License-Identifier: BSD-3-Clause
// Snapshots in double are not averaged in float.
#include <sqwa/average/averager.hpp>

#include <vector>

#ifdef SQWA_ACCEPT
using element = float;
#else
using element = double;
#endif

void take(sqwa::averager<std::vector<float>>& mean, std::vector<element> const& snapshot) { mean.update(snapshot); }
