// SPDX-License-Identifier: BSD-3-Clause
#include <support/training_picture.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using example::curve_point;

std::size_t count(std::string const& text, std::string const& word) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size()) ++n;
  return n;
}

/// The places of polyline `number`.
std::vector<example::detail::place> line(std::string const& svg, int number) {
  std::size_t at = 0;
  for (int i = -1; i != number; ++i) at = svg.find("points='", at + 1);
  std::vector<example::detail::place> all;
  for (char const* text = svg.c_str() + at + 8; *text != '\'';) {
    char* next = nullptr;
    double const x = std::strtod(text, &next);
    double const y = std::strtod(next + 1, &next);
    all.push_back({x, y});
    text = next + 1;
  }
  return all;
}

/// A run of `n` steps, of which one has a much higher rate.
std::vector<curve_point> run(std::size_t n) {
  std::vector<curve_point> points;
  for (std::size_t i = 0; i != n; ++i) {
    points.push_back(
        {.phase = i < n / 2 ? "train" : "retrain", .rate = i == n / 3 ? 1 : 0.25, .loss = 2, .captured = i + 1 == n});
  }
  return points;
}

}  // namespace

TEST_CASE("training_picture: the size does not grow with the steps, and no peak is lost") {
  auto const small = example::training_picture(run(1'500), "small");
  auto const large = example::training_picture(run(150'000), "large");
  CHECK(small.size() < 60'000);
  CHECK(large.size() < 100'000);
  for (auto const* svg : {&small, &large}) {
    double top = 1e9;
    for (auto const& p : line(*svg, 0)) top = std::min(top, p.y);
    CHECK(top == 64);  // the one step at the highest rate
  }
}

TEST_CASE("training_picture: accuracies are drawn where there are any") {
  auto points = run(100);
  auto const without = example::training_picture(points, "");
  CHECK(count(without, "<polyline") == 2);
  CHECK(count(without, "%<") == 0);
  points[49].accuracy = 40;
  points[99].accuracy = 60.5;
  auto const with = example::training_picture(points, "");
  CHECK(count(with, "<polyline") == 3);
  CHECK(count(with, ">60.5 %<") == 1);
  CHECK(count(with, ">40.0 %<") == 1);
  auto const curve = line(with, 2);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].x == 450);
  CHECK(curve[1].x == 840);
  CHECK(curve[0].y - curve[1].y == 130);
}

TEST_CASE("training_picture: phases, captures and the number of steps, also where a point stands for many") {
  std::vector<curve_point> points{{.phase = "train", .rate = 0.1, .loss = 1, .steps = 300},
                                  {.phase = "retrain", .rate = 0.2, .loss = 2, .captured = true, .steps = 100}};
  auto const svg = example::training_picture(points, "a < b & c");
  CHECK(count(svg, ">a &lt; b &amp; c<") == 1);
  CHECK(count(svg, ">400 training steps<") == 1);
  CHECK(count(svg, "<circle") == 2);  // the capture, and the legend
  CHECK(svg.find("<rect x='60.0' y='64' width='585.0'") != std::string::npos);
  CHECK(svg.find("<rect x='645.0' y='64' width='195.0'") != std::string::npos);
}

TEST_CASE("training_picture: no points give an empty picture") {
  auto const svg = example::training_picture({}, "nothing");
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count(svg, "<polyline") == 0);
}

}  // namespace SQWA_TEST_FILE
