// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/gzip.hpp.
#include <sqwa/io/gzip.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <span>

namespace SQWA_TEST_FILE {

namespace {

/// All that comes out of `file`, taken in pieces of `step` bytes.
test::bytes inflate(test::bytes const& file, std::size_t step) {
  sqwa::io::gzip_reader reader("file.gz", file);
  test::bytes all;
  test::bytes piece(step);
  for (;;) {
    std::size_t const n = reader.read(piece);
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
    if (n != step) return all;
  }
}

test::bytes sample(std::size_t n) {
  test::bytes b(n);
  for (std::size_t i = 0; i != n; ++i) b[i] = static_cast<std::byte>(i * i / 3 + i);
  return b;
}

}  // namespace

TEST_CASE("gzip_reader: steps of any size give the bytes that were compressed") {
  for (std::size_t n : {0U, 1U, 999U, 100'000U}) {
    auto const content = sample(n);
    auto const file = test::gzip(content);
    CHECK(sqwa::io::is_gzip(file));
    for (std::size_t step : {7U, 1000U, 1'000'000U}) CHECK(inflate(file, step) == content);
  }
}

TEST_CASE("gzip_reader: every truncation is refused") {
  auto const file = test::gzip(sample(300));
  for (std::size_t n = 0; n != file.size(); ++n) {
    test::bytes const cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(test::refused([&] { (void)inflate(cut, 64); }, "whole gzip file", "file.gz"));
  }
}

TEST_CASE("gzip_reader: an altered byte never gives other content, and bytes behind the end are refused") {
  auto const content = sample(300);
  auto const file = test::gzip(content);
  std::size_t refused = 0;
  for (std::size_t i = 0; i != file.size(); ++i) {
    auto altered = file;
    altered[i] ^= std::byte{0x10};
    try {
      bool const same = inflate(altered, 64) == content;
      CHECK(same);  // time, system and filling bits say nothing about the content
    } catch (sqwa::io::error const&) {
      ++refused;
    }
  }
  CHECK(refused > file.size() - 20);
  auto longer = file;
  longer.push_back(std::byte{0});
  CHECK(test::refused([&] { (void)inflate(longer, 64); }, "end of the gzip file", "file.gz"));
}

TEST_CASE("gzip_reader: no file inflates beyond the stated ratio") {
  auto const file = test::gzip(test::bytes(10'000'000));
  CHECK(10'000'000 <= file.size() * sqwa::io::gzip_reader::max_ratio);
  CHECK(10'000'000 > file.size() * sqwa::io::gzip_reader::max_ratio / 2);  // the bound is not idle
}

TEST_CASE("is_gzip: other beginnings and too few bytes are none") {
  CHECK(!sqwa::io::is_gzip(test::bytes{}));
  CHECK(!sqwa::io::is_gzip(test::bytes{std::byte{0x1F}}));
  CHECK(!sqwa::io::is_gzip(test::text("PK")));
}

}  // namespace SQWA_TEST_FILE
