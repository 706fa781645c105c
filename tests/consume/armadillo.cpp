// SPDX-License-Identifier: BSD-3-Clause
// The component armadillo: a matrix is a tensor, and nothing has to be linked for it.
#include <sqwa/tensor/armadillo.hpp>

int main() {
  arma::fmat const a{{1, 2}, {3, 4}};
  return sqwa::values(a).size() == 4 && sqwa::values(a)[1] == 3 && sqwa::shape_of(a) == sqwa::shape{2, 2} ? 0 : 1;
}
