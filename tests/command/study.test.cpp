// SPDX-License-Identifier: BSD-3-Clause
// The program study, run as its users run it: killed and continued, on one thread and on several.

#include "command/program.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using test::text_of;

/// Two settings, two seeds, an epoch of ten steps.
constexpr std::string_view small = R"({
  "seeds": {"first": 1, "count": 2},
  "common": {"data": "digits", "train": 260, "hold_out": 100, "width": 2, "batch": 16, "epochs": 1.0, "cycles": 3,
             "cycle_epochs": 0.5, "captures": 2, "fine_tune_epochs": 0.5, "activation_bits": 4, "diagnose": true},
  "settings": [{"name": "sqwa"}, {"name": "control", "average": "none"}]})";

class place : public test::folder {
 public:
  explicit place(std::string const& name) : folder(name) { test::put(*this / "s.json", test::text(small)); }

  /// The program's exit status; what it says goes to out.txt.
  int run(std::string const& out, std::string const& more = "") const {
    std::string const command = std::string("\"") + SQWA_TEST_STUDY + "\" \"" + (*this / "s.json").string() +
                                "\" --out \"" + (*this / out).string() + "\" " + more + " > \"" +
                                (*this / "out.txt").string() + "\" 2>&1";
    return std::system(command.c_str());
  }
  std::string said() const { return text_of(*this / "out.txt"); }
  /// The rows in order, each a map from column to field; none of these has a comma.
  std::vector<std::map<std::string, std::string>> rows(std::string const& out) const {
    std::istringstream file(text_of(*this / out / "study.csv"));
    std::string line;
    std::getline(file, line);
    auto const split = [](std::string const& text) {
      std::vector<std::string> fields{""};
      for (char c : text) c == ',' ? fields.emplace_back() : fields.back() += c;
      return std::vector<std::string>(fields);
    };
    auto const names = split(line);
    std::vector<std::map<std::string, std::string>> all;
    while (std::getline(file, line)) {
      auto const fields = split(line);
      CHECK(fields.size() == names.size());
      auto& row = all.emplace_back();
      for (std::size_t i = 0; i != std::min(fields.size(), names.size()); ++i) row[names[i]] = fields[i];
      row.erase("seconds");
    }
    std::ranges::sort(all);
    return all;
  }
};

}  // namespace

TEST_CASE("study: a row for each run with the figures of its models; nothing is done twice") {
  place const here("study");
  REQUIRE(here.run("a") == 0);
  auto const rows = here.rows("a");
  REQUIRE(rows.size() == 4);
  std::set<std::string> floats;
  for (auto const& r : rows) {
    bool const control = r.at("average") == "none";
    CHECK(r.at("steps") == "20");
    CHECK(r.at("taken") == (control ? "0" : "2"));
    CHECK(r.at("verdict").empty() == control);
    for (char const* split : {"held", "test"}) {
      auto const has = [&](std::string const& model) { return !r.at(model + "_" + split + "_accuracy").empty(); };
      CHECK(has("float"));
      CHECK(has("direct"));
      for (char const* model : {"captures", "last_capture", "best_capture", "average", "requantized", "sqwa"}) {
        CHECK(has(model) != control);
      }
      CHECK(has("control") == control);
      CHECK(has("ema") == control);
    }
    floats.insert(r.at("seed") + r.at("float_test_loss"));
  }
  CHECK(floats.size() == 2);  // a float model a seed, whatever comes after it
  auto const once = text_of(here / "a/study.csv");
  REQUIRE(here.run("a") == 0);
  CHECK(here.said().find("0 of 4 runs") != std::string::npos);
  CHECK(text_of(here / "a/study.csv") == once);
}

TEST_CASE("study: the figures do not depend on the threads, nor on a table that was cut anywhere") {
  place const here("study-threads");
  REQUIRE(here.run("one", "--threads 1 --quiet") == 0);
  REQUIRE(here.run("many", "--threads 3 --quiet") == 0);
  auto const rows = here.rows("one");
  CHECK(here.rows("many") == rows);
  std::filesystem::resize_file(here / "many/study.csv", text_of(here / "many/study.csv").size() - 300);
  REQUIRE(here.run("many") == 0);
  CHECK(here.rows("many") == rows);
}

TEST_CASE("study: a bad study is refused before anything is trained") {
  place const here("study-bad");
  for (std::string_view const bad : {R"({"common": {"data": "none"}})", R"({"common": {"captures": 20}})",
                                     R"({"common": {"train": 100000}})", R"({"common": {"width": 1.5}})",
                                     R"({"common": {"activation_bits": 9}})", R"({"common": {"lerning": 9}})", "{"}) {
    test::put(here / "s.json", test::text(bad));
    CHECK_MESSAGE(here.run("bad") != 0, bad);
    CHECK_MESSAGE(here.said().find("study: ") != std::string::npos, here.said());
    CHECK(std::filesystem::is_empty(here / "bad/float"));
  }
}

}  // namespace SQWA_TEST_FILE
