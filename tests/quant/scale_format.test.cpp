// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(scale_format<f32> && scale_format<f16> && scale_format<bf16> && scale_format<e8m0>);
static_assert(!scale_format<int> && !scale_format<symmetric<3>>);
static_assert(fit<stored_as<f16, l2>, symmetric<3>> && !fit<stored_as<f16, int>, symmetric<3>>);
static_assert(std::same_as<decltype(stored_as{bf16{}, max_abs{}}), stored_as<bf16, max_abs>>);
static_assert(round_scale(1.0F / 3, f16{}) == 0x1.554p-2F && round_scale(1.0F / 3, bf16{}) == 0x1.56p-2F);
static_assert(round_scale(0.7F, e8m0{}) == 0.5F && round_scale(0.8F, e8m0{}) == 1 && round_scale(0.0F, e8m0{}) > 0);

float const largest = std::numeric_limits<float>::max();

/// Finite floats >= 0: every exponent, with the digits where roundings change, and some at random.
std::vector<float> floats() {
  noise const u{.seed = 3};
  std::vector<float> all{0, -0.0F, largest};
  for (std::uint32_t power = 0; power != 255; ++power) {
    for (std::uint32_t bit = 0; bit != 23; ++bit) {
      std::uint32_t const digits = 1U << bit;
      for (std::uint32_t m : {0U, 1U, digits, digits - 1, digits + 1, 3 * digits, 0x7F'FFFFU - digits, 0x7F'FFFFU}) {
        all.push_back(std::bit_cast<float>(power << 23 | (m & 0x7F'FFFFU)));
      }
      all.push_back(std::bit_cast<float>(power << 23 | u.bits(power * 32 + bit) >> 9));
    }
  }
  return all;
}

/// The nearest of two neighbours by comparing distances in double; ties to the even code.
template <class S>
typename S::code nearest(float x, typename S::code most) {
  typename S::code low = 0, high = most;  // decode(low) <= x <= decode(high), but at the ends
  while (high - low > 1) {
    auto const middle = static_cast<typename S::code>(low + (high - low) / 2);
    (S::decode(middle) <= x ? low : high) = middle;
  }
  double const below = static_cast<double>(x) - static_cast<double>(S::decode(low));
  double const above = static_cast<double>(S::decode(high)) - static_cast<double>(x);
  if (below == above) return low % 2 == 0 ? low : high;
  return below < above ? low : high;
}

template <class S>
void check_format(typename S::code most) {
  int wrong = 0;  // counted, not checked one by one: there are many
  for (float x : floats()) wrong += S::encode(x) != nearest<S>(x, most) ? 1 : 0;
  CHECK(S::encode(largest) == most);
  for (std::uint32_t c = 0; c <= most; ++c) {
    auto const code = static_cast<typename S::code>(c);
    wrong += S::encode(S::decode(code)) != code ? 1 : 0;
    if (c != 0) wrong += S::decode(code) > S::decode(static_cast<typename S::code>(c - 1)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

template <class T>
std::vector<T> block(std::uint64_t seed, std::size_t n) {
  noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) w[i] = 4 * static_cast<T>(u(i)) - 2;
  return w;
}

}  // namespace

TEST_CASE("scale formats: encode gives the nearest of all scales, ties the even code, and every code comes back") {
  check_format<f16>(0x7BFF);
  check_format<bf16>(0x7F7F);
  check_format<e8m0>(254);
  for (float x : floats()) CHECK(round_scale(x, f32{}) == x);
}

TEST_CASE("scale formats: f16 decodes as the formula says, signs, infinity and NaN included") {
  int wrong = 0;
  for (unsigned c = 0; c != 0x10000; ++c) {
    int const e = static_cast<int>(c >> 10 & 31U);
    int const m = static_cast<int>(c & 1023U);
    float const got = f16::decode(static_cast<std::uint16_t>(c));
    float const magnitude =
        e == 0 ? std::ldexp(static_cast<float>(m), -24) : std::ldexp(static_cast<float>(1024 + m), e - 25);
    bool const good = e == 31 ? (m == 0 ? std::isinf(got) : std::isnan(got)) : std::abs(got) == magnitude;
    wrong += good && std::signbit(got) == (c >= 0x8000) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

#ifdef __FLT16_MANT_DIG__
TEST_CASE("scale formats: f16 has the bits of the compiler's _Float16") {
  int wrong = 0;
  for (float x : floats()) {
    if (x >= 65'520) continue;  // there the compiler's type becomes infinite
    auto const theirs = static_cast<_Float16>(x);
    wrong += f16::encode(x) == (std::bit_cast<std::uint16_t>(theirs) & 0x7FFFU) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
#endif

TEST_CASE("scale formats: bf16 decodes to floats without their lower half, e8m0 to the powers of two") {
  for (unsigned c = 0; c != 255; ++c) {
    CHECK(e8m0::decode(static_cast<std::uint8_t>(c)) == std::ldexp(1.0F, static_cast<int>(c) - 127));
  }
  CHECK(std::isnan(e8m0::decode(255)));
  int wrong = 0;
  for (unsigned c = 0; c != 0x7F80; ++c) {
    auto const x = bf16::decode(static_cast<std::uint16_t>(c));
    wrong += std::bit_cast<std::uint32_t>(x) == c << 16 ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("stored_as: the scale is the nearest one that is stored exactly", T, float, double) {
  for (std::uint64_t seed = 0; seed != 30; ++seed) {
    auto const w = block<T>(seed, 20);
    std::span<T const> const x(w);
    float const plain = l2{}(x, symmetric<7>{});
    CHECK(stored_as{f32{}, l2{}}(x, symmetric<7>{}) == plain);
    CHECK(stored_as{f16{}, l2{}}(x, symmetric<7>{}) == round_scale(plain, f16{}));
    CHECK(stored_as{bf16{}, l2{}}(x, symmetric<7>{}) == round_scale(plain, bf16{}));
    CHECK(stored_as{e8m0{}, l2{}}(x, symmetric<7>{}) == round_scale(plain, e8m0{}));
  }
}

TEST_CASE("stored_as: a rounded scale whose outermost point would be infinite is lowered by one code") {
  for (float top : {largest, largest / 2, largest / 3}) {
    std::vector<float> const w{top, -1};
    auto const check = [&](auto stored) {
      float const s = stored_as{stored, max_abs{}}(std::span<float const>(w), symmetric<7>{});
      CHECK(std::isfinite(3 * s));
      float const next = stored.decode(static_cast<typename decltype(stored)::code>(stored.encode(s) + 1));
      CHECK((next > max_abs{}(std::span<float const>(w), symmetric<7>{}) || !std::isfinite(next)));
    };
    check(bf16{});
    check(e8m0{});
  }
}

TEST_CASE("stored_as: of an affine format the scale is rounded and the zero point stays") {
  std::vector<float> const w{-1, 0.3F, 2.2F};
  auto const plain = min_max{}(std::span<float const>(w), affine<4>{});
  auto const stored = stored_as{bf16{}, min_max{}}(std::span<float const>(w), affine<4>{});
  CHECK(stored == affine_scale{round_scale(plain.scale, bf16{}), plain.zero_point});
  CHECK(stored != plain);
}

TEST_CASE("stored_as: zeros give 0, in e8m0 its smallest scale; beyond the range the ends of it") {
  std::vector<float> const zeros(5), tiny(5, 1e-30F), huge(5, 1e30F);
  auto const fitted = [](auto stored, std::vector<float> const& w) {
    return stored_as{stored, max_abs{}}(std::span<float const>(w), symmetric<3>{});
  };
  CHECK(fitted(f16{}, zeros) == 0);
  CHECK(fitted(bf16{}, zeros) == 0);
  CHECK(fitted(e8m0{}, zeros) == std::ldexp(1.0F, -127));
  CHECK(fitted(f16{}, tiny) == 0);
  CHECK(fitted(f16{}, huge) == 65'504);
}

}  // namespace SQWA_TEST_FILE
