// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/npy.hpp>
#include <sqwa/io/npy_array.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace SQWA_TEST_FILE {

namespace {

sqwa::io::npy_array read(test::bytes const& file) { return sqwa::io::read_npy_array("a.npy", file); }

test::bytes forged(std::string const& from, std::string const& to) {
  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  dictionary.replace(dictionary.find(from), from.size(), to);
  dictionary.resize(118, ' ');
  std::string file = std::string("\x93NUMPY\x01\0\x76\0", 10) + dictionary + std::string(24, '\0');
  return test::text(file);
}

}  // namespace

TEST_CASE("npy_array: bytes, types, orders and extents come back, and xtensor reads what was written") {
  test::folder const here("npy-array");
  for (sqwa::shape const& extents : {sqwa::shape{}, sqwa::shape{6}, sqwa::shape{2, 3}, sqwa::shape{0, 7}}) {
    for (std::string const type : {"<f4", ">f8", "|u1", "|b1", "<i8", "<f2"}) {
      for (bool fortran : {false, true}) {
        sqwa::io::npy_array a{type, extents, fortran, {}};
        a.bytes.resize(extents.size() * sqwa::io::detail::npy_size(type));
        for (std::size_t i = 0; i != a.bytes.size(); ++i) a.bytes[i] = static_cast<std::byte>(i);
        auto const file = sqwa::io::npy_file_bytes(a);
        CHECK((file.size() - a.bytes.size()) % 64 == 0);
        CHECK(read(file) == a);
      }
    }
  }
  float const values[] = {1, 2, 3, 4, 5, 6};
  sqwa::io::npy_array a{"<f4", {2, 3}, false, test::bytes(24)};
  std::memcpy(a.bytes.data(), values, 24);
  test::put(here / "a.npy", sqwa::io::npy_file_bytes(a));
  auto const x = sqwa::io::load_npy<float, 2>(here / "a.npy");
  CHECK(x(1, 0) == 4);
  sqwa::io::save_npy(here / "b.npy", x);
  CHECK(read(sqwa::io::read_file(here / "b.npy")) == a);
}

TEST_CASE("npy_array: truncated and forged headers are refused") {
  CHECK(read(forged("2", "2")).extents == sqwa::shape{2, 3});
  auto const good = forged("2", "2");
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(test::refused(
        [&] {
          (void)read({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
        },
        "", "a.npy"));
  }
  auto const refused = [](test::bytes const& file, char const* words) {
    return test::refused([&] { (void)read(file); }, words, "a.npy");
  };
  CHECK(refused(forged("(2, 3)", "(2, 4)"), "values that fill the file"));
  CHECK(refused(forged("(2, 3)", "(2, 99999999999999999)"), "values that fill the file"));
  CHECK(refused(forged("(2, 3)", "(4294967296, 4294967296)"), "values that fill the file"));
  CHECK(refused(forged("(2, 3)", "(1, 1, 1, 1, 1, 1, 1, 2, 3)"), "at most 8 extents"));
  CHECK(refused(forged("'<f4'", "'<c8'"), "floats, integers or truth values"));
  CHECK(refused(forged("'<f4'", "'<U4'"), "floats, integers or truth values"));
  CHECK(refused(forged("'<f4'", "'|O'"), "floats, integers or truth values"));
  CHECK(refused(forged("'<f4'", "[('a', '<f4')]"), "floats, integers or truth values"));
  CHECK(refused(forged("False", "Maybe"), "True or False"));
}

}  // namespace SQWA_TEST_FILE
