// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/low_bit_model_view.hpp>

#include "io/models.hpp"

#include <doctest/doctest.h>

namespace SQWA_TEST_FILE {

TEST_CASE("low_bit_model_view: a copy owns what the view looks at") {
  auto const model = test::snapshot(3);
  sqwa::low_bit_model_view view{{}, {}, model.notes};
  for (auto const& t : model.weights) view.weights.push_back({t.name, t.extents, t.weights});
  for (auto const& t : model.floats) view.floats.push_back({t.name, t.extents, t.values});
  CHECK(view.weights[0].weights.bytes.data() == model.weights[0].weights.bytes.data());
  CHECK(view.copy() == model);
}

}  // namespace SQWA_TEST_FILE
