// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/ggml.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

struct without_scale : tq2_0 {
  static void scale_at() = delete;
};

static_assert(ggml_format<tq2_0> && ggml_format<tq1_0> && ggml_format<q2_0>);
static_assert(!ggml_format<int> && !ggml_format<lsb_first> && !ggml_format<without_scale>);
static_assert(ggml_bytes(tq2_0{}, 0) == 0 && ggml_bytes(tq2_0{}, 1) == 66 && ggml_bytes(tq2_0{}, 512) == 132);
static_assert(ggml_bytes(tq1_0{}, 256) == 54 && ggml_bytes(tq1_0{}, 257) == 108);
static_assert(ggml_bytes(q2_0{}, 64) == 18 && ggml_bytes(q2_0{}, 65) == 36);

using bytes = std::vector<std::byte>;

bytes bytes_of(std::vector<int> const& values) {
  bytes all;
  for (int v : values) all.push_back(static_cast<std::byte>(v));
  return all;
}

std::vector<std::int8_t> random_codes(std::size_t n, std::uint64_t seed = 1) {
  std::vector<std::int8_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    codes[i] = static_cast<std::int8_t>(static_cast<int>(noise{.seed = seed}.below(i, 3)) - 1);
  }
  return codes;
}

packed pack_groups(std::vector<std::int8_t> const& codes, blocks const& layout, std::vector<float> const& scales) {
  return pack_tensor(std::span<std::int8_t const>(codes), layout, scales, 3);
}

template <class F>
bytes written(F format, packed const& p) {
  bytes all(ggml_bytes(format, p.size()), std::byte{0xFF});
  write_ggml(format, p, all);
  return all;
}

template <class F>
std::vector<float> decoded(F format, bytes const& b, std::size_t n) {
  std::vector<float> values(n, 77);
  decode_ggml(format, b, std::span(values));
  return values;
}

/// The codes of the vectors below, whose scale is 0.375: a multiplicative hash of the place, modulo 3.
std::vector<std::int8_t> vector_codes(std::size_t n) {
  std::vector<std::int8_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    auto const x = static_cast<std::uint32_t>(i) * 2654435761U + 12345U;
    codes[i] = static_cast<std::int8_t>(static_cast<int>((x >> 16) % 3) - 1);
  }
  return codes;
}

/// What NumPy gives with the published formulas for quantizing to TQ1_0 and TQ2_0 (gguf-py/gguf/quants.py).
std::vector<int> const tq1_0_vector{0x3D, 0x23, 0x22, 0x20, 0x35, 0xE0, 0x32, 0xC3, 0xDC, 0xBA, 0x86, 0xB7, 0x6A, 0x60,
                                    0x60, 0xA0, 0x67, 0x96, 0x49, 0x93, 0x2D, 0x92, 0x23, 0x3F, 0x20, 0x35, 0xE0, 0x32,
                                    0xC3, 0xDC, 0xBA, 0x86, 0xE8, 0xA3, 0x76, 0xA3, 0x8D, 0xA3, 0x8C, 0x30, 0x8C, 0x2F,
                                    0xE1, 0x2F, 0xBB, 0x2F, 0xBA, 0xF6, 0xEE, 0xD1, 0xD1, 0x72, 0x00, 0x36};
std::vector<int> const tq2_0_vector{0x48, 0x84, 0x44, 0x44, 0x64, 0x66, 0x24, 0x62, 0x26, 0x52, 0x25, 0x12, 0x21, 0x11,
                                    0x11, 0x99, 0x91, 0x89, 0x98, 0x49, 0x94, 0x49, 0x84, 0x48, 0x44, 0x64, 0x66, 0x24,
                                    0x62, 0x26, 0x52, 0x25, 0x48, 0x64, 0x46, 0x64, 0x66, 0x66, 0x26, 0x22, 0x25, 0x92,
                                    0x29, 0x92, 0x19, 0x91, 0x99, 0x99, 0x99, 0x89, 0x94, 0x49, 0xA4, 0x48, 0x64, 0x46,
                                    0x64, 0x66, 0x66, 0x26, 0x22, 0x25, 0x12, 0x29, 0x00, 0x36};
/// The same for q2_0, from its definition: four fields a byte, the first in the lowest bits, after the scale.
std::vector<int> const q2_0_vector{0x00, 0x36, 0x00, 0x88, 0x9A, 0x55, 0x45, 0x04, 0x20,
                                   0x6A, 0x56, 0x15, 0x11, 0x80, 0xA8, 0x99, 0x55, 0x44};

