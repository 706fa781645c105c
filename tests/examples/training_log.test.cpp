// SPDX-License-Identifier: BSD-3-Clause
#include <support/training_log.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using example::log_row;
using example::training_log;

constexpr example::row_maker::options how{.every = 10, .batch = 32, .epoch = 40};
constexpr example::row_maker::clock::time_point begin{};

/// Makes steps [from, to) of a run of 95, one every 100 ms: losses 0, 1, 2, …; an accuracy after 40, a capture
/// after 55.
void make_steps(training_log& log, int from, int to) {
  example::row_maker rows(how, begin);
  for (int i = from; i != to; ++i) {
    std::optional<double> accuracy;
    if (i + 1 == 40) accuracy = 12.5;
    auto const now = begin + std::chrono::milliseconds(100 * (i + 1 - from));
    auto const row = rows.step(i + 1, {"retrain", i, 95, 0.125F, static_cast<double>(i)}, accuracy, i + 1 == 55, now);
    if (row) log.write(*row);
  }
}

std::string text(std::filesystem::path const& path) {
  auto const bytes = sqwa::io::read_file(path);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("training_log: rows at every tenth step, at captures and at the end; losses are means since the row before") {
  test::folder const here("training-log");
  training_log log(here / "a.csv");
  make_steps(log, 0, 95);
  auto const rows = example::read_log(here / "a.csv").rows;
  REQUIRE(rows.size() == 11);
  CHECK(rows[0] == log_row{10, "retrain", 0.25, 0.125, 4.5, {}, 320, false});
  CHECK(rows[3] == log_row{40, "retrain", 1, 0.125, 34.5, 12.5, 320, false});
  CHECK(rows[5] == log_row{55, "retrain", 1.375, 0.125, 52, {}, 320, true});
  CHECK(rows[6] == log_row{60, "retrain", 1.5, 0.125, 57, {}, 320, false});
  CHECK(rows[10] == log_row{95, "retrain", 2.375, 0.125, 92, {}, 320, false});
  CHECK(text(here / "a.csv")
            .starts_with("step,phase,epoch,rate,loss,accuracy,images_per_second,captured\n"
                         "10,retrain,0.2500,0.125,4.500000,,320.0,0\n"));
}

TEST_CASE("training_log: a run resumed at a row continues to the same file, whatever was logged beyond it") {
  test::folder const here("training-log-resumed");
  {
    training_log whole(here / "whole.csv");
    make_steps(whole, 0, 95);
    training_log killed(here / "killed.csv");
    make_steps(killed, 0, 78);
  }
  std::ofstream(here / "killed.csv", std::ios::app) << "80,retr";  // a row that was not finished
  training_log resumed(here / "killed.csv", 40);
  make_steps(resumed, 40, 95);
  CHECK(text(here / "killed.csv") == text(here / "whole.csv"));
}

TEST_CASE("training_log: between two rows a resumed run begins a new mean") {
  test::folder const here("training-log-between");
  {
    training_log log(here / "a.csv");
    make_steps(log, 0, 45);
  }
  training_log resumed(here / "a.csv", 45);
  make_steps(resumed, 45, 50);
  auto const rows = example::read_log(here / "a.csv").rows;
  REQUIRE(rows.size() == 5);
  CHECK(rows[4] == log_row{50, "retrain", 1.25, 0.125, 47, {}, 320, false});
}

TEST_CASE("training_log: a run that begins again drops all rows; without a file there is nothing to continue") {
  test::folder const here("training-log-new");
  {
    training_log log(here / "a.csv");
    make_steps(log, 0, 30);
  }
  training_log const again(here / "a.csv");
  CHECK(example::read_log(here / "a.csv").rows.empty());
  training_log const fresh(here / "b.csv", 30);
  CHECK(text(here / "b.csv") == example::log_header);
}

TEST_CASE("training_log: other files and places that cannot be written to are refused") {
  test::folder const here("training-log-bad");
  test::put(here / "other.csv", test::text("a,b,c\n1,2,3\n"));
  CHECK(test::refused([&] { training_log(here / "other.csv", 10); }, "step,phase", here / "other.csv"));
  CHECK(text(here / "other.csv") == "a,b,c\n1,2,3\n");
  CHECK(test::refused([&] { training_log(here / "none" / "a.csv"); }, "can be written", here / "none"));
}

TEST_CASE("row_of: only whole rows") {
  CHECK(example::row_of("10,retrain,0.2500,0.125,4.500000,1.5,320.0,0"));
  for (char const* bad : {"", "10", "10,retrain,0.25,0.125,4.5,,320.0", "10,retrain,0.25,0.125,4.5,,320.0,0 ",
                          "10,retrain,0.25,0.125,4.5,,320.0,0,1", "x,retrain,0.25,0.125,4.5,,320.0,0",
                          "10,RETRAIN,0.25,0.125,4.5,,320.0,0", "10,retrain,0.25,0.125,4.5,much,320.0,0"}) {
    CHECK_MESSAGE(!example::row_of(bad), bad);
  }
}

}  // namespace SQWA_TEST_FILE
