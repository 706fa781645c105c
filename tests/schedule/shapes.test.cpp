// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/schedule/shapes.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <limits>

using namespace sqwa;

static_assert(schedule<constant> && schedule<cosine> && schedule<one_cycle> && !schedule<float>);
static_assert(schedule<decltype([](step_index) { return 0.1F; })>);
static_assert(finite_schedule<cosine> && finite_schedule<triangular> && !finite_schedule<constant>);
static_assert(linear{.from = 0, .to = 1, .length = 4}(1) == 0.25F);
static_assert(cosine{.hi = 1, .lo = 0, .length = 10}(0) == 1 && cosine{.hi = 1, .lo = 0, .length = 10}(10) == 0);

TEST_CASE("shapes: the cosine is that of its formula, and exact at both ends") {
  cosine const s{.hi = 0.1F, .lo = 0.003F, .length = 777};
  for (step_index t = 0; t <= 777; ++t) {
    double const expected = 0.003 + 0.5 * (0.1 - 0.003) * (1 + std::cos(M_PI * static_cast<double>(t) / 777));
    CHECK(static_cast<double>(s(t)) == doctest::Approx(expected).epsilon(1e-6));
  }
  CHECK(s(0) == 0.1F);
  CHECK(s(777) == 0.003F);
  CHECK(s(1'000'000) == 0.003F);
}

TEST_CASE("shapes: the exponential, the triangle and the plateaus are those of their formulas") {
  exponential const e{.start = 0.5F, .decay = 0.999};
  triangular const w{.lo = 0.1F, .hi = 0.5F, .up = 4, .down = 8};
  discrete const d{{{0.3F, 2}, {0.2F, 0}, {0.1F, 3}}};
  for (step_index t = 0; t != 40; ++t) {
    auto const x = static_cast<double>(t);
    CHECK(static_cast<double>(e(t)) == doctest::Approx(0.5 * std::pow(0.999, x)).epsilon(1e-6));
    double const up = std::max(0.0, t <= 4 ? x / 4 : 1 - (x - 4) / 8);
    CHECK(static_cast<double>(w(t)) == doctest::Approx(0.1 + 0.4 * up).epsilon(1e-6));
    CHECK(d(t) == (t < 2 ? 0.3F : 0.1F));
  }
  CHECK(w.length() == 12);
  CHECK(d.length() == 5);
}

TEST_CASE("shapes: one cycle begins at hi / 25, peaks at hi after 30 % and ends 10,000 times below its beginning") {
  one_cycle const s{.hi = 0.5F, .length = 1'000};
  CHECK(s(0) == doctest::Approx(0.02));
  CHECK(s(299) == doctest::Approx(0.5));
  CHECK(s(999) == doctest::Approx(0.02 / 1e4));
  for (step_index t = 1; t != 1'000; ++t) CHECK((t <= 299 ? s(t) >= s(t - 1) : s(t) <= s(t - 1)));
}

TEST_CASE_TEMPLATE("shapes: no length, no steps: the last value at once, and steps before the first are the first", S,
                   linear, cosine) {
  S const none{0.4F, 0.1F, 0};
  CHECK(none(0) == 0.1F);
  CHECK(none(5) == 0.1F);
  S const some{0.4F, 0.1F, 9};
  CHECK(some(-3) == some(0));
  CHECK(some(std::numeric_limits<step_index>::max()) == 0.1F);
  CHECK(some.stretched(100)(100) == 0.1F);
  CHECK(some.stretched(100)(50) == doctest::Approx(0.25));
}
