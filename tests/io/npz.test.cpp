// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/npz.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <zlib.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

std::vector<sqwa::io::npz_member> sample() {
  sqwa::io::npy_array a{"<f4", {2, 3}, false, test::bytes(24, std::byte{0x3F})};
  sqwa::io::npy_array b{"<i8", {1}, false, test::bytes(8, std::byte{7})};
  return {{"layer/weight", a}, {"steps", b}, {"none", {"|u1", {0}, false, {}}}};
}

void number(test::bytes& to, std::uint64_t v, std::size_t bytes) {
  for (std::size_t i = 0; i != bytes; ++i, v >>= 8) to.push_back(static_cast<std::byte>(v & 0xFF));
}

/// One array, deflated, its sizes behind it or in an extra field, a comment at the end: as other writers do it.
test::bytes deflated(test::bytes const& content, std::string const& name, std::string const& comment) {
  auto const gz = test::gzip(content);  // ten bytes of header, eight behind the stream
  test::bytes const stream(gz.begin() + 10, gz.end() - 8);
  auto const sum = crc32_z(0, reinterpret_cast<Bytef const*>(content.data()), content.size());
  test::bytes file;
  number(file, 0x04034B50, 4);
  number(file, 45, 2);
  number(file, 0, 2);
  number(file, 8, 2);
  number(file, 0, 4);
  number(file, sum, 4);
  number(file, 0xFFFF'FFFF, 4);  // NumPy: the sizes are in the extra field
  number(file, 0xFFFF'FFFF, 4);
  number(file, name.size(), 2);
  number(file, 20, 2);
  for (char c : name) file.push_back(static_cast<std::byte>(c));
  number(file, 1, 2);
  number(file, 16, 2);
  number(file, content.size(), 8);
  number(file, stream.size(), 8);
  file.insert(file.end(), stream.begin(), stream.end());
  std::size_t const first = file.size();
  number(file, 0x02014B50, 4);
  number(file, 45, 2);
  number(file, 45, 2);
  number(file, 0, 2);
  number(file, 8, 2);
  number(file, 0, 4);
  number(file, sum, 4);
  number(file, stream.size(), 4);
  number(file, content.size(), 4);
  number(file, name.size(), 2);
  number(file, 0, 2 + 2 + 2 + 2 + 4 + 4);
  for (char c : name) file.push_back(static_cast<std::byte>(c));
  std::size_t const size = file.size() - first;
  number(file, 0x06054B50, 4);
  number(file, 0, 4);
  number(file, 1, 2);
  number(file, 1, 2);
  number(file, size, 4);
  number(file, first, 4);
  number(file, comment.size(), 2);
  for (char c : comment) file.push_back(static_cast<std::byte>(c));
  return file;
}

}  // namespace

TEST_CASE("npz: what is read equals what was written, and the same arrays give the same bytes") {
  test::folder const here("npz");
  auto const arrays = sample();
  sqwa::io::write_npz(here / "a.npz", arrays);
  CHECK(sqwa::io::read_npz(here / "a.npz") == arrays);
  sqwa::io::write_npz(here / "b.npz", sqwa::io::read_npz(here / "a.npz"));
  CHECK(sqwa::io::read_file(here / "a.npz") == sqwa::io::read_file(here / "b.npz"));
  sqwa::io::write_npz(here / "empty.npz", {});
  CHECK(sqwa::io::read_npz(here / "empty.npz").empty());
}

TEST_CASE("npz: deflated arrays, sizes in extra fields and comments are read") {
  test::folder const here("npz-deflated");
  sqwa::io::npy_array const a{"<f8", {1'000}, false, test::bytes(8'000, std::byte{1})};
  for (std::string const comment : {"", "a comment", "PK\5\6 and more than that, as if it were the end itself"}) {
    test::put(here / "d.npz", deflated(sqwa::io::npy_file_bytes(a), "w.npy", comment));
    auto const read = sqwa::io::read_npz(here / "d.npz");
    REQUIRE(read.size() == 1);
    CHECK(read[0] == sqwa::io::npz_member{"w", a});
  }
}

TEST_CASE("npz: no altered or missing byte goes unnoticed or does harm") {
  test::folder const here("npz-altered");
  auto const path = here / "a.npz";
  sqwa::io::npy_array const a{"<f4", {30}, false, test::bytes(120, std::byte{9})};
  auto const whole = deflated(sqwa::io::npy_file_bytes(a), "w.npy", "");
  sqwa::io::write_npz(path, sample());
  auto const arrays = sample();
  auto const stored = sqwa::io::read_file(path);
  for (auto const& file : {whole, stored}) {
    for (std::size_t n = 0; n != file.size(); ++n) {
      test::put(path, {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n)});
      CHECK(test::refused([&] { (void)sqwa::io::read_npz(path); }, "byte", path));
      for (unsigned mask : {0x01U, 0x80U, 0xFFU}) {
        auto bad = file;
        bad[n] ^= static_cast<std::byte>(mask);
        test::put(path, bad);
        try {
          for (auto const& m : sqwa::io::read_npz(path)) {  // names and what nobody reads may change, values may not
            bool known = m.array == a;
            for (auto const& k : arrays) known = known || m.array == k.array;
            CHECK(known);
          }
        } catch (sqwa::io::error const& e) {
          CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("npz: foreign files and what numpy would not write are refused") {
  test::folder const here("npz-refused");
  auto const path = here / "a.npz";
  auto const refused = [&](test::bytes const& file, char const* words) {
    test::put(path, file);
    return test::refused([&] { (void)sqwa::io::read_npz(path); }, words, path);
  };
  auto const npy = sqwa::io::npy_file_bytes(sample()[0].array);
  CHECK(refused(npy, "the directory at the end of a zip file"));
  CHECK(refused(deflated(npy, "readme.txt", ""), "names end in .npy, found readme.txt"));
  CHECK(refused(deflated(test::text("no array"), "w.npy", ""), "w.npy, byte 0: expected a NumPy array file"));
  auto twice = sample();
  twice.push_back(twice[0]);
  sqwa::io::write_npz(path, twice);
  CHECK(test::refused([&] { (void)sqwa::io::read_npz(path); }, "layer/weight.npy again", path));
  auto file = deflated(npy, "w.npy", "");
  std::size_t const entry = file.size() - 22 - 46 - 5;
  auto const with = [&](std::size_t at, std::uint8_t value) {
    auto bad = file;
    bad[at] = std::byte{value};
    return bad;
  };
  CHECK(refused(with(entry + 8, 1), "not encrypted"));
  CHECK(refused(with(entry + 10, 12), "stored or deflated files, found method 12"));
  CHECK(refused(with(entry + 27, 0x7F), "sizes that the file can hold"));
  CHECK(refused(with(entry + 45, 0x7F), "sizes that the file can hold"));
  CHECK(refused(with(file.size() - 22 + 4, 1), "one volume"));
  CHECK(refused(with(entry + 16, 0), "with the checksum"));
}

}  // namespace SQWA_TEST_FILE
