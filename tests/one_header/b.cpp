// SPDX-License-Identifier: BSD-3-Clause
// The second unit: a definition that is not inline would exist twice.
#include "headers.hpp"

sqwa::packed encode_in_b(std::span<float const> weights, std::vector<float> const& scales) {
  return sqwa::encode(sqwa::quantizer{sqwa::symmetric<3>{}}, weights, sqwa::shape{weights.size()}, scales);
}
