// SPDX-License-Identifier: BSD-3-Clause
// Tests of the shapes: closed forms, exact ends, zero lengths, and the same bits at compile time and at run time.
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::step_index;

/// Equal but for the last rounding to float.
bool close(float x, double exact) {
  double const ulp =
      std::nextafter(std::abs(static_cast<float>(exact)), INFINITY) - std::abs(static_cast<float>(exact));
  return std::abs(x - exact) <= 0.51 * ulp;
}

constexpr step_index far = std::numeric_limits<step_index>::max();
constexpr step_index most_negative = std::numeric_limits<step_index>::min();

constexpr sqwa::cosine wave{.hi = 0.1F, .lo = 0.0007F, .length = 1'000};
constexpr sqwa::linear line{.from = 0.3F, .to = 0.02F, .length = 77};
constexpr sqwa::triangular tent{.lo = 0.01F, .hi = 0.05F, .up = 20, .down = 60};
constexpr sqwa::exponential decline{.start = 0.1F, .decay = 0.999};
constexpr sqwa::discrete stairs{{{0.1F, 50}, {0.02F, 0}, {0.01F, 30}, {0.001F, 10}}};
constexpr sqwa::one_cycle super{.hi = 0.1F, .length = 1'000};

/// The first 1,200 values, by the compiler.
template <class S>
constexpr auto at_compile_time(S const& s) {
  std::array<float, 1'200> values{};
  for (std::size_t t = 0; t != values.size(); ++t) values[t] = s(static_cast<step_index>(t));
  return values;
}

static_assert(sqwa::schedule<sqwa::constant> && sqwa::schedule<sqwa::linear> && sqwa::schedule<sqwa::cosine>);
static_assert(sqwa::schedule<sqwa::triangular> && sqwa::schedule<sqwa::exponential> && sqwa::schedule<sqwa::one_cycle>);
static_assert(sqwa::schedule<sqwa::discrete<3>> && sqwa::schedule<sqwa::discrete<1>>);
static_assert(sqwa::stretchable<sqwa::constant> && sqwa::stretchable<sqwa::linear> &&
              sqwa::stretchable<sqwa::triangular> && sqwa::stretchable<sqwa::one_cycle>);
static_assert(!sqwa::stretchable<sqwa::discrete<3>>);
static_assert(sqwa::length_of(tent) == 80 && sqwa::length_of(stairs) == 90 && sqwa::length_of(super) == 1'000);
static_assert(sqwa::length_of(decline) == 0);

// Exact at both ends, for good after the end, and step 0 before the beginning.
static_assert(wave(0) == 0.1F && wave(1'000) == 0.0007F && wave(far) == 0.0007F && wave(most_negative) == 0.1F);
static_assert(line(0) == 0.3F && line(77) == 0.02F && line(far) == 0.02F && line(-5) == 0.3F);
static_assert(tent(0) == 0.01F && tent(20) == 0.05F && tent(80) == 0.01F && tent(far) == 0.01F && tent(-1) == 0.01F);
static_assert(decline(0) == 0.1F && decline(-1) == 0.1F && decline(far) == 0);
static_assert(stairs(0) == 0.1F && stairs(49) == 0.1F && stairs(50) == 0.01F && stairs(79) == 0.01F &&
              stairs(80) == 0.001F && stairs(far) == 0.001F && stairs(-1) == 0.1F);
static_assert(super(299) == 0.1F && super(-1) == super(0));
static_assert(sqwa::constant{.value = 0.25F}(far) == 0.25F && sqwa::constant{.value = 0.25F}(-1) == 0.25F);

// Zero lengths: the piece is over before it began. So are negative ones.
static_assert(sqwa::cosine{.hi = 1, .lo = 2, .length = 0}(0) == 2 &&
              sqwa::cosine{.hi = 1, .lo = 2, .length = -3}(0) == 2);
static_assert(sqwa::linear{.from = 1, .to = 2, .length = 0}(0) == 2 && sqwa::linear{1, 2, -3}(-9) == 2);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = 0, .down = 0}(0) == 1);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = 0, .down = 4}(0) == 2);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = 4, .down = 0}(3) == 1.75F);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = 4, .down = 0}(4) == 1);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = -4, .down = 4}(2) == 1.5F);
static_assert(sqwa::triangular{.lo = 1, .hi = 2, .up = 4, .down = -4}(2) == 1.5F);
static_assert(sqwa::discrete{{{5, 0}}}(0) == 5 && sqwa::discrete{{{5, -3}, {6, 2}, {7, 1}}}(1) == 6);
static_assert(sqwa::one_cycle{.hi = 250'000, .length = 0}(0) == 1 &&
              sqwa::one_cycle{.hi = 250'000, .length = 1}(0) == 1);
static_assert(sqwa::one_cycle{.hi = 250'000, .length = 2}(0) == 250'000);

}  // namespace

TEST_CASE("cosine: is half a cosine from hi to lo") {
  for (step_index t = 0; t <= 1'000; ++t) {
    double const exact = double{wave.lo} + (double{wave.hi} - double{wave.lo}) *
                                               (1 + std::cos(std::numbers::pi * static_cast<double>(t) / 1'000)) / 2;
    CAPTURE(t);
    CHECK(close(wave(t), exact));
    CHECK(wave(t) >= wave(t + 1));
  }
}

TEST_CASE("linear: is a straight line in either direction") {
  for (auto const& s : {line, sqwa::linear{.from = -1, .to = 3, .length = 640}}) {
    for (step_index t = 0; t <= s.length; ++t) {
      double const u = static_cast<double>(t) / static_cast<double>(s.length);
      CHECK(s(t) == doctest::Approx(s.from * (1 - u) + s.to * u).epsilon(1e-6));
    }
  }
  CHECK(sqwa::linear{.from = -1, .to = 3, .length = 4}(1) == 0);
}

TEST_CASE("triangular: is torch's CyclicLR within its cycle") {
  for (step_index t = 0; t <= 80; ++t) {
    double const x = t <= 20 ? static_cast<double>(t) / 20 : static_cast<double>(80 - t) / 60;
    CHECK(close(tent(t), double{tent.lo} + (double{tent.hi} - double{tent.lo}) * x));
  }
}

TEST_CASE("exponential: multiplies by the decay at every step") {
  for (step_index t = 0; t <= 3'000; ++t) {
    CHECK(close(decline(t), double{decline.start} * std::pow(decline.decay, static_cast<double>(t))));
  }
  CHECK(sqwa::exponential{.start = 1, .decay = 2}(2'000) == std::numeric_limits<float>::infinity());
  CHECK(sqwa::exponential{.start = 3, .decay = 0}(0) == 3);
  CHECK(sqwa::exponential{.start = 3, .decay = 0}(1) == 0);
  CHECK(sqwa::exponential{.start = 3, .decay = -0.5}(3) == -0.375F);
}

TEST_CASE("one_cycle: is torch's OneCycleLR, also when the top lies between two steps") {
  for (step_index length : {10, 15, 100, 1'000}) {
    sqwa::one_cycle const s{.hi = 0.1F, .length = length};
    double const hi = s.hi;
    double const top = 0.3 * static_cast<double>(length) - 1;
    double const last = static_cast<double>(length) - 1;
    float largest = 0;
    for (step_index t = 0; t != length; ++t) {
      auto const x = static_cast<double>(t);
      double const from = x <= top ? hi / 25 : hi;
      double const to = x <= top ? hi : hi / 25 / 1e4;
      double const u = x <= top ? x / top : (x - top) / (last - top);
      double const exact = to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * u));
      CAPTURE(length);
      CAPTURE(t);
      CHECK(s(t) == doctest::Approx(exact).epsilon(1e-6));
      largest = std::max(largest, s(t));
    }
    CHECK(largest <= s.hi);
    CHECK(close(s(0), hi / 25));
    CHECK(close(s(length - 1), hi / 25 / 1e4));
    CHECK(s(length) == s(length - 1));
  }
}

TEST_CASE("one_cycle: a start of no or of all steps stays within the rates") {
  for (double share : {0.0, 0.001, 1.0, 7.0}) {
    sqwa::one_cycle const s{.hi = 1, .length = 50, .pct_start = share, .div_factor = 4, .final_div_factor = 10};
    for (step_index t = 0; t != 60; ++t) CHECK((s(t) >= 0.025F && s(t) <= 1));
    CHECK(s(0) == (share < 0.1 ? 1.0F : 0.25F));
    CHECK(s(49) == 0.025F);
  }
}

TEST_CASE("stretched: every shape takes its last value at the step asked for, and not before the last steps") {
  for (step_index n : {0, 1, 2, 9, 499, 12'345}) {
    CAPTURE(n);
    CHECK(wave.stretched(n)(n) == wave.lo);
    CHECK(line.stretched(n)(n) == line.to);
    CHECK(tent.stretched(n)(n) == tent.lo);
    CHECK(tent.stretched(n).length() == n);
    CHECK(super.stretched(n)(n) == super(999));
    if (n > 0) {
      CHECK(wave.stretched(n)(n - 1) != wave.lo);
      CHECK(line.stretched(n)(n - 1) != line.to);
      CHECK(super.stretched(n)(n - 1) != super(999));
    }
  }
  CHECK(tent.stretched(160) == sqwa::triangular{.lo = 0.01F, .hi = 0.05F, .up = 40, .down = 120});
  CHECK(tent.stretched(-4).length() == 0);
  CHECK(sqwa::triangular{.lo = 0, .hi = 1, .up = 0, .down = 0}.stretched(5).up == 0);
  CHECK(sqwa::constant{.value = 3}.stretched(5)(9) == 3);
}

TEST_CASE_TEMPLATE_DEFINE("shapes: the compiler and the machine compute the same bits, in any order", S, bits) {
  static constexpr auto shape = S::value;
  static constexpr auto expected = at_compile_time(shape);
  step_index volatile hidden = 0;
  auto const start = hidden;
  for (std::size_t i = expected.size(); i-- != 0;) {
    CAPTURE(i);
    CHECK(shape(start + static_cast<step_index>(i)) == expected[i]);
  }
}
struct a_wave {
  static constexpr auto value = wave;
};
struct a_line {
  static constexpr auto value = line;
};
struct a_tent {
  static constexpr auto value = tent;
};
struct a_decline {
  static constexpr auto value = decline;
};
struct a_super {
  static constexpr auto value = super;
};
TEST_CASE_TEMPLATE_INVOKE(bits, a_wave, a_line, a_tent, a_decline, a_super);

TEST_CASE("shapes: NaN and infinite rates reach the step they belong to and no other") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  float const inf = std::numeric_limits<float>::infinity();
  CHECK(std::isnan(sqwa::cosine{.hi = nan, .lo = 1, .length = 4}(3)));
  CHECK(sqwa::cosine{.hi = nan, .lo = 1, .length = 4}(4) == 1);
  CHECK(sqwa::linear{.from = inf, .to = 1, .length = 4}(0) == inf);
  CHECK(sqwa::linear{.from = inf, .to = 1, .length = 4}(4) == 1);
}

}  // namespace SQWA_TEST_FILE
