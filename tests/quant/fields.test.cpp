// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/fields.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

std::vector<std::int16_t> random_codes(std::size_t n, int max_code, std::uint64_t seed = 1) {
  noise const u{.seed = seed};
  std::vector<std::int16_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    codes[i] = static_cast<std::int16_t>(static_cast<int>(u.below(i, static_cast<std::uint32_t>(2 * max_code + 1))) -
                                         max_code);
  }
  return codes;
}

}  // namespace

TEST_CASE("read_codes: starts at any element") {
  for (int bits : {1, 2, 3, 4, 5, 8, 11, 16}) {
    int const max_code = ((1 << bits) - 1) / 2;
    auto const codes = random_codes(70, max_code);
    std::vector<std::byte> bytes(packed_bytes(codes.size(), bits));
    detail::write_fields(std::span<std::int16_t const>(codes), bits, max_code, bytes.data());
    for (std::size_t first = 0; first <= 70; ++first) {
      for (std::size_t length = 0; length <= 70 - first; length += 1 + length / 3) {
        std::vector<std::int16_t> part(length);
        detail::read_codes(bytes.data(), bits, max_code, first, std::span(part));
        CHECK(std::ranges::equal(part, std::span(codes).subspan(first, length)));
      }
    }
  }
}

}  // namespace SQWA_TEST_FILE
