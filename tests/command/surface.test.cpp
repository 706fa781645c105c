// SPDX-License-Identifier: BSD-3-Clause
// The program surface, on what the program images has saved, run as their users run them.
#include <sqwa/io/npz.hpp>

#include "command/program.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using test::run;
using test::text_of;

int train(test::folder const& here) {
  return run(here, SQWA_TEST_IMAGES,
             "--data digits --seeds 1 --quiet --out run --train-limit 200 --width 2 --epochs 1 --cycles 3 --captures 3 "
             "--cycle-epochs 1 --fine-tune-epochs 0.5")
      .status;
}

}  // namespace

TEST_CASE("surface: a run becomes pictures and numbers, the same for any number of threads") {
  test::folder const here("command-surface");
  REQUIRE(train(here) == 0);
  REQUIRE(run(here, SQWA_TEST_SURFACE, "--run run --nodes 5 --samples 60 --threads 1 --quiet").status == 0);
  std::vector<std::string> const files{"surface.csv",    "surface.npy",        "surface.npz",
                                       "surface.vti",    "models.vtp",         "surface.html",
                                       "float_loss.svg", "projected_loss.svg", "float_accuracy.svg"};
  std::vector<std::string> first;
  for (auto const& name : files) first.push_back(text_of(here / "run/surface" / name));
  CHECK(std::ranges::count(first[0], '\n') == 1 + 5 * 5);
  CHECK(text_of(here / "out.txt").find("average") != std::string::npos);
  REQUIRE(run(here, SQWA_TEST_SURFACE, "--run run --nodes 5 --samples 60 --threads 2 --quiet").status == 0);
  for (std::size_t i = 0; i != files.size(); ++i) {
    INFO(files[i]);
    CHECK(text_of(here / "run/surface" / files[i]) == first[i]);
  }
  REQUIRE(run(here, SQWA_TEST_SURFACE, "--run run --nodes 5 --samples 60 --plane float,average,sqwa --quiet").status ==
          0);
  CHECK(text_of(here / "run/surface/surface.csv") != first[0]);
}

TEST_CASE("surface: a run without models, a model that is not there, and what cannot be cut are named") {
  test::folder const here("command-surface-refuses");
  std::filesystem::create_directory(here / "empty");
  CHECK(run(here, SQWA_TEST_SURFACE, "--run empty").status == 1);
  CHECK(text_of(here / "error.txt").find("models-1.sqws") != std::string::npos);
  REQUIRE(train(here) == 0);
  CHECK(run(here, SQWA_TEST_SURFACE, "--run run --plane float,average,best").status == 1);
  CHECK(text_of(here / "error.txt").find("no model \"best\", but float") != std::string::npos);
  CHECK(run(here, SQWA_TEST_SURFACE, "--run run --split train --samples 9").status == 1);
  CHECK(text_of(here / "error.txt").find("--samples is for test images") != std::string::npos);
  CHECK(run(here, SQWA_TEST_SURFACE, "--run run --plane float,float,sqwa").status == 1);
  CHECK(text_of(here / "error.txt").find("equal") != std::string::npos);
}

}  // namespace SQWA_TEST_FILE
