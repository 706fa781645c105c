// SPDX-License-Identifier: BSD-3-Clause
// The component torch: a tensor is shown by a view of its element type.
#include <ATen/core/ivalue.h>  // first: else clang refuses the other headers of libtorch 1.13 in C++20

#include <sqwa/tensor/torch.hpp>

#include <ATen/ATen.h>

int main() {
  at::Tensor const a = at::ones({3, 4}, at::kFloat);
  sqwa::torch_view<float> const v(a);
  return sqwa::values(v).size() == 12 && sqwa::shape_of(v) == sqwa::shape{3, 4} ? 0 : 1;
}