std::vector<int> const& vector_of(tq1_0) { return tq1_0_vector; }
std::vector<int> const& vector_of(tq2_0) { return tq2_0_vector; }
std::vector<int> const& vector_of(q2_0) { return q2_0_vector; }

/// The published definitions once more, field by field: the field of weight i in a block.
int field_at(tq2_0, std::byte const* b, std::size_t i) {
  std::size_t const in_half = i % 128;
  return std::to_integer<int>(b[i / 128 * 32 + in_half % 32]) >> in_half / 32 * 2 & 3;
}
int field_at(tq1_0, std::byte const* b, std::size_t i) {
  std::array<unsigned, 5> const power{1, 3, 9, 27, 81};
  std::size_t const byte = i < 160 ? i % 32 : i < 240 ? 32 + i % 16 : 48 + i % 4;
  std::size_t const digit = i < 160 ? i / 32 : i < 240 ? (i - 160) / 16 : (i - 240) / 4;
  auto const q = static_cast<std::uint8_t>(std::to_integer<unsigned>(b[byte]) * power[digit]);  // modulo 256
  return q * 3 >> 8;
}
int field_at(q2_0, std::byte const* b, std::size_t i) { return std::to_integer<int>(b[2 + i / 4]) >> i % 4 * 2 & 3; }

template <class F>
packed example(F, std::size_t n) {
  auto const layout = per_group{F::block}({n});
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = round_scale(noise{.seed = 9}(b), f16{});
  return pack_groups(random_codes(n), layout, scales);
}

}  // namespace

