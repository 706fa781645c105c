// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/model_file.hpp and sqwa/io/pieces.hpp.
#include <sqwa/io/model_file.hpp>

#include "io/files.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <zlib.h>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;

sqwa::low_bit_tensor tensor(std::string name, int levels, sqwa::shape const& extents, sqwa::blocks layout) {
  sqwa::packed p{levels, layout, {}, {}};
  for (std::size_t i = 0; i != layout.count; ++i) p.scales.push_back(0.1F / static_cast<float>(i + 1));
  std::vector<std::int16_t> codes(layout.size);
  for (std::size_t i = 0; i != codes.size(); ++i) {
    codes[i] = static_cast<std::int16_t>(static_cast<int>(i * 7 % static_cast<std::size_t>(levels)) - p.max_code());
  }
  p.bytes.resize(sqwa::packed_bytes(p.size(), p.bits()));
  sqwa::pack(std::span<std::int16_t const>(codes), p.bits(), p.max_code(), std::span(p.bytes));
  return {std::move(name), extents, std::move(p)};
}

sqwa::low_bit_model sample() {
  sqwa::low_bit_model m;
  m.weights.push_back(tensor("first", 3, {5, 3}, sqwa::per_channel{}({5, 3})));
  m.weights.push_back(tensor("second", 15, {7}, sqwa::per_group{4}({7})));
  m.floats.push_back({"bias", {2}, {-0.0F, 1e-40F}});
  m.notes["levels"] = "3";
  return m;
}

/// The header's text as a range of `file`.
std::string_view header(test::bytes const& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data() + 8, 8);
  return {reinterpret_cast<char const*>(file.data()) + 16, static_cast<std::size_t>(length)};
}

/// `file` with its length of the header and its checksum made true again.
test::bytes sealed(test::bytes file, std::size_t header_length) {
  std::uint64_t const length = header_length;
  std::memcpy(file.data() + 8, &length, 8);
  file.resize(file.size() - 4);
  auto const sum = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<Bytef const*>(file.data()), file.size()));
  for (int shift = 0; shift != 32; shift += 8) file.push_back(static_cast<std::byte>(sum >> shift));
  return file;
}

/// A file whose header says `to` where it said `from`, and whose checksum is right.
test::bytes forged(test::bytes const& file, std::string const& from, std::string const& to) {
  std::string text(header(file));
  std::size_t const at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  auto const old = static_cast<std::ptrdiff_t>(header(file).size());
  test::bytes result(file.begin(), file.begin() + 16);
  for (char c : text) result.push_back(static_cast<std::byte>(c));
  result.insert(result.end(), file.begin() + 16 + old, file.end());
  return sealed(result, text.size());
}

}  // namespace

