// expect: mutable_tensor
// needs: eigen
// SPDX-License-Identifier: BSD-3-Clause
// Nothing is written through a map of constant numbers.
#include <sqwa/tensor/eigen.hpp>

#ifdef SQWA_ACCEPT
using mapped = Eigen::VectorXf;
#else
using mapped = Eigen::VectorXf const;
#endif

void clear(Eigen::Map<mapped> m) {
  for (float& x : sqwa::mutable_values(m)) x = 0;
}
