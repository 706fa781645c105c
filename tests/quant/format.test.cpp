// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/format.hpp>

#include <doctest/doctest.h>
#include <cstdint>

namespace SQWA_TEST_FILE {

namespace {

struct codebook {  // points that are not evenly spaced
  static constexpr int levels = 4;
  static constexpr int bits = 2;
};

struct even : codebook {
  using code = std::int8_t;
  static constexpr int max_code = 1;
};

struct unsigned_codes : codebook {
  using code = std::uint8_t;
  static constexpr int max_code = 1;
};

struct no_bits {
  static constexpr int levels = 3;
};

static_assert(sqwa::number_format<codebook> && !sqwa::uniform_format<codebook>);
static_assert(sqwa::number_format<even> && sqwa::uniform_format<even>);
static_assert(sqwa::number_format<unsigned_codes> && unsigned_codes::max_code == even::max_code);
static_assert(!sqwa::uniform_format<unsigned_codes>);
static_assert(!sqwa::number_format<int> && !sqwa::number_format<no_bits>);

}  // namespace

TEST_CASE("format: the concepts sort formats at compile time") { CHECK(sqwa::uniform_format<even>); }

}  // namespace SQWA_TEST_FILE
