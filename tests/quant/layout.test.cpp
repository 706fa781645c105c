// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/layout.hpp>
#include <sqwa/quant/packed.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

struct without_read : lsb_first {
  static void read() = delete;
};

static_assert(field_layout<lsb_first> && field_layout<msb_first> && field_layout<strided<1>> &&
              field_layout<strided<64>>);
static_assert(!field_layout<int> && !field_layout<without_read>);
static_assert(field<std::uint8_t> && field<std::uint16_t> && !field<std::int8_t> && !field<std::uint32_t>);
static_assert(field_bytes(lsb_first{}, 5, 3) == 2 && field_bytes(msb_first{}, 5, 3) == 2);
static_assert(field_bytes(strided<64>{}, 0, 2) == 0 && field_bytes(strided<64>{}, 1, 2) == 64 &&
              field_bytes(strided<64>{}, 256, 2) == 64 && field_bytes(strided<64>{}, 257, 2) == 128);
static_assert(lsb_first::holds(16) && !lsb_first::holds(0) && !msb_first::holds(17) && !strided<4>::holds(3) &&
              !strided<4>::holds(16) && !strided<4>::holds(0));
static_assert(field_bytes(strided<1>{}, std::numeric_limits<std::size_t>::max(), 4) ==
              std::numeric_limits<std::size_t>::max() / 2 + 1);

std::vector<std::byte> bytes_of(std::vector<int> const& values) {
  std::vector<std::byte> all;
  for (int v : values) all.push_back(static_cast<std::byte>(v));
  return all;
}

template <class T>
std::vector<T> random_fields(std::size_t n, int bits, std::uint64_t seed = 1) {
  std::vector<T> fields(n);
  for (std::size_t i = 0; i != n; ++i) {
    fields[i] = static_cast<T>(noise{.seed = seed}.below(i, std::uint32_t{1} << bits));
  }
  return fields;
}

template <class L, class T>
std::vector<std::byte> written(L layout, std::vector<T> const& fields, int bits) {
  std::vector<std::byte> bytes(field_bytes(layout, fields.size(), bits), std::byte{0xFF});
  write_fields(layout, std::span<T const>(fields), bits, bytes);
  return bytes;
}

template <class T, class L>
std::vector<T> read(L layout, std::vector<std::byte> const& bytes, int bits, std::size_t n) {
  std::vector<T> fields(n, 77);
  read_fields(layout, std::span(bytes), bits, std::span(fields));
  return fields;
}

/// Bit k of a byte, counted from the lowest.
struct place {
  std::size_t byte, bit;
};

/// Where bit k, counted from the lowest, of field i lies: the definitions, bit by bit.
place place_of(lsb_first, std::size_t i, std::size_t k, std::size_t bits) {
  return {(i * bits + k) / 8, (i * bits + k) % 8};
}
place place_of(msb_first, std::size_t i, std::size_t k, std::size_t bits) {
  std::size_t const from_top = i * bits + bits - 1 - k;
  return {from_top / 8, 7 - from_top % 8};
}
template <std::size_t Bytes>
place place_of(strided<Bytes>, std::size_t i, std::size_t k, std::size_t bits) {
  std::size_t const group = Bytes * 8 / bits;
  return {i / group * Bytes + i % group % Bytes, i % group / Bytes * bits + k};
}

template <class L, class T>
std::vector<std::byte> by_definition(L layout, std::vector<T> const& fields, int bits, std::size_t bytes) {
  std::vector<std::byte> all(bytes);
  auto const b = static_cast<std::size_t>(bits);
  for (std::size_t i = 0; i != fields.size(); ++i) {
    for (std::size_t k = 0; k != b; ++k) {
      place const p = place_of(layout, i, k, b);
      if ((fields[i] >> k & 1) != 0) all.at(p.byte) |= std::byte{1} << p.bit;
    }
  }
  return all;
}

