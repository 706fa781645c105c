// expect: known_to_be_contiguous
// needs: eigen
// SPDX-License-Identifier: BSD-3-Clause
// Rows of a column-major matrix lie apart in memory; whole columns do not.
#include <sqwa/tensor/eigen.hpp>

#include <cstddef>

#ifdef SQWA_ACCEPT
std::size_t count(Eigen::MatrixXf& m) { return sqwa::values(m.leftCols(2)).size(); }
#else
std::size_t count(Eigen::MatrixXf& m) { return sqwa::values(m.topRows(2)).size(); }
#endif
