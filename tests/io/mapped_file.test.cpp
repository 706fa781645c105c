// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/mapped_file.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <type_traits>

namespace SQWA_TEST_FILE {

static_assert(!std::is_copy_constructible_v<sqwa::io::mapped_file>);

TEST_CASE("mapped_file: its bytes are those of the file, and an empty file has none") {
  test::folder const here("mapped");
  auto const content = test::text("some bytes\n");
  test::put(here / "a", content);
  sqwa::io::mapped_file const file(here / "a");
  CHECK(std::ranges::equal(file.bytes(), content));
  file.check();
  test::put(here / "none", {});
  sqwa::io::mapped_file const none(here / "none");
  CHECK(none.bytes().empty());
  none.check();
}

TEST_CASE("mapped_file: what is appended later is not seen; a file that was cut is told") {
  test::folder const here("mapped-cut");
  test::put(here / "a", test::text("12345678"));
  sqwa::io::mapped_file const file(here / "a");
  std::filesystem::resize_file(here / "a", 20);
  CHECK(file.bytes().size() == 8);
  file.check();
  std::filesystem::resize_file(here / "a", 5);
  CHECK(test::refused([&] { file.check(); }, "byte 5: expected 8 bytes, as when it was opened", here / "a"));
}

TEST_CASE("mapped_file: a missing file and a directory are refused") {
  test::folder const here("mapped-none");
  CHECK(test::refused([&] { sqwa::io::mapped_file f(here / "a"); }, "No such file", here / "a"));
  CHECK(test::refused([&] { sqwa::io::mapped_file f(here.path()); }, "a regular file", here.path()));
}

}  // namespace SQWA_TEST_FILE