template <class F>
void for_each_layout(F f) {
  f(lsb_first{});
  f(msb_first{});
  f(strided<1>{});
  f(strided<3>{});
  f(strided<32>{});
  f(strided<64>{});
  f(strided<1000>{});  // a group is longer than the buffer of `convert`
}

}  // namespace

TEST_CASE("write_fields: vectors worked out by hand") {
  using u8 = std::vector<std::uint8_t>;
  using u16 = std::vector<std::uint16_t>;
  // Two nibbles a byte, as int4 weights are stored by CMSIS-NN and ONNX, and the other way round.
  CHECK(written(lsb_first{}, u8{1, 2, 3, 4}, 4) == bytes_of({0x21, 0x43}));
  CHECK(written(msb_first{}, u8{1, 2, 3, 4}, 4) == bytes_of({0x12, 0x34}));
  CHECK(written(strided<2>{}, u8{1, 2, 3, 4}, 4) == bytes_of({0x31, 0x42}));
  // Single bits: NumPy's packbits gives 178 192 for these ten, and 77 3 with bitorder='little'.
  CHECK(written(msb_first{}, u8{1, 0, 1, 1, 0, 0, 1, 0, 1, 1}, 1) == bytes_of({178, 192}));
  CHECK(written(lsb_first{}, u8{1, 0, 1, 1, 0, 0, 1, 0, 1, 1}, 1) == bytes_of({77, 3}));
  // Two bits, 0 1 2 2 1 0: 00 01 10 10 | 01 00, read from either end of a byte.
  CHECK(written(msb_first{}, u8{0, 1, 2, 2, 1, 0}, 2) == bytes_of({0x1A, 0x40}));
  CHECK(written(lsb_first{}, u8{0, 1, 2, 2, 1, 0}, 2) == bytes_of({0xA4, 0x01}));
  CHECK(written(strided<4>{}, u8{0, 1, 2, 2, 1, 0}, 2) == bytes_of({0x04, 0x01, 0x02, 0x02}));
  // Three bits cross bytes: 001 010 01|1 100 101 0.
  CHECK(written(msb_first{}, u8{1, 2, 3, 4, 5}, 3) == bytes_of({0x29, 0xCA}));
  // Twelve bits: three nibbles each.
  CHECK(written(msb_first{}, u16{0x123, 0xABC}, 12) == bytes_of({0x12, 0x3A, 0xBC}));
  CHECK(written(lsb_first{}, u16{0x123, 0xABC}, 12) == bytes_of({0x23, 0xC1, 0xAB}));
  // Sixteen: the byte orders.
  CHECK(written(msb_first{}, u16{0x1234}, 16) == bytes_of({0x12, 0x34}));
  CHECK(written(lsb_first{}, u16{0x1234}, 16) == bytes_of({0x34, 0x12}));
  // A group of 32 bytes: elements 0, 32, 64 and 96 in byte 0; 128 begins the next group.
  u8 f(129);
  f[0] = 1, f[32] = 2, f[64] = 3, f[96] = 2, f[31] = 3, f[128] = 1;
  auto const bytes = written(strided<32>{}, f, 2);
  CHECK(bytes.size() == 64);
  CHECK(std::to_integer<int>(bytes[0]) == 0b10'11'10'01);
  CHECK(std::to_integer<int>(bytes[31]) == 3);
  CHECK(std::to_integer<int>(bytes[32]) == 1);
}

TEST_CASE_TEMPLATE("write_fields: each bit lies where the definition says, and read_fields finds it", T, std::uint8_t,
                   std::uint16_t) {
  for_each_layout([](auto layout) {
    for (int bits = 1; bits <= std::numeric_limits<T>::digits; ++bits) {
      if (!layout.holds(bits)) continue;
      bool right = true;
      for (std::size_t n = 0; n <= 300; ++n) {
        auto const fields = random_fields<T>(n, bits, n);
        auto const bytes = written(layout, fields, bits);
        right = right && bytes == by_definition(layout, fields, bits, bytes.size());
        right = right && read<T>(layout, bytes, bits, n) == fields;
      }
      CHECK_MESSAGE(right, layout.name << ", bits: " << bits);
    }
  });
}

TEST_CASE("field_layout: fields are read from any place, and written from any multiple of 8 on") {
  for_each_layout([](auto layout) {
    for (int bits = 1; bits <= 16; ++bits) {
      if (!layout.holds(bits)) continue;
      std::size_t const n = 150;
      auto const fields = random_fields<std::uint16_t>(n, bits);
      auto const all = written(layout, fields, bits);
      bool right = true;
      for (std::size_t first = 0; first <= n; ++first) {
        for (std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{40}, n}) {
          std::vector<std::uint16_t> part(std::min(length, n - first));
          layout.read(all.data(), bits, first, std::span(part));
          right = right && std::equal(part.begin(), part.end(), fields.begin() + static_cast<std::ptrdiff_t>(first));
        }
        if (first % 8 != 0) continue;
        std::vector<std::byte> bytes(all.size());
        layout.write(std::span<std::uint16_t const>(fields).first(first), bits, 0, bytes.data());
        layout.write(std::span<std::uint16_t const>(fields).subspan(first), bits, first, bytes.data());
        right = right && bytes == all;
      }
      CHECK_MESSAGE(right, layout.name << ", bits: " << bits);
    }
  });
}

