// expect: known_to_be_contiguous
// needs: xtensor
// SPDX-License-Identifier: BSD-3-Clause
// A column of a row-major array lies apart in memory; a row does not.
#include <sqwa/tensor/xtensor.hpp>

#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xview.hpp>
#endif
#include <cstddef>

#ifdef SQWA_ACCEPT
std::size_t count(xt::xtensor<float, 2> const& x) { return sqwa::values(xt::view(x, 0)).size(); }
#else
std::size_t count(xt::xtensor<float, 2> const& x) { return sqwa::values(xt::view(x, xt::all(), 0)).size(); }
#endif
