// SPDX-License-Identifier: BSD-3-Clause
#include <support/study_setting.hpp>

#include <doctest/doctest.h>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using example::json;

json const study = json::parse(R"({
  "seeds": {"first": 5, "count": 2}, "common": {"width": 4, "epochs": 1.0}, "grid": {"levels": [3, 7], "cycles": [7, 8, 9]},
  "settings": [{"name": "sqwa"}, {"name": "control", "average": "none", "width": 6}]})");

std::vector<sqwa::step_index> captures_of(sqwa::recipe const& r) {
  std::vector<sqwa::step_index> all;
  for (sqwa::step_index t = 0; t != r.retrain.length(); ++t) {
    if (r.capture(r.retrain.rate, t, r.retrain.length())) all.push_back(t);
  }
  return all;
}

}  // namespace

TEST_CASE("runs_of: each setting with all of the grid and each seed, seed after seed, no two alike") {
  auto const runs = example::runs_of(study);
  REQUIRE(runs.size() == 24);
  std::set<std::string> keys;
  for (auto const& r : runs) keys.insert(r.key());
  CHECK(keys.size() == 24);
  CHECK(runs[0].seed == 5);
  CHECK(runs[11].seed == 5);
  CHECK(runs[12].seed == 6);
  CHECK(runs[12].setting == runs[0].setting);
  CHECK(runs[0].setting["width"] == 4.0);
  CHECK(runs[1].setting["width"] == 6.0);
  CHECK(runs[1].setting["average"] == "none");
  CHECK(runs[11].setting["levels"] == 7);
  CHECK(runs[11].setting["cycles"] == 9);
  CHECK(example::runs_of(json::object()).size() == 1);
}

TEST_CASE("recipe_of: more captures than cycles only where they are not at troughs") {
  auto const changes = json::parse(R"({"cycles": 1, "cycle_epochs": 40.0, "captures": 15})");
  CHECK_THROWS_AS(example::recipe_of(example::setting_of(changes), 10, 1), std::invalid_argument);
  auto apart = changes;
  apart["capture_every"] = 1.0;
  CHECK(captures_of(example::recipe_of(example::setting_of(apart), 10, 1)).size() == 15);
}

TEST_CASE("key_of: the spelling of a number does not count; float models are shared by what they depend on") {
  auto const one = example::setting_of(json::parse(R"({"width": 8})"));
  CHECK(one == example::default_setting());
  CHECK(example::key_of(one) == example::key_of(example::setting_of(json::parse(R"({"width": 8.0, "levels": 3})"))));
  auto const other = example::setting_of(json::parse(R"({"levels": 7, "cycles": 9, "name": "x"})"));
  CHECK(example::float_part(one, 1) == example::float_part(other, 1));
  CHECK(example::float_part(one, 1) != example::float_part(one, 2));
  CHECK(example::float_part(one, 1) != example::float_part(example::setting_of({{"epochs", 3.0}}), 1));
}

TEST_CASE("setting_of, runs_of: names and kinds that are wrong are refused") {
  for (char const* bad : {R"({"levles": 3})", R"({"levels": "3"})", R"({"levels": 3.5})", R"({"levels": -3})",
                          R"({"rate": "fast"})", R"({"refresh": 1})", R"({"name": 3})"}) {
    CHECK_THROWS_AS(example::setting_of(json::parse(bad)), std::invalid_argument);
  }
  for (char const* bad : {"3", R"({"setting": []})", R"({"grid": {"levels": 3}})", R"({"settings": [3]})",
                          R"({"seeds": 3})", R"({"seeds": {"first": 1}})", R"({"seeds": {"first": -1, "count": 2}})"}) {
    CHECK_THROWS_AS(example::runs_of(json::parse(bad)), std::invalid_argument);
  }
  for (char const* bad : {R"({"average": "code"})", R"({"shape": "saw"})", R"({"levels": 4})", R"({"captures": 11})",
                          R"({"requantize": "learned"})", R"({"cycles": 0})"}) {
    CHECK_THROWS_AS(example::recipe_of(example::setting_of(json::parse(bad)), 10, 1), std::invalid_argument);
  }
}

TEST_CASE("recipe_of: shapes of cycles, and captures apart, the last at the end") {
  auto const recipe = [](char const* changes) {
    return example::recipe_of(example::setting_of(json::parse(changes)), 10, 3);
  };
  auto const plain = recipe("{}");
  CHECK(plain.seed == 3);
  CHECK(plain.train.length() == 200);
  CHECK(plain.low_bit_steps() == 600);
  CHECK(captures_of(plain) == std::vector<sqwa::step_index>{159, 199, 239, 279, 319, 359, 399});
  CHECK(recipe(R"({"average": "none"})").average == sqwa::averaging::none);

  auto const line = recipe(R"({"shape": "linear", "retrain_rate": 0.4, "last_rate": 0.4, "trough_rate": 0.01})");
  CHECK(line.retrain.rate(0) == 0.4F);
  CHECK(line.retrain.rate(39) == 0.01F);
  CHECK(line.retrain.rate(13) == doctest::Approx(0.4 - 0.39 / 3));
  CHECK(captures_of(line) == captures_of(plain));

  auto const flat =
      recipe(R"({"shape": "constant", "retrain_rate": 0.1, "last_rate": 0.1, "capture_every": 0.7, "captures": 3})");
  CHECK(flat.retrain.rate(0) == 0.1F);
  CHECK(flat.retrain.rate(399) == 0.1F);
  CHECK(captures_of(flat) == std::vector<sqwa::step_index>{385, 392, 399});
}

}  // namespace SQWA_TEST_FILE