TEST_CASE("convert: gives what writing the fields gives, between any two layouts, for every width and tail") {
  for_each_layout([](auto from) {
    for_each_layout([&](auto to) {
      for (int bits = 1; bits <= 16; ++bits) {
        if (!from.holds(bits) || !to.holds(bits)) continue;
        bool right = true;
        for (std::size_t n = 0; n <= 300; ++n) {
          auto const fields = random_fields<std::uint16_t>(n, bits, n);
          std::vector<std::byte> bytes(field_bytes(to, n, bits), std::byte{0xFF});
          convert(from, to, written(from, fields, bits), bytes, n, bits);
          right = right && bytes == by_definition(to, fields, bits, bytes.size());
        }
        for (std::size_t const n : {511U, 512U, 513U, 2'049U, 9'001U}) {  // several pieces
          auto const fields = random_fields<std::uint16_t>(n, bits, n);
          std::vector<std::byte> bytes(field_bytes(to, n, bits), std::byte{0xFF});
          convert(from, to, written(from, fields, bits), bytes, n, bits);
          right = right && bytes == by_definition(to, fields, bits, bytes.size());
        }
        CHECK_MESSAGE(right, from.name << " to " << to.name << ", bits: " << bits);
      }
    });
  });
}

TEST_CASE("convert: bits beyond the last field do not count, and become 0") {
  auto const from = bytes_of({0xA4, 0xF1});  // 0 1 2 2 1 0, then ones
  std::vector<std::byte> to(2, std::byte{0xFF});
  convert(lsb_first{}, msb_first{}, from, to, 6, 2);
  CHECK(to == bytes_of({0x1A, 0x40}));
  convert(lsb_first{}, lsb_first{}, from, to, 6, 2);
  CHECK(to == bytes_of({0xA4, 0x01}));
  std::vector<std::byte> group(32, std::byte{0xFF});
  convert(lsb_first{}, strided<32>{}, from, group, 6, 2);
  CHECK(group[5] == std::byte{0});
  CHECK(group[31] == std::byte{0});
  CHECK(group[2] == std::byte{2});
}

