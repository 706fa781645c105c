// expect: tensor<|'tensor'
// SPDX-License-Identifier: BSD-3-Clause
// Truth values are masks, not weights: they are copied, never averaged.
#include <sqwa/tensor/adapter.hpp>

#include <cstddef>
#include <span>

#ifdef SQWA_ACCEPT
using element = float;
#else
using element = bool;
#endif

std::size_t count(element const* p, std::size_t n) { return sqwa::values(std::span(p, n)).size(); }