TEST_CASE("model file: what is read equals what was written, for every granularity, width and tail") {
  test::folder const here("model-round-trip");
  for (int levels : {3, 5, 7, 15, 127, 255, 4095, 65'535}) {
    for (std::size_t n = 0; n != 19; ++n) {
      sqwa::low_bit_model m = sample();
      m.weights.push_back(tensor("t", levels, {n}, sqwa::per_tensor{}({n})));
      m.weights.push_back(tensor("c", levels, {n, 3, 2}, sqwa::per_channel{}({n, 3, 2})));
      m.weights.push_back(tensor("d", levels, {n, 3, 2}, sqwa::per_channel{1}({n, 3, 2})));
      m.weights.push_back(tensor("g", levels, {n}, sqwa::per_group{4}({n})));
      sqwa::io::write_model(here / "m", m);
      CHECK(sqwa::io::read_model(here / "m") == m);
    }
  }
}

TEST_CASE("model file: every bit of the floats survives, NaN, infinity and minus zero too") {
  test::folder const here("model-bits");
  sqwa::low_bit_model m;
  using limits = std::numeric_limits<float>;
  m.floats.push_back(
      {"odd",
       {5},
       {std::bit_cast<float>(0x7FC12345U), limits::infinity(), -0.0F, limits::denorm_min(), limits::lowest()}});
  m.floats.push_back({"scalar", {}, {2.0F}});
  m.floats.push_back({"none", {0, 3}, {}});
  m.notes["a \"quoted\" key\n"] = "ä, 你, \\";
  sqwa::io::write_model(here / "m", m);
  auto const read = sqwa::io::read_model(here / "m");
  REQUIRE(read.floats.size() == 3);
  CHECK(std::memcmp(read.floats[0].values.data(), m.floats[0].values.data(), 20) == 0);
  CHECK(read.floats[1] == m.floats[1]);
  CHECK(read.floats[2] == m.floats[2]);
  CHECK(read.notes == m.notes);
}

TEST_CASE("model file: an empty model round-trips, and the same model gives the same bytes") {
  test::folder const here("model-same");
  sqwa::io::write_model(here / "empty", {});
  CHECK(sqwa::io::read_model(here / "empty") == sqwa::low_bit_model{});
  sqwa::io::write_model(here / "a", sample());
  sqwa::io::write_model(here / "b", sqwa::io::read_model(here / "a"));
  CHECK(sqwa::io::read_file(here / "a") == sqwa::io::read_file(here / "b"));
}

TEST_CASE("model file: every truncation and every longer file is refused") {
  test::folder const here("model-cut");
  sqwa::io::write_model(here / "m", sample());
  auto const whole = sqwa::io::read_file(here / "m");
  auto const read = [&] { (void)sqwa::io::read_model(here / "cut"); };
  for (std::size_t n = 0; n != whole.size(); ++n) {
    test::put(here / "cut", test::bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    CHECK(test::refused(read, "expected", here / "cut"));
  }
  for (std::size_t n : {1U, 4U, 1000U}) {
    auto longer = whole;
    longer.resize(whole.size() + n);
    test::put(here / "cut", longer);
    CHECK(test::refused(read, "the checksum", here / "cut"));
  }
}

TEST_CASE("model file: every altered byte is refused") {
  test::folder const here("model-altered");
  sqwa::io::write_model(here / "m", sample());
  auto const whole = sqwa::io::read_file(here / "m");
  auto const read = [&] { (void)sqwa::io::read_model(here / "altered"); };
  for (std::size_t i = 0; i != whole.size(); ++i) {
    for (std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
      auto altered = whole;
      altered[i] ^= flip;
      test::put(here / "altered", altered);
      CHECK(test::refused(read, "expected", here / "altered"));
    }
  }
}

TEST_CASE("model file: a foreign file, another version and a header longer than the file are refused by name") {
  test::folder const here("model-foreign");
  sqwa::io::write_model(here / "m", sample());
  auto const whole = sqwa::io::read_file(here / "m");
  auto const refused = [&](test::bytes const& file, std::string_view words) {
    test::put(here / "x", file);
    return test::refused([&] { (void)sqwa::io::read_model(here / "x"); }, words, here / "x");
  };
  CHECK(refused(test::text("GGUF and more bytes than twenty"), "SQWA"));
  CHECK(refused(test::text("SQWA"), "at least 20 bytes"));
  auto newer = whole;
  newer[4] = std::byte{2};
  CHECK(refused(newer, "format version 1, found 2"));
  auto greedy = whole;
  for (std::size_t i = 8; i != 16; ++i) greedy[i] = std::byte{0xFF};
  CHECK(refused(greedy, "a header that ends inside the file"));
  CHECK(test::refused([&] { (void)sqwa::io::read_model(here / "none"); }, "No such file", here / "none"));
}

TEST_CASE("model file: a header that lies is refused even under a right checksum") {
  test::folder const here("model-forged");
  sqwa::io::write_model(here / "m", sample());
  auto const whole = sqwa::io::read_file(here / "m");
  auto const refused = [&](std::string const& from, std::string const& to, std::string_view words) {
    test::put(here / "x", forged(whole, from, to));
    return test::refused([&] { (void)sqwa::io::read_model(here / "x"); }, words, here / "x");
  };
  test::put(here / "x", forged(whole, "first", "third"));
  CHECK(sqwa::io::read_model(here / "x").weights[0].name == "third");  // the forger's tools work
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[5,4]", "expected"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[-5,3]", "counts as extents"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[5.0,3]", "counts as extents"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":15", "at most 8 extents"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[1,1,1,1,1,1,1,5,3]", "at most 8 extents"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[4294967296,4294967296,4294967296]", "fit in the file"));
  CHECK(refused("\"extents\":[5,3]", "\"extents\":[0,18446744073709551615,18446744073709551615]", "fit in the file"));
  CHECK(refused("\"levels\":3", "\"levels\":4", "odd number of levels"));
  CHECK(refused("\"levels\":3", "\"levels\":1", "odd number of levels"));
  CHECK(refused("\"levels\":3", "\"levels\":4294967299", "odd number of levels"));
  CHECK(refused("\"levels\":3", "\"levels\":5", "3 bits"));
  CHECK(refused("\"bits\":2", "\"bits\":3", "2 bits"));
  CHECK(refused("\"inner\":3", "\"inner\":0", "blocks that cover"));
  CHECK(refused("\"inner\":3", "\"inner\":15", "blocks that cover"));
  CHECK(refused("\"outer\":1", "\"outer\":2", "blocks that cover"));
  CHECK(refused("\"count\":5,\"inner\":3", "\"count\":0,\"inner\":3", "blocks that cover"));
  CHECK(refused("\"offset\":0,\"count\":5", "\"offset\":4,\"count\":5", "a piece at offset 0"));
  CHECK(refused("\"offset\":0,\"count\":5", "\"offset\":0,\"count\":6", "5 values"));
  CHECK(refused("\"offset\":20,\"count\":4", "\"offset\":20,\"count\":5", "4 bytes of codes"));
  CHECK(refused("\"name\":\"first\"", "\"name\":7", "header of a low-bit model"));
  CHECK(refused("\"name\":\"first\",", "", "header of a low-bit model"));
  CHECK(refused("{\"weights\"", "{{\"weights\"", "a header in JSON"));
  CHECK(refused("\"levels\":\"3\"", "\"levels\":3", "header of a low-bit model"));  // the note
  CHECK(refused("\"floats\":[", "\"floats\":null,\"x\":[", "the checksum"));        // bytes that nobody claims
}

TEST_CASE("model file: bad codes, scales, padding and trailing bytes are refused even under a right checksum") {
  test::folder const here("model-payload");
  sqwa::io::write_model(here / "m", sample());
  auto const whole = sqwa::io::read_file(here / "m");
  std::size_t const length = header(whole).size();
  std::size_t const payload = 16 + length;
  auto const refused = [&](std::size_t at, std::byte value, std::string_view words) {
    auto file = whole;
    file[payload + at] = value;
    test::put(here / "x", sealed(file, length));
    return test::refused([&] { (void)sqwa::io::read_model(here / "x"); }, words, here / "x");
  };
  // 5 scales (20 bytes), 15 codes of 2 bits (4 bytes), 2 scales (8), 7 codes of 4 bits (4), 2 floats (8)
  CHECK(refused(20, std::byte{0xFF}, "codes below the number of levels"));
  CHECK(refused(23, std::byte{0x30}, "codes below the number of levels"));  // the last code
  CHECK(refused(23, std::byte{0xC0}, "zero bits behind the last code"));
  CHECK(refused(3, std::byte{0x7F}, "finite scales"));  // 0.1F is 3DCCCCCD, and 7FCCCCCD is NaN
  CHECK(whole.size() == payload + 44 + 4);
  auto file = whole;
  file.insert(file.end() - 4, 4, std::byte{0});
  test::put(here / "x", sealed(file, length));
  CHECK(test::refused([&] { (void)sqwa::io::read_model(here / "x"); }, "4 bytes more of payload", here / "x"));

  sqwa::low_bit_model odd;
  odd.weights.push_back(tensor("w", 3, {3}, sqwa::per_tensor{}({3})));  // one byte of codes, three of padding
  sqwa::io::write_model(here / "odd", odd);
  auto padded = sqwa::io::read_file(here / "odd");
  padded[padded.size() - 5] = std::byte{1};
  test::put(here / "odd", sealed(padded, header(padded).size()));
  CHECK(test::refused([&] { (void)sqwa::io::read_model(here / "odd"); }, "a zero byte between", here / "odd"));
}

TEST_CASE("model file: a bad code is found anywhere, in every width") {
  test::folder const here("model-codes");
  for (int levels : {3, 7, 15, 127, 255 - 2, 4095 - 2, 65'533}) {  // each leaves a field of ones that is no code
    sqwa::low_bit_model m;
    m.weights.push_back(tensor("w", levels, {2000}, sqwa::per_tensor{}({2000})));
    sqwa::io::write_model(here / "m", m);
    auto const whole = sqwa::io::read_file(here / "m");
    std::size_t const codes = 16 + header(whole).size() + 4;
    std::size_t const bytes = m.weights[0].weights.bytes.size();
    for (std::size_t at : {std::size_t{0}, bytes / 2, bytes - 3}) {
      auto file = whole;
      for (std::size_t i = at; i != at + 3; ++i) file[codes + i] = std::byte{0xFF};
      test::put(here / "x", sealed(file, header(whole).size()));
      auto const read = [&] { (void)sqwa::io::read_model(here / "x"); };
      CHECK(test::refused(read, "codes below the number of levels", here / "x"));
    }
  }
}

TEST_CASE("write_model: a model that contradicts itself breaks the contract, and an old file survives") {
  test::folder const here("model-contract");
  sqwa::io::write_model(here / "m", sample());
  auto const old = sqwa::io::read_file(here / "m");
  auto const refuses = [&](auto change, std::string_view words) {
    auto m = sample();
    change(m);
    return test::refuses([&] { sqwa::io::write_model(here / "m", m); }, words);
  };
  CHECK(refuses([](auto& m) { m.weights[0].extents = {5, 4}; }, "first has 15 codes, but extents for 20"));
  CHECK(refuses([](auto& m) { m.weights[0].weights.scales.pop_back(); }, "first has 4 scales for 5 blocks"));
  CHECK(refuses([](auto& m) { m.weights[1].weights.bytes.pop_back(); }, "second has 3 bytes of codes, not 4"));
  CHECK(refuses([](auto& m) { m.weights[0].weights.bytes[0] = std::byte{0xFF}; }, "codes below the number"));
  CHECK(refuses([](auto& m) { m.weights[0].weights.scales[1] = std::numeric_limits<float>::infinity(); }, "finite"));
  CHECK(refuses([](auto& m) { m.weights[0].weights.levels = 4; }, "an odd number of levels"));
  CHECK(refuses([](auto& m) { m.weights[0].weights.layout.count = 0; }, "blocks that cover"));
  CHECK(refuses([](auto& m) { m.floats[0].values.pop_back(); }, "bias has 1 values, but extents for 2"));
  auto bad = sample();
  bad.notes["key"] = "\xFF\xFE";
  CHECK(test::refused([&] { sqwa::io::write_model(here / "m", bad); }, "UTF-8", here / "m"));
  CHECK(test::refused([&] { sqwa::io::write_model(here / "no/m", sample()); }, "directory", here / "no/m"));
  CHECK(sqwa::io::read_file(here / "m") == old);
}

}  // namespace SQWA_TEST_FILE
