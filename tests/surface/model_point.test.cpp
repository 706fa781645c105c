// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/model_point.hpp>

#include "support/refuses.hpp"
#include "surface/known_learner.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

using test::known_learner;

TEST_CASE("model_point: out of a learner, and back into another, in the order of its tensors") {
  known_learner l;
  auto const p = point_of(l);
  CHECK(p.trained == std::vector<double>{1, -1, 0.5, 0.25, -0.75, 1, 0.5, 1, -1, 0.125, 0.5});
  CHECK(p.statistics == std::vector<double>{3});
  known_learner other;
  other.first.assign(6, 0);
  other.bias = {9};
  other.mean = {9};
  put(other, p);
  CHECK(other.first == l.first);
  CHECK(other.bias == l.bias);
  CHECK(other.mean == l.mean);
  CHECK(test::refuses([&] { put(other, model_point{{1, 2}, {3}}); }, "2 trained numbers and 1 statistics"));
}

TEST_CASE("model_point: of saved models, float or low-bit, found by name") {
  known_learner l;
  auto model = float_model_of(l);
  CHECK(model.weights.empty());
  CHECK(model.floats.size() == 4);
  std::swap(model.floats[0], model.floats[2]);
  CHECK(point_of(l, model) == point_of(l));

  low_bit_weights weights(l, symmetric<3>{});
  auto const low = weights.capture();
  auto const p = point_of(l, low);
  weights.project();
  CHECK(p == point_of(l));

  auto wrong = low;
  wrong.weights[1].name = "first";
  CHECK(test::refuses([&] { (void)point_of(l, wrong); }, "2 tensors with the name first"));
  wrong = low;
  wrong.floats[0].values = {1, 2};
  CHECK(test::refuses([&] { (void)point_of(l, wrong); }, "bias has 2 numbers in the model, 1 in the learner"));
  wrong.floats.clear();
  CHECK(test::refuses([&] { (void)point_of(l, wrong); }, "2 tensors in the model, 4 in the learner"));
}

}  // namespace SQWA_TEST_FILE
