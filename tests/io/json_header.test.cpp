// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/json_header.hpp.
#include <sqwa/io/json_header.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

namespace SQWA_TEST_FILE {

namespace {

bool header_refused(std::string const& text, std::string_view words) {
  return test::refused([&] { (void)sqwa::io::detail::parse_header("file", 8, text); }, words, "file");
}

}  // namespace

TEST_CASE("parse_header: values come back, names may repeat in different objects") {
  auto const j = sqwa::io::detail::parse_header("file", 0, R"({"a": {"x": 1}, "b": {"x": [2, 3]}})");
  CHECK(j.at("a").at("x") == 1);
  CHECK(j.at("b").at("x")[1] == 3);
}

TEST_CASE("parse_header: other text, names twice and deep nesting are refused") {
  CHECK(header_refused("{", "a header in JSON"));
  CHECK(header_refused(R"({"a": 1, "b": {"a": 2}, "a": 3})", "a again"));
  CHECK(header_refused(R"([{"c": 1, "c": 1}])", "c again"));
  CHECK(header_refused(std::string(100'000, '['), "at most 16 levels"));
  CHECK_FALSE(header_refused(std::string(16, '[') + std::string(16, ']'), ""));
}

TEST_CASE("header_extents: counts whose product is bounded, without overflow") {
  auto const fail = [](std::string const& expected, std::string const& found) {
    throw sqwa::io::error("file", 0, expected, found);
  };
  auto const extents = [&](char const* list, std::size_t most) {
    return sqwa::io::detail::header_extents(sqwa::io::detail::json::parse(std::string(R"({"extents": )") + list + "}"),
                                            most, fail);
  };
  CHECK(extents("[2, 3]", 6) == sqwa::shape{2, 3});
  CHECK(extents("[]", 1) == sqwa::shape{});
  for (char const* bad :
       {"[2, 4]", "[-1]", "[1.5]", "3", "[1,1,1,1,1,1,1,1,1]", "[4294967296, 4294967296]", "[0, 8]"}) {
    CHECK(test::refused([&] { (void)extents(bad, 7); }, "extents", "file"));
  }
}

}  // namespace SQWA_TEST_FILE
