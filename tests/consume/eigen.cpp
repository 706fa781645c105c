// SPDX-License-Identifier: BSD-3-Clause
// The component eigen: matrices are averaged, into a matrix.
#include <sqwa/average/averager.hpp>
#include <sqwa/tensor/eigen.hpp>

#include <span>

int main() {
  Eigen::MatrixXf const a{{1, 2}, {3, 4}};
  Eigen::MatrixXf mean(2, 2);
  sqwa::averager<std::span<float>> average(sqwa::mutable_values(mean));
  average.update(a);
  average.update((3 * a).eval());
  return mean == 2 * a ? 0 : 1;
}
