// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/packed.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(packed_bytes(0, 3) == 0 && packed_bytes(4, 2) == 1 && packed_bytes(5, 2) == 2 && packed_bytes(3, 3) == 2);
static_assert(packed_bytes(std::numeric_limits<std::size_t>::max() / 8, 16) ==
              std::numeric_limits<std::size_t>::max() / 8 * 2);  // n * bits would wrap
static_assert(std::regular<packed>);

std::vector<std::byte> bytes_of(std::vector<int> const& values) {
  std::vector<std::byte> all;
  for (int v : values) all.push_back(static_cast<std::byte>(v));
  return all;
}

template <class Code>
std::vector<std::byte> packed_codes(std::vector<Code> const& codes, int bits, int max_code) {
  std::vector<std::byte> bytes(packed_bytes(codes.size(), bits), std::byte{0xFF});
  pack(std::span<Code const>(codes), bits, max_code, bytes);
  return bytes;
}

std::vector<std::int16_t> random_codes(std::size_t n, int max_code, std::uint64_t seed = 1) {
  noise const u{.seed = seed};
  std::vector<std::int16_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    codes[i] = static_cast<std::int16_t>(static_cast<int>(u.below(i, static_cast<std::uint32_t>(2 * max_code + 1))) -
                                         max_code);
  }
  return codes;
}

/// Bit `i` of a run of bytes, by definition: least significant first.
int bit_at(std::vector<std::byte> const& bytes, std::size_t i) {
  return std::to_integer<int>(bytes[i / 8]) >> (i % 8) & 1;
}

}  // namespace

TEST_CASE("pack: vectors worked out by hand") {
  // 2 bits, ternary: fields 0 1 2 2 | 1 0, element 0 lowest: 0b10'10'01'00, 0b00'01
  CHECK(packed_codes<std::int8_t>({-1, 0, 1, 1, 0, -1}, 2, 1) == bytes_of({0xA4, 0x01}));
  // 4 bits, fields 1 2 3 4: two to a byte, the first in the low half
  CHECK(packed_codes<std::int8_t>({-6, -5, -4, -3}, 4, 7) == bytes_of({0x21, 0x43}));
  // 3 bits, fields 0 1 2 3 4: 100'011'010'001'000, read from the right
  CHECK(packed_codes<std::int8_t>({-2, -1, 0, 1, 2}, 3, 2) == bytes_of({0x88, 0x46}));
  // 16 bits, fields 0 and 65534: little-endian
  CHECK(packed_codes<std::int16_t>({-32767, 32767}, 16, 32767) == bytes_of({0x00, 0x00, 0xFE, 0xFF}));
  CHECK(packed_codes<std::int32_t>({0, 0, 0}, 1, 0) == bytes_of({0x00}));
  CHECK(packed_codes<std::int8_t>({}, 2, 1).empty());
}

TEST_CASE("pack: bit k of field i is bit i * bits + k of the bytes, the rest are zeros, for every width and tail") {
  for (int bits = 1; bits <= 16; ++bits) {
    int const max_code = ((1 << bits) - 1) / 2;
    for (std::size_t n = 0; n != 35; ++n) {
      auto const codes = random_codes(n, max_code, n);
      auto const bytes = packed_codes(codes, bits, max_code);
      auto const width = static_cast<std::size_t>(bits);
      bool right = true;
      for (std::size_t i = 0; i != 8 * bytes.size(); ++i) {
        int const field = i / width < n ? codes[i / width] + max_code : 0;
        right = right && bit_at(bytes, i) == (field >> (i % width) & 1);
      }
      CHECK(right);
      std::vector<std::int16_t> back(n, 99);
      unpack(std::span(std::as_const(bytes)), bits, max_code, std::span(back));
      CHECK(back == codes);
    }
  }
}

