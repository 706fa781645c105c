// expect: known_to_be_contiguous
// needs: armadillo
// SPDX-License-Identifier: BSD-3-Clause
// A part of a matrix is no run in memory; a matrix that is made of it is one.
#include <sqwa/tensor/armadillo.hpp>

#include <cstddef>

#ifdef SQWA_ACCEPT
std::size_t count(arma::fmat const& m) { return sqwa::values(arma::fmat(m.rows(0, 1))).size(); }
#else
std::size_t count(arma::fmat const& m) { return sqwa::values(m.rows(0, 1)).size(); }
#endif
