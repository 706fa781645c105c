// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/quant/packed_view.hpp>

#include <doctest/doctest.h>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(std::convertible_to<packed const&, packed_view> && std::copyable<packed_view>);

TEST_CASE("packed_view: sees what the packed tensor holds, and copies it") {
  std::vector<std::int16_t> const codes{-1, 0, 1, 1, -1};
  packed const p = pack_tensor(std::span<std::int16_t const>(codes), {5, 1, 2, 3}, std::vector{0.5F, 0.25F}, 3);
  packed_view const v = p;
  CHECK(v.bytes.data() == p.bytes.data());
  CHECK(v.size() == 5);
  CHECK(v.bits() == 2);
  CHECK(v.max_code() == 1);
  v.check("test");
  CHECK(v.copy() == p);
}

TEST_CASE("packed_view: members that do not fit together are refused") {
  std::vector<float> const scales{1, 2};
  std::vector<std::byte> const bytes(2);
  auto const refused = [&](packed_view const& v, char const* words) {
    return test::refuses([&] { v.check("reader"); }, words);
  };
  packed_view const good{3, {5, 1, 2, 3}, scales, bytes};
  good.check("reader");
  CHECK(refused({4, good.layout, scales, bytes}, "reader: packed codes of 4 levels"));
  CHECK(refused({3, {5, 1, 2, 2}, scales, bytes}, "5 packed codes in 1 x 2 runs of 2"));
  CHECK(refused({3, good.layout, std::span(scales).first(1), bytes}, "1 scales for 2 blocks"));
  CHECK(refused({3, good.layout, scales, std::span(bytes).first(1)}, "take 2 bytes, not 1"));
}

}  // namespace SQWA_TEST_FILE
