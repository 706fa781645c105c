// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/bytes.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

static_assert(sqwa::savable<int> && sqwa::savable<double> && !sqwa::savable<int*> && !sqwa::savable<std::byte>);

namespace {

std::vector<std::byte> written() {
  sqwa::byte_writer out;
  out.put(std::int32_t{-2});
  out.put(0.1);
  out.put_all<std::uint16_t>(std::array<std::uint16_t, 2>{1, 0x1234});
  return out.bytes;
}

}  // namespace

TEST_CASE("bytes: what was put is taken again, bit for bit, and nothing is left") {
  auto const bytes = written();
  sqwa::byte_reader in(bytes, "test");
  CHECK(in.get<std::int32_t>() == -2);
  CHECK(in.get<double>() == 0.1);
  CHECK(in.all<std::uint16_t>() == std::vector<std::uint16_t>{1, 0x1234});
  in.end();
}

TEST_CASE("bytes: little-endian on every machine") {
  sqwa::byte_writer out;
  out.put(std::uint32_t{0x01020304});
  out.put(1.0F);
  std::vector<std::byte> expected;
  for (int b : {4, 3, 2, 1, 0, 0, 0x80, 0x3f}) expected.push_back(static_cast<std::byte>(b));
  CHECK(out.bytes == expected);
}

TEST_CASE("bytes: NaN, infinity and negative zero survive") {
  sqwa::byte_writer out;
  float const inf = std::numeric_limits<float>::infinity();
  out.put_all<float>(std::array{-0.0F, inf, std::numeric_limits<float>::quiet_NaN()});
  auto const back = sqwa::byte_reader(out.bytes, "test").all<float>();
  CHECK((back[0] == 0 && std::signbit(back[0])));
  CHECK(back[1] == inf);
  CHECK(std::isnan(back[2]));
}

TEST_CASE("bytes: a run cut anywhere is refused, and so is one byte too many") {
  auto const whole = written();
  for (std::size_t n = 0; n <= whole.size() + 1; ++n) {
    auto bytes = whole;
    bytes.resize(n);
    auto const read = [&] {
      sqwa::byte_reader in(bytes, "averager");
      static_cast<void>(in.get<std::int32_t>());
      static_cast<void>(in.get<double>());
      static_cast<void>(in.all<std::uint16_t>());
      in.end();
    };
    CHECK(test::refuses(read, "averager: the saved state") == (n != whole.size()));
  }
}

TEST_CASE("bytes: a count larger than the bytes that are left allocates nothing") {
  sqwa::byte_writer out;
  out.put(std::uint64_t{1} << 62);
  out.put(1.0F);
  CHECK(test::refuses([&] { static_cast<void>(sqwa::byte_reader(out.bytes, "test").all<float>()); },
                      "names 4611686018427387904 values, but 4 bytes are left"));
}

}  // namespace SQWA_TEST_FILE
