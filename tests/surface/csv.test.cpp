// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/csv.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <limits>

namespace SQWA_TEST_FILE {

namespace {

sqwa::loss_surface small() {
  sqwa::loss_surface s;
  s.x = {"x", 0, 0.3, 2};
  s.y = {"y", -1, -1, 1};
  s.surfaces = {{"a,\"b", {0.1, -std::numeric_limits<double>::quiet_NaN()}, {90, 1.0 / 3}},
                {"c", {std::numeric_limits<double>::infinity(), 2}, {0, 100}}};
  return s;
}

}  // namespace

TEST_CASE("surface_csv: a row for each node, exact numbers, quoted names") {
  auto s = small();
  CHECK(sqwa::surface_csv(s) ==
        "x,y,\"a,\"\"b_loss\",\"a,\"\"b_accuracy\",c_loss,c_accuracy\n"
        "0,-1,0.1,90,inf,0\n"
        "0.3,-1,nan,0.3333333333333333,2,100\n");
  s.surfaces.clear();
  s.cells = {0, 1};
  s.changes_x = {5, 0};
  s.changes_y = {0, 0};
  CHECK(sqwa::surface_csv(s) == "x,y,cell,changes_x,changes_y\n0,-1,0,5,0\n0.3,-1,1,0,0\n");
}

TEST_CASE("surface_csv: refuses arrays, names and axes that do not fit") {
  auto s = small();
  s.surfaces[1].loss.pop_back();
  CHECK(test::refuses([&] { (void)sqwa::surface_csv(s); }, "surface c has 1 losses and 2 accuracies for 2 nodes"));
  s = small();
  s.surfaces[1].name = s.surfaces[0].name;
  CHECK(test::refuses([&] { (void)sqwa::surface_csv(s); }, "two surfaces are named"));
  s = small();
  s.x.last = -1;
  CHECK(test::refuses([&] { (void)sqwa::surface_csv(s); }, "axis x does not ascend"));
  s = small();
  s.cells = {1, 2};
  CHECK(test::refuses([&] { (void)sqwa::surface_csv(s); }, "cells or changes for 0 of 2 nodes"));
}

}  // namespace SQWA_TEST_FILE
