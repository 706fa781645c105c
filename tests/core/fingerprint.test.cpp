// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/fingerprint.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::fingerprint;

namespace {

std::uint64_t of(std::vector<std::uint8_t> const& bytes) {
  fingerprint f;
  f.put_all(std::span<std::uint8_t const>(bytes));
  return f.value();
}

}  // namespace

TEST_CASE("fingerprint: every bit, place and length of bytes counts") {
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  for (std::size_t n = 0; n != 20; ++n) {
    seen.insert(of(std::vector<std::uint8_t>(n)));
    ++count;
    for (std::size_t i = 0; i != 8 * n; ++i) {
      std::vector<std::uint8_t> bytes(n);
      bytes[i / 8] = static_cast<std::uint8_t>(1 << i % 8);
      seen.insert(of(bytes));
      ++count;
    }
  }
  CHECK(seen.size() == count);
}

TEST_CASE("fingerprint: numbers count by their bits and their order") {
  auto const pair = [](auto x, auto y) {
    fingerprint f;
    f.put(x);
    f.put(y);
    return f.value();
  };
  CHECK(pair(1, 2) != pair(2, 1));
  CHECK(pair(0.0, 0.0) != pair(0.0, -0.0));
  CHECK(pair(1.0F, 1.0F) != pair(1.0, 1.0));
  double const nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(pair(nan, 1.0) == pair(nan, 1.0));
}

static_assert(fingerprint{}.value() == 0xCBF2'9CE4'8422'2325);  // the published start: the same on every machine
static_assert([] {
  fingerprint f;
  f.put(true);
  return f.value();
}() == (((0xCBF2'9CE4'8422'2325 ^ 1U) * 0x100'0000'01B3) ^ (((0xCBF2'9CE4'8422'2325 ^ 1U) * 0x100'0000'01B3) >> 32)));

}  // namespace SQWA_TEST_FILE