TEST_CASE("pack: every code of every width survives") {
  for (int bits = 1; bits <= 16; ++bits) {
    int const max_code = ((1 << bits) - 1) / 2;
    std::vector<std::int16_t> codes;
    for (int c = -max_code; c <= max_code; ++c) codes.push_back(static_cast<std::int16_t>(c));
    auto const bytes = packed_codes(codes, bits, max_code);
    std::vector<std::int32_t> back(codes.size());
    unpack(std::span(bytes), bits, max_code, std::span(back));
    CHECK(std::ranges::equal(back, codes));
  }
}

TEST_CASE("pack: the types of codes do not matter") {
  auto const codes = random_codes(1'001, 1);
  std::vector<std::int8_t> const narrow(codes.begin(), codes.end());
  std::vector<std::int64_t> const wide(codes.begin(), codes.end());
  auto const bytes = packed_codes(codes, 2, 1);
  CHECK(packed_codes(narrow, 2, 1) == bytes);
  CHECK(packed_codes(wide, 2, 1) == bytes);
  std::vector<std::int8_t> back(narrow.size());
  unpack(std::span(bytes), 2, 1, std::span(back));
  CHECK(back == narrow);
}

TEST_CASE("unpack: a field that is no code is refused with its place") {
  auto const refused = [](std::vector<int> const& bytes, int bits, int max_code, std::size_t n, char const* words) {
    std::vector<std::int8_t> codes(n);
    return test::refuses([&] { unpack(std::span<std::byte const>(bytes_of(bytes)), bits, max_code, std::span(codes)); },
                         words);
  };
  CHECK(refused({0xA4, 0x0D}, 2, 1, 6, "unpack: the code 2 at 5 is not within ±1"));
  CHECK(refused({0xFF}, 8, 127, 1, "at 0"));
  CHECK(refused({0x88, 0x5E}, 3, 2, 5, "at 3"));
  CHECK_FALSE(refused({0xA4, 0x31}, 2, 1, 6, ""));  // bits beyond the last field do not count
}

TEST_CASE("pack, unpack: what does not fit is refused with the numbers") {
  std::vector<std::int16_t> const codes{0, 1, 2};
  std::vector<std::int8_t> small(3);
  std::vector<std::byte> bytes(1), two(2), six(6);
  std::span<std::int16_t const> const c = codes;
  CHECK(test::refuses([&] { pack(c, 2, 1, bytes); }, "pack: the code 2 at 2 is not within ±1"));
  CHECK(test::refuses([&] { pack(c, 3, 2, bytes); }, "3 codes of 3 bits take 2 bytes, not 1"));
  CHECK(test::refuses([&] { pack(c, 0, 0, bytes); }, "codes of 0 bits"));
  CHECK(test::refuses([&] { pack(c, 17, 1, bytes); }, "codes of 17 bits"));
  CHECK(test::refuses([&] { pack(c, 2, 2, bytes); }, "codes to 2 in 2 bits"));
  CHECK(test::refuses([&] { pack(c, 2, -1, bytes); }, "codes to -1 in 2 bits"));
  std::span<std::byte const> const t = two, s = six;
  CHECK(test::refuses([&] { unpack(t, 2, 1, std::span(small)); }, "unpack: 3 codes of 2 bits take 1 bytes, not 2"));
  CHECK(test::refuses([&] { unpack(s, 16, 200, std::span(small)); }, "codes to 200 of 16 bits into 1 bytes each"));
}

TEST_CASE_TEMPLATE("packed: decodes to code times the scale of its block", T, float, double) {
  for (int levels : {3, 5, 15, 255, 511, 65535}) {
    int const max_code = (levels - 1) / 2;
    for (blocks const& layout : {blocks{1'037, 1, 1, 1'037}, blocks{1'037, 1, 149, 7}, blocks{1'040, 26, 8, 5},
                                 blocks{1'037, 1, 3, 500}, blocks{0, 1, 1, 0}}) {
      auto const codes = random_codes(layout.size, max_code);
      std::vector<float> scales(layout.count);
      for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = 0.1F * static_cast<float>(b);
      packed const p = pack_tensor(std::span<std::int16_t const>(codes), layout, scales, levels);
      CHECK(p.max_code() == max_code);
      CHECK(p.bits() == static_cast<int>(std::bit_width(static_cast<unsigned>(levels - 1))));
      CHECK(p.size() == layout.size);
      std::vector<T> values(layout.size);
      p.decode(std::span(values));
      std::vector<std::int16_t> back(layout.size);
      p.codes(back);
      CHECK(back == codes);
      bool right = true;
      std::size_t next = 0;
      p.for_each_code([&](std::size_t i, int code) {
        right = right && i == next++ && code == codes[i] &&
                values[i] == static_cast<T>(code) * static_cast<T>(scales[layout.of(i)]);
      });
      CHECK(right);
      CHECK(next == layout.size);
    }
  }
}

TEST_CASE("packed: equal when levels, layout, scales and bytes are") {
  auto const codes = random_codes(10, 1);
  packed const p = pack_tensor(std::span<std::int16_t const>(codes), {10, 1, 2, 5}, std::vector{1.0F, 2.0F}, 3);
  packed q = p;
  CHECK(q == p);
  q.scales[1] = 3;
  CHECK(q != p);
  q = p;
  q.bytes[2] ^= std::byte{1};
  CHECK(q != p);
  q = p;
  q.layout = {10, 5, 2, 1};
  CHECK(q != p);
}

TEST_CASE("packed: members that do not fit together are refused") {
  auto const codes = random_codes(10, 1);
  std::span<std::int16_t const> const c = codes;
  std::vector<float> const one{1.0F};
  blocks const layout{10, 1, 1, 10};
  CHECK(test::refuses(
      [&] {
        (void)pack_tensor(c, {11, 1, 1, 11}, one, 3);
      },
      "pack_tensor: 10 codes for a layout of 11"));
  CHECK(test::refuses([&] { (void)pack_tensor(c, {10, 1, 1, 9}, one, 3); }, "10 packed codes in 1 x 1 runs of 9"));
  CHECK(test::refuses([&] { (void)pack_tensor(c, {10, 1, 2, 5}, one, 3); }, "1 scales for 2 blocks"));
  for (int levels : {-3, 0, 1, 4, 65537}) {
    CHECK(test::refuses([&] { (void)pack_tensor(c, layout, one, levels); }, "levels"));
  }
  packed p = pack_tensor(c, layout, one, 3);
  std::vector<float> nine(9), ten(10);
  std::vector<std::int16_t> few(9), enough(10);
  CHECK(test::refuses([&] { p.decode(std::span(nine)); }, "packed::decode: 10 values into 9"));
  CHECK(test::refuses([&] { p.codes(few); }, "packed::codes: 10 codes into 9"));
  p.bytes[1] = std::byte{0xFF};
  CHECK(test::refuses([&] { p.decode(std::span(ten)); }, "at 4 is not within ±1"));
  CHECK(test::refuses([&] { p.codes(enough); }, "at 4 is not within ±1"));
  p.bytes.pop_back();
  CHECK(test::refuses([&] { p.decode(std::span(ten)); }, "take 3 bytes, not 2"));
  p.levels = 1;
  CHECK(test::refuses([&] { p.check("test"); }, "test: packed codes of 1 levels"));
}

TEST_CASE("unpack: a field of 16 bits is not squeezed into a code of 8") {
  std::vector<std::byte> const bytes{std::byte{0x2C},
                                     std::byte{0x01}};  // 300: no code to 100, and 200 - 256 would be one
  std::vector<std::int8_t> code(1);
  CHECK(test::refuses([&] { sqwa::unpack(std::span(bytes), 16, 100, std::span(code)); }, "16 bits into 1 bytes"));
}

}  // namespace SQWA_TEST_FILE
