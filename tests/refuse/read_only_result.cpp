// expect: mutable_tensor
// SPDX-License-Identifier: BSD-3-Clause
// Nothing is written into a constant tensor.
#include <sqwa/tensor/adapter.hpp>

#include <vector>

#ifdef SQWA_ACCEPT
using out = std::vector<float>;
#else
using out = std::vector<float> const;
#endif

void clear(out& v) {
  for (float& x : sqwa::mutable_values(v)) x = 0;
}