TEST_CASE("write_ggml: the first bytes of blocks worked out by hand") {
  std::vector<std::int8_t> codes(256);  // code 0, field 1
  codes[0] = 1, codes[32] = -1, codes[64] = 1, codes[96] = 0, codes[129] = -1;
  auto const p = pack_groups(codes, per_tensor{}({256}), {1.0F});
  bytes const two = written(tq2_0{}, p);
  CHECK(two.size() == 66);
  CHECK(two[0] == std::byte{0b01'10'00'10});
  CHECK(two[1] == std::byte{0b01'01'01'01});
  CHECK(two[33] == std::byte{0b01'01'01'00});
  CHECK((two[64] == std::byte{0x00} && two[65] == std::byte{0x3C}));  // 1 in fp16
  bytes const one = written(tq1_0{}, p);
  CHECK(one.size() == 54);
  // Digits 2 0 2 1 and, weight 128, 1: 2 * 81 + 0 * 27 + 2 * 9 + 1 * 3 + 1 = 184; 184 * 256 / 243 = 193.8
  CHECK(one[0] == std::byte{194});
  // Digits 1 1 1 1 and, weight 129, 0: 120; 120 * 256 / 243 = 126.4
  CHECK(one[1] == std::byte{127});
  CHECK(one[32] == std::byte{128});  // all ones: 121; 127.5
  CHECK(one[48] == std::byte{127});  // 1 1 1 1 and no fifth digit: 120
  CHECK((one[52] == std::byte{0x00} && one[53] == std::byte{0x3C}));
  bytes const zero = written(q2_0{}, pack_groups({-1, 0, 1, 1, -1}, per_tensor{}({5}), {0.5F}));
  CHECK(zero.size() == 18);
  CHECK((zero[0] == std::byte{0x00} && zero[1] == std::byte{0x38}));
  CHECK(zero[2] == std::byte{0b10'10'01'00});
  CHECK(zero[3] == std::byte{0b01'01'01'00});  // filled up with the code 0
  CHECK(zero[17] == std::byte{0b01'01'01'01});
}

TEST_CASE_TEMPLATE("ggml: blocks are those of the published formula", F, tq2_0, tq1_0, q2_0) {
  auto const codes = vector_codes(F::block);
  packed const p = pack_groups(codes, per_group{F::block}({F::block}), {0.375F});
  bytes const expected = bytes_of(vector_of(F{}));
  CHECK(written(F{}, p) == expected);
  CHECK(read_ggml(F{}, expected, F::block) == p);
  auto const values = decoded(F{}, expected, F::block);
  for (std::size_t i = 0; i != F::block; ++i) CHECK(values[i] == 0.375F * static_cast<float>(codes[i]));
}

TEST_CASE_TEMPLATE("ggml: codes and scales come back, for every length, and each field lies where it is published", F,
                   tq2_0, tq1_0, q2_0) {
  for (std::size_t n = 0; n <= 600; n += n < 300 ? 1 : 37) {
    packed const p = example(F{}, n);
    bytes const b = written(F{}, p);
    CHECK(read_ggml(F{}, b, n) == p);
    std::vector<float> expected(n);
    std::vector<double> wide(n);
    p.decode(std::span(expected));
    CHECK(decoded(F{}, b, n) == expected);
    decode_ggml(F{}, b, std::span(wide));
    CHECK(std::equal(wide.begin(), wide.end(), expected.begin()));
    std::vector<std::int16_t> codes(n);
    p.codes(codes);
    bool right = true;
    for (std::size_t i = 0; i != b.size() / F::block_bytes * F::block; ++i) {
      int const code = i < n ? codes[i] : 0;
      right = right && field_at(F{}, b.data() + i / F::block * F::block_bytes, i % F::block) == code + 1;
    }
    CHECK(right);
  }
}

TEST_CASE_TEMPLATE("ggml: one scale, scales of rows and of larger groups are repeated in each block", F, tq2_0, tq1_0,
                   q2_0) {
  std::size_t const n = 3'072;
  auto const codes = random_codes(n);
  for (blocks const& layout : {per_tensor{}({n}), per_channel{.axis = 0}({3, 1024}),
                               per_channel{.axis = 1}({2, 3, 512}), per_group{512}({n}), blocks{n, 48, 1, 64}}) {
    std::vector<float> scales(layout.count);
    for (std::size_t k = 0; k != scales.size(); ++k) scales[k] = 0.25F * static_cast<float>(k + 1);
    packed const p = pack_groups(codes, layout, scales);
    packed const back = read_ggml(F{}, written(F{}, p), n);
    CHECK(back.layout == per_group{F::block}({n}));
    CHECK(back.bytes == p.bytes);
    for (std::size_t b = 0; b != back.scales.size(); ++b) CHECK(back.scales[b] == scales[layout.of(b * F::block)]);
  }
}

TEST_CASE("ggml: every fp16 scale survives") {
  for (std::uint32_t c = 0; c < 0x7C00; ++c) {
    float const scale = f16::decode(static_cast<std::uint16_t>(c));
    bytes const b = written(q2_0{}, pack_groups({1}, per_group{64}({1}), {scale}));
    if (std::to_integer<std::uint32_t>(b[0]) != (c & 0xFF) || std::to_integer<std::uint32_t>(b[1]) != c >> 8 ||
        decoded(q2_0{}, b, 1)[0] != scale) {
      FAIL("scale " << scale);
    }
  }
}

TEST_CASE("tq1_0: all 256 bytes are read as ggml reads them, and the 243 numbers come back") {
  for (int value = 0; value != 256; ++value) {
    bytes b(54, static_cast<std::byte>(value));
    b[52] = std::byte{0x00}, b[53] = std::byte{0x3C};
    auto const values = decoded(tq1_0{}, b, 256);
    bool right = true;
    for (std::size_t i = 0; i != 256; ++i) {
      right = right && static_cast<int>(values[i]) == field_at(tq1_0{}, b.data(), i) - 1;
    }
    CHECK(right);
    int number = 0;
    for (std::size_t n = 0; n != 5; ++n) number = 3 * number + static_cast<int>(values[32 * n]) + 1;
    CHECK(number == value * 243 / 256);
    bytes const again = written(tq1_0{}, read_ggml(tq1_0{}, b, 256));
    bool const canonical = value == (number * 256 + 242) / 243;
    CHECK(std::to_integer<int>(again[0]) == (number * 256 + 242) / 243);
    CHECK((again[0] == b[0]) == canonical);
    if (!canonical) CHECK(std::to_integer<int>(again[0]) == value - 1);
  }
}

TEST_CASE("q2_0: the field 3 is +2, and takes five levels") {
  bytes b = bytes_of(q2_0_vector);
  b[2] = std::byte{0b11'10'01'00};
  CHECK(decoded(q2_0{}, b, 4) == std::vector<float>{-0.375F, 0, 0.375F, 0.75F});
  packed const five = read_ggml(q2_0{}, b, 64);
  CHECK(five.levels == 5);
  std::vector<std::int16_t> codes(64);
  five.codes(codes);
  CHECK(std::vector<std::int16_t>(codes.begin(), codes.begin() + 4) == std::vector<std::int16_t>{-1, 0, 1, 2});
  std::vector<float> values(64);
  five.decode(std::span(values));
  CHECK(values == decoded(q2_0{}, b, 64));
  CHECK(read_ggml(q2_0{}, b, 3).levels == 3);  // the rest of the block is not looked at
  CHECK(test::refuses([&] { (void)written(q2_0{}, five); }, "write_ggml: q2_0 holds three levels, not 5"));
}

TEST_CASE_TEMPLATE("ggml: codes that have no place in blocks are refused with the block and the scale", F, tq2_0, tq1_0,
                   q2_0) {
  std::string const name = F::name;
  std::size_t const n = 2 * F::block + 1;
  packed const p = example(F{}, n);
  bytes few(F::block_bytes), enough(3 * F::block_bytes);
  CHECK(test::refuses([&] { write_ggml(F{}, p, few); }, "write_ggml: " + std::to_string(n) + " weights take " +
                                                            std::to_string(enough.size()) + " bytes in " + name));
  for (float const bad : {0.1F, -1.0F, 65'536.0F, 0x1p-25F, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    packed q = p;
    q.scales[1] = bad;
    CHECK(test::refuses([&] { write_ggml(F{}, q, enough); }, "write_ggml: block 1 of " + name + ": scale 1, "));
  }
  packed const apart = pack_groups(random_codes(n), {n, 1, 2, F::block + 1}, {1.0F, 1.0F});
  CHECK(test::refuses([&] { write_ggml(F{}, apart, enough); },
                      "write_ggml: block 1 of " + name + ", weights " + std::to_string(F::block) + " to " +
                          std::to_string(2 * F::block - 1) + ", has one scale, but lies in those from 0 to 1"));
  packed three = p;
  three.bytes[F::block / 4] |= std::byte{0x0C};
  CHECK(test::refuses([&] { write_ggml(F{}, three, enough); },
                      "write_ggml: the code 2 at " + std::to_string(F::block + 1) + " is not within ±1"));
  packed wrong = p;
  wrong.scales.pop_back();
  CHECK(test::refuses([&] { write_ggml(F{}, wrong, enough); }, "write_ggml: 2 scales for 3 blocks"));
}

TEST_CASE_TEMPLATE("ggml: bytes that are no blocks are refused with the block", F, tq2_0, tq1_0, q2_0) {
  std::string const name = F::name;
  std::size_t const n = 2 * F::block;
  bytes b = written(F{}, example(F{}, n));
  std::vector<float> values(n);
  auto const refuses = [&](std::string const& words) {
    return test::refuses([&] { (void)read_ggml(F{}, b, n); }, "read_ggml: " + words) &&
           test::refuses([&] { decode_ggml(F{}, b, std::span(values)); }, "decode_ggml: " + words);
  };
  for (int high : {0x7C, 0x7E, 0x80, 0xBC, 0xFC}) {  // infinity, NaN, -0, -1, -infinity
    bytes const good = b;
    b[F::block_bytes + F::scale_at] = std::byte{0};
    b[F::block_bytes + F::scale_at + 1] = static_cast<std::byte>(high);
    CHECK(refuses("block 1 of " + name + " has the scale "));
    b = good;
  }
  CHECK_FALSE(refuses(""));
  b.pop_back();
  CHECK(refuses(std::to_string(n) + " weights take " + std::to_string(2 * F::block_bytes) + " bytes in " + name +
                ", not " + std::to_string(b.size())));
  auto const huge = std::numeric_limits<std::size_t>::max();
  CHECK(test::refuses([&] { (void)read_ggml(F{}, b, huge); }, "read_ggml: "));  // before anything is allocated
}

TEST_CASE("tq2_0: the field 3 is refused with its place, but not beyond the last weight") {
  bytes b = written(tq2_0{}, example(tq2_0{}, 512));
  b[66 + 33] |= std::byte{0b11'00'00'00};  // of block 1: the second half, element 96 + 1
  CHECK(test::refuses([&] { (void)read_ggml(tq2_0{}, b, 512); },
                      "read_ggml: block 1 of tq2_0 has the field 3 at weight 481; fields are at most 2"));
  CHECK(test::refuses([&] { (void)decoded(tq2_0{}, b, 512); }, "decode_ggml: block 1 of tq2_0 has the field 3"));
  CHECK(decoded(tq2_0{}, b, 481).size() == 481);
}

}  // namespace SQWA_TEST_FILE
