// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/tensor/half.hpp>

#include <doctest/doctest.h>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

enum class label : std::uint16_t {};
struct foreign {  // another library's half
  std::uint16_t stored;
  operator float() const { return static_cast<float>(float16{stored}); }
};

static_assert(half<float16> && half<bfloat16> && half<foreign>);
static_assert(!half<std::int16_t> && !half<std::uint16_t> && !half<char16_t> && !half<label> && !half<float> &&
              !half<std::array<char, 2>>);
static_assert(half_tensor<std::vector<float16>> && half_tensor<std::span<bfloat16 const>> &&
              half_tensor<std::array<foreign, 3> const&>);
static_assert(!half_tensor<std::vector<std::uint16_t>> && !half_tensor<std::vector<float>>);
static_assert(!tensor<std::vector<float16>> && !mutable_tensor<std::vector<bfloat16>>);
static_assert(float_snapshot<std::vector<float>> && float_snapshot<std::vector<double>> &&
              float_snapshot<std::vector<float16>> && !float_snapshot<std::vector<int>> &&
              !float_snapshot<std::vector<std::int16_t>> && !float_snapshot<std::vector<bool>>);
static_assert(static_cast<float>(float16{0x3C00}) == 1 && static_cast<float>(float16{0xC000}) == -2 &&
              static_cast<float>(bfloat16{0x3F80}) == 1);

/// The halves around each float are one step apart, and the nearest one is chosen.
template <class Half>
void rounds_to_nearest(std::uint16_t last_finite) {
  for (std::uint16_t b = 0; b != last_finite; ++b) {
    float const low = static_cast<float>(Half{b}), high = static_cast<float>(Half{static_cast<std::uint16_t>(b + 1)});
    CHECK(low < high);
    auto const middle = static_cast<float>((static_cast<double>(low) + static_cast<double>(high)) / 2);
    auto const even = static_cast<std::uint16_t>(b + (b & 1));
    CHECK(Half::nearest(middle).bits == even);
    CHECK(Half::nearest(-middle).bits == (even | 0x8000));
    CHECK(Half::nearest(std::nextafter(middle, 0.0F)).bits == b);
    CHECK(Half::nearest(std::nextafter(middle, high)).bits == b + 1);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("half: each of the 65,536 patterns is a float, and that float rounds to it", Half, float16,
                   bfloat16) {
  for (std::uint32_t b = 0; b != 65'536; ++b) {
    Half const h{static_cast<std::uint16_t>(b)};
    auto const x = static_cast<float>(h);
    if (std::isnan(x)) {
      CHECK(std::isnan(static_cast<float>(Half::nearest(x))));
    } else {
      CHECK(Half::nearest(x) == h);
    }
  }
}

TEST_CASE("half: the nearest is chosen, ties to even, and what is too large is infinite") {
  rounds_to_nearest<float16>(0x7BFF);
  rounds_to_nearest<bfloat16>(0x7F7F);
  CHECK(float16::nearest(65'519.996F).bits == 0x7BFF);
  CHECK(float16::nearest(65'520).bits == 0x7C00);
  CHECK(float16::nearest(-std::numeric_limits<float>::infinity()).bits == 0xFC00);
  CHECK(bfloat16::nearest(std::numeric_limits<float>::max()).bits == 0x7F80);
  CHECK(float16::nearest(std::numeric_limits<float>::denorm_min()).bits == 0);
}

TEST_CASE_TEMPLATE("half: a NaN stays one, whatever its payload and sign", Half, float16, bfloat16) {
  for (std::uint32_t b :
       {0x7F80'0001U, 0x7F80'8000U, 0x7FBF'FFFFU, 0x7FC0'0000U, 0x7FFF'FFFFU, 0xFF80'0001U, 0xFFFF'FFFFU}) {
    auto const h = Half::nearest(std::bit_cast<float>(b));
    CHECK(std::isnan(static_cast<float>(h)));
    CHECK((h.bits >> 15) == (b >> 31));
  }
}

TEST_CASE("half: halves are the scale formats of 16 bits, with a sign") {
  for (std::uint32_t b = 0; b != 0x7C00; ++b) {
    auto const code = static_cast<std::uint16_t>(b);
    CHECK(static_cast<float>(float16{code}) == f16::decode(code));
    CHECK(static_cast<float>(bfloat16{code}) == bf16::decode(code));
  }
}

#ifdef __FLT16_MAX__
TEST_CASE("half: the compiler's own half is one, and has the same bits") {
  __extension__ using native = _Float16;
  static_assert(half<native> && half_tensor<std::vector<native>>);
  for (std::uint32_t b = 0; b != 65'536; ++b) {
    float16 const h{static_cast<std::uint16_t>(b)};
    auto const x = static_cast<float>(std::bit_cast<native>(h));
    CHECK((std::isnan(x) ? std::isnan(static_cast<float>(h)) : x == static_cast<float>(h)));
  }
}
#endif

}  // namespace SQWA_TEST_FILE