TEST_CASE("lsb_first is what pack writes, strided<64> what the ternary kernels read") {
  std::vector<std::int8_t> codes(512);
  std::vector<std::uint8_t> fields(codes.size());
  for (std::size_t i = 0; i != codes.size(); ++i) {
    fields[i] = static_cast<std::uint8_t>(noise{.seed = 5}.below(i, 3));
    codes[i] = static_cast<std::int8_t>(fields[i] - 1);
  }
  std::vector<std::byte> packed_codes(128), strided_codes(128);
  pack(std::span<std::int8_t const>(codes), 2, 1, packed_codes);
  CHECK(packed_codes == written(lsb_first{}, fields, 2));
  convert(lsb_first{}, strided<64>{}, packed_codes, strided_codes, 512, 2);
  std::vector<std::int8_t> a(512);
  std::int32_t expected = 0;
  for (std::size_t i = 0; i != a.size(); ++i) {
    a[i] = static_cast<std::int8_t>(static_cast<int>(noise{.seed = 6}.below(i, 256)) - 128);
    expected += codes[i] * a[i];
  }
  std::int32_t sum = 0;
  scalar_kernels::ternary_gemm(&sum, 1, ternary_rows{strided_codes.data(), 1, 2}, a.data(), 1);
  CHECK(sum == expected);
}

TEST_CASE("write_fields, read_fields, convert: what does not fit is refused with the numbers") {
  std::vector<std::uint8_t> small{0, 1, 2, 5};
  std::vector<std::uint16_t> large{0, 1, 4096};
  std::vector<std::byte> one(1), two(2), five(5), many(32);
  std::span<std::uint8_t const> const s = small;
  std::span<std::uint16_t const> const l = large;
  CHECK(test::refuses([&] { write_fields(lsb_first{}, s, 2, one); },
                      "write_fields: the field 5 at 3 does not fit 2 bits"));
  CHECK(test::refuses([&] { write_fields(msb_first{}, l, 12, five); }, "the field 4096 at 2 does not fit 12 bits"));
  CHECK(test::refuses([&] { write_fields(msb_first{}, s, 3, one); },
                      "write_fields: 4 fields of 3 bits take 2 bytes in the layout msb_first, not 1"));
  CHECK(test::refuses([&] { write_fields(strided<32>{}, s, 4, two); }, "take 32 bytes in the layout strided, not 2"));
  CHECK(test::refuses([&] { write_fields(strided<32>{}, s, 3, two); }, "the layout strided has no fields of 3 bits"));
  CHECK(test::refuses([&] { write_fields(strided<32>{}, l, 16, many); }, "has no fields of 16 bits"));
  CHECK(test::refuses([&] { write_fields(lsb_first{}, s, 0, one); }, "the layout lsb_first has no fields of 0 bits"));
  CHECK(test::refuses([&] { write_fields(msb_first{}, l, 17, one); }, "the layout msb_first has no fields of 17 bits"));
  CHECK(test::refuses([&] { write_fields(lsb_first{}, s, 9, five); },
                      "write_fields: fields of 9 bits from numbers of 8"));
  CHECK(test::refuses([&] { read_fields(lsb_first{}, std::span<std::byte const>(five), 9, std::span(small)); },
                      "read_fields: fields of 9 bits into numbers of 8"));
  CHECK(test::refuses([&] { read_fields(lsb_first{}, std::span<std::byte const>(two), 2, std::span(small)); },
                      "read_fields: 4 fields of 2 bits take 1 bytes in the layout lsb_first, not 2"));
  CHECK(test::refuses([&] { read_fields(lsb_first{}, std::span<std::byte const>(two), -1, std::span(small)); },
                      "read_fields: the layout lsb_first has no fields of -1 bits"));
  CHECK(test::refuses([&] { (void)field_bytes(strided<8>{}, 8, 5); }, "field_bytes: the layout strided has no fields"));
  CHECK(test::refuses([&] { convert(lsb_first{}, msb_first{}, one, two, 4, 2); },
                      "convert: 4 fields of 2 bits take 1 bytes in the layout msb_first, not 2"));
  CHECK(test::refuses([&] { convert(lsb_first{}, msb_first{}, two, one, 4, 2); },
                      "convert: 4 fields of 2 bits take 1 bytes in the layout lsb_first, not 2"));
  CHECK(test::refuses([&] { convert(lsb_first{}, strided<32>{}, two, many, 4, 3); },
                      "convert: the layout strided has no fields of 3 bits"));
}

}  // namespace SQWA_TEST_FILE
