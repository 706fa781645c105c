// SPDX-License-Identifier: BSD-3-Clause
#include <support/csv_log.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace SQWA_TEST_FILE {

namespace {

std::string text_of(std::filesystem::path const& file) {
  auto const bytes = sqwa::io::read_file(file);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("csv_row: quotes what must be, refuses what no line holds") {
  CHECK(example::csv_row({"a", "", "b,c", "say \"no\"", "1.5"}) == R"(a,,"b,c","say ""no""",1.5)");
  CHECK_THROWS_AS(example::csv_field("two\nlines"), std::invalid_argument);
}

TEST_CASE("csv_log: what was appended is known, also to the next program") {
  test::folder const here("csv-log");
  {
    example::csv_log log(here / "t.csv", "key,x");
    CHECK(!log.has("a"));
    log.append("a,1");
    CHECK(log.has("a"));
    CHECK_THROWS_AS(example::csv_log(here / "t.csv", "key,x"), sqwa::io::error);  // somebody is writing it
  }
  example::csv_log log(here / "t.csv", "key,x");
  CHECK(log.has("a"));
  log.append("b,2");
  CHECK(text_of(here / "t.csv") == "key,x\na,1\nb,2\n");
}

TEST_CASE("csv_log: wherever a writer was killed, whole rows stay and the torn one is dropped") {
  test::folder const here("csv-log-torn");
  std::string_view const whole = "key,x\na,1\nb,2\n";
  for (std::size_t end = 0; end <= whole.size(); ++end) {
    test::put(here / "t.csv", test::text(whole.substr(0, end)));
    {
      example::csv_log log(here / "t.csv", "key,x");
      CHECK(log.has("a") == (end >= 10));
      CHECK(log.has("b") == (end >= 14));
      if (!log.has("a")) log.append("a,1");
      if (!log.has("b")) log.append("b,2");
    }
    CHECK(text_of(here / "t.csv") == whole);
  }
}

TEST_CASE("csv_log: another table is refused and left alone") {
  test::folder const here("csv-log-other");
  test::put(here / "t.csv", test::text("key,y\na,1\n"));
  CHECK_THROWS_AS(example::csv_log(here / "t.csv", "key,x"), sqwa::io::error);
  CHECK(text_of(here / "t.csv") == "key,y\na,1\n");
  CHECK_THROWS_AS(example::csv_log(here / "missing/t.csv", "key,x"), sqwa::io::error);
}

}  // namespace SQWA_TEST_FILE
