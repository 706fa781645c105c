// SPDX-License-Identifier: BSD-3-Clause
// The component xtensor: its containers are tensors.
#include <sqwa/tensor/xtensor.hpp>

#include <cstddef>

int main() {
  xt::xtensor<float, 2> const a({3, 4}, 1.0F);
  return sqwa::values(a).size() == 12 && sqwa::shape_of(a) == sqwa::shape{3, 4} ? 0 : 1;
}
