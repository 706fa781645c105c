// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/average/code_sums.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::detail::code_accumulator;

TEST_CASE("code_sums: the narrowest integer that holds what may come, and never a narrower one again") {
  auto const width = [](std::int64_t most) {
    code_accumulator s;
    s.clear(3);
    s.reserve(most);
    CHECK(s.holds(most));
    CHECK(s.size() == 3);
    s.reserve(1);
    return s.width();
  };
  CHECK(width(1) == 1);
  CHECK(width(127) == 1);
  CHECK(width(128) == 2);
  CHECK(width(32'767) == 2);
  CHECK(width(32'768) == 4);
  CHECK(width(2'147'483'647) == 4);
  CHECK(width(2'147'483'648) == 8);
  CHECK(width(std::numeric_limits<std::int64_t>::max()) == 8);
}

TEST_CASE("same_bits: a NaN equals itself, and zeros have a sign") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(sqwa::detail::same_bits(std::vector{1.0F, nan}, std::vector{1.0F, nan}));
  CHECK_FALSE(sqwa::detail::same_bits(std::vector{0.0F}, std::vector{-0.0F}));
  CHECK_FALSE(sqwa::detail::same_bits(std::vector{1.0F}, std::vector{1.0F, 1.0F}));
  CHECK(sqwa::detail::same_bits({}, {}));
}

}  // namespace SQWA_TEST_FILE
