// expect: tensor<|'tensor'
// SPDX-License-Identifier: BSD-3-Clause
// Integers are codes, not weights: they are no tensor.
#include <sqwa/tensor/adapter.hpp>

#include <cstddef>
#include <vector>

#ifdef SQWA_ACCEPT
using element = float;
#else
using element = int;
#endif

std::size_t count(std::vector<element> const& v) { return sqwa::values(v).size(); }
