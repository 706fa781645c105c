// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/recipe.hpp>
#include <sqwa/schedule/combine.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <limits>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

recipe good() {
  return {.train = {cosine{.hi = 0.1F, .lo = 0, .length = 10}},
          .retrain = {cyclic{cosine{.hi = 0.1F, .lo = 0.01F, .length = 4}, 5}, 40},
          .capture = at_trough{.last = 7},
          .fine_tune = {cosine{.hi = 0.01F, .lo = 0, .length = 6}}};
}

}  // namespace

TEST_CASE("recipe: a phase without steps of its own takes the length of its schedule") {
  recipe const r = good();
  check(r);
  CHECK(r.train.length() == 10);
  CHECK(r.retrain.length() == 40);
  CHECK(r.low_bit_steps() == 46);
}

TEST_CASE("recipe: zero-length phases are legal where nothing depends on them") {
  recipe r = good();
  r.train = {};
  r.fine_tune = {cosine{.hi = 0.01F, .lo = 0, .length = 0}};
  check(r);
  CHECK(r.low_bit_steps() == 40);
}

TEST_CASE("recipe: what cannot be run is refused with its name") {
  recipe r = good();
  r.train = {constant{0.1F}};
  CHECK(test::refuses([&] { check(r); }, "phase train has a learning rate without an end"));
  r = good();
  r.fine_tune = {{}, 5};
  CHECK(test::refuses([&] { check(r); }, "phase fine_tune has 5 steps, but no learning rate"));
  r = good();
  r.retrain.steps = -3;
  CHECK(test::refuses([&] { check(r); }, "phase retrain has -3 steps"));
  r = good();
  r.retrain = {};
  CHECK(test::refuses([&] { check(r); }, "nothing would be captured"));
  r = good();
  r.retrain.steps = 4;  // ends before the first trough
  CHECK(test::refuses([&] { check(r); }, "no snapshot in the 4 steps"));
  r = good();
  r.retrain = {cosine{.hi = 0.1F, .lo = 0, .length = 40}};  // no cycles, no troughs
  CHECK(test::refuses([&] { check(r); }, "no snapshot in the 40 steps"));
}

TEST_CASE("recipe: a learning rate that is negative or not finite is refused with its phase and step") {
  recipe r = good();
  r.control_rate = -1;
  CHECK(test::refuses([&] { check(r); }, "control_rate of -1"));
  r.control_rate = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::refuses([&] { check(r); }, "control_rate of"));
  r = good();
  r.fine_tune = {constant{-0.5F}, 3};
  CHECK(test::refuses([&] { check(r); }, "phase fine_tune has the learning rate -0.5 at step 0"));
  r.fine_tune = {cosine{.hi = 0.1F, .lo = std::numeric_limits<float>::infinity(), .length = 3}, 3};
  CHECK(test::refuses([&] { check(r); }, "phase fine_tune has the learning rate"));
}

TEST_CASE("recipe: the control needs no captures, but a top rate") {
  recipe r = good();
  r.average = averaging::none;
  r.retrain = {};
  CHECK(test::refuses([&] { check(r); }, "control_rate"));
  r.control_rate = 0.1F;
  check(r);
}

TEST_CASE("recipe: a control that would train at the rate 0 is refused") {
  recipe r = good();
  r.retrain.rate = warm_up{cyclic{cosine{.hi = 0.1F, .lo = 0.01F, .length = 4}, 5}, 20};
  check(r);  // SQWA trains from a rate of 0 upwards
  r.average = averaging::none;
  CHECK(test::refuses([&] { check(r); }, "the control would train at the rate 0"));
  r.control_rate = 0.1F;
  check(r);
}

}  // namespace SQWA_TEST_FILE
