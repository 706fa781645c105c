// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/rounding.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <int E, int M, specials S>
concept exists = requires {
  typename minifloat<E, M, S>;
};

static_assert(exists<4, 3, specials::none> && exists<1, 6, specials::ieee> && exists<7, 0, specials::none>);
static_assert(!exists<5, 3, specials::none> && !exists<0, 3, specials::none> && !exists<4, 0, specials::ieee>);
static_assert(point_format<e5m2> && point_format<e4m3> && point_format<e3m2> && point_format<e2m3> &&
              point_format<e2m1>);
static_assert(e5m2::bits == 8 && e4m3::bits == 8 && e3m2::bits == 6 && e2m3::bits == 6 && e2m1::bits == 4);
static_assert(e5m2::levels == 247 && e4m3::levels == 253 && e3m2::levels == 63 && e2m1::levels == 15);
static_assert(e5m2::bias == 15 && e4m3::bias == 7 && e3m2::bias == 3 && e2m3::bias == 1 && e2m1::bias == 1);
static_assert(e5m2::max_exponent == 15 && e4m3::max_exponent == 8 && e3m2::max_exponent == 4 &&
              e2m3::max_exponent == 2 && e2m1::max_exponent == 2);
static_assert(e2m1::points() == std::array<float, 15>{-6, -4, -3, -2, -1.5F, -1, -0.5F, 0, 0.5F, 1, 1.5F, 2, 3, 4, 6});
// The largest, the smallest normal and the smallest of the specifications' tables.
static_assert(e5m2::value(0x7B) == 57'344 && e5m2::value(0x04) == 0x1p-14F && e5m2::value(0x01) == 0x1p-16F);
static_assert(e4m3::value(0x7E) == 448 && e4m3::value(0x08) == 0x1p-6F && e4m3::value(0x01) == 0x1p-9F);
static_assert(e3m2::value(0x1F) == 28 && e3m2::value(0x04) == 0.25F && e3m2::value(0x01) == 0.0625F);
static_assert(e2m3::value(0x1F) == 7.5F && e2m3::value(0x08) == 1 && e2m3::value(0x01) == 0.125F);
static_assert(e5m2::value(0x7C) == std::numeric_limits<float>::infinity() && e5m2::value(0x7D) != e5m2::value(0x7D));
static_assert(e4m3::value(0x7F) != e4m3::value(0x7F) && e4m3::value(0xFF) != e4m3::value(0xFF));

/// The meaning of a pattern, from the fields and the formula (-1)^s 2^(e - bias) (1 + m / 2^M).
double meaning(unsigned c, int exponent, int mantissa, char kind) {
  unsigned const m = c % (1U << mantissa);
  unsigned const e = c >> mantissa & ((1U << exponent) - 1);
  double const sign = (c >> (exponent + mantissa) & 1U) != 0 ? -1 : 1;
  bool const ones = e == (1U << exponent) - 1;
  if (kind == 'i' && ones) {
    return m == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  if (kind == 'n' && ones && m == (1U << mantissa) - 1) return std::numeric_limits<double>::quiet_NaN();
  int const bias = (1 << (exponent - 1)) - 1;
  double const fraction = m / std::pow(2.0, mantissa);
  return sign *
         (e == 0 ? std::pow(2.0, 1 - bias) * fraction : std::pow(2.0, static_cast<int>(e) - bias) * (1 + fraction));
}

template <class F>
void check_all_codes(char kind) {
  CAPTURE(F::bits);
  int finite = 0;
  auto const points = F::points();
  CHECK(std::ranges::adjacent_find(points, std::greater_equal{}) == points.end());
  for (unsigned c = 0; c != 1U << F::bits; ++c) {
    CAPTURE(c);
    auto const code = static_cast<std::uint8_t>(c);
    double const expected = meaning(c, F::exponent_bits, F::mantissa_bits, kind);
    auto const got = static_cast<double>(F::value(code));
    CHECK((got == expected || (std::isnan(got) && std::isnan(expected))));
    CHECK((std::isnan(expected) || std::signbit(got) == std::signbit(expected)));
    std::size_t const i = F::index(code);
    if (!std::isfinite(expected)) {
      CHECK(i == F::levels);
      continue;
    }
    ++finite;
    CHECK(static_cast<double>(points[i]) == expected);
    if (expected != 0 || !std::signbit(expected)) CHECK(F::pattern(i) == code);  // -0 is never made
  }
  CHECK(finite == F::levels + 1);
  for (unsigned c = 1U << F::bits; c < 256; ++c) CHECK(F::index(static_cast<std::uint8_t>(c)) == F::levels);
}

}  // namespace

TEST_CASE("minifloat: every pattern means what the formula says, and every finite value has its pattern") {
  check_all_codes<e5m2>('i');
  check_all_codes<e4m3>('n');
  check_all_codes<e3m2>('f');
  check_all_codes<e2m3>('f');
  check_all_codes<e2m1>('f');
  check_all_codes<minifloat<7, 0>>('f');
  check_all_codes<minifloat<1, 6, specials::ieee>>('i');
  check_all_codes<minifloat<1, 1>>('f');
  check_all_codes<minifloat<3, 4, specials::nan_only>>('n');
}

TEST_CASE_TEMPLATE("minifloat: the largest exponent is that of the largest value", F, e5m2, e4m3, e3m2, e2m3, e2m1,
                   minifloat<1, 6, specials::ieee>, minifloat<7, 0>) {
  CHECK(F::max_exponent == std::ilogb(F::points().back()));
}

TEST_CASE_TEMPLATE("minifloat: ties go to the even mantissa, and beyond the largest value everything is that value", F,
                   e5m2, e4m3, e3m2, e2m3, e2m1) {
  point_chooser const one(F{});
  auto const points = F::points();
  for (std::size_t i = 0; i + 1 != points.size(); ++i) {
    float const middle = (points[i] + points[i + 1]) / 2;
    std::size_t const got = one.choose(middle, 1.0F, nearest_even{}, 0);
    CHECK((got == i || got == i + 1));
    CHECK(F::pattern(got) % 2 == 0);
    CHECK(one.choose(std::nextafter(middle, 1e9F), 1.0F, nearest_even{}, 0) == i + 1);
    CHECK(one.choose(std::nextafter(middle, -1e9F), 1.0F, nearest_even{}, 0) == i);
  }
  for (float beyond : {points.back() * 1.01F, points.back() * 4, std::numeric_limits<float>::infinity()}) {
    CHECK(F::value(F::pattern(one.choose(beyond, 1.0F, nearest_even{}, 0))) == points.back());
    CHECK(F::value(F::pattern(one.choose(-beyond, 1.0F, nearest_even{}, 0))) == -points.back());
  }
}

TEST_CASE_TEMPLATE("minifloat: where exponents are in range, nearest_even is float's rounding to fewer digits", F, e5m2,
                   e4m3, e3m2, e2m3, e2m1) {
  point_chooser const one(F{});
  for (int k = -4'000; k <= 4'000; ++k) {
    float const w = static_cast<float>(k) / 4'000 * F::points().back();
    int const e = std::max(std::ilogb(w == 0 ? 1e-9F : w), 1 - F::bias);
    float const unit = std::ldexp(1.0F, e - F::mantissa_bits);
    float const expected = std::rint(w / unit) * unit;  // the unit is a power of two: nothing else is rounded
    CHECK(one.point(one.choose(w, 1.0F, nearest_even{}, 0)) == static_cast<double>(expected));
  }
}

TEST_CASE("minifloat: the vectors of ONNX QuantizeLinear's examples, scale 2") {
  point_chooser const small(e4m3{});
  point_chooser const large(e5m2{});
  std::array<float, 5> const x{0, 1, 2, 100'000, 200};
  std::array<double, 5> const as_e4m3{0, 0.5, 1, 448, 96};
  std::array<double, 5> const as_e5m2{0, 0.5, 1, 49'152, 96};
  for (std::size_t i = 0; i != x.size(); ++i) {
    CHECK(small.point(small.choose(x[i], 2.0F, nearest_even{}, 0)) == as_e4m3[i]);
    CHECK(large.point(large.choose(x[i], 2.0F, nearest_even{}, 0)) == as_e5m2[i]);
  }
}

}  // namespace SQWA_TEST_FILE
