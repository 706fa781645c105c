// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/microscaling.hpp>
#include <sqwa/quant/quantize_points.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(fit<mx_scale, symmetric<255>> && mx_groups({64}).count == 2 && mx_groups({65}).count == 3);

template <class F, class T>
float fitted(std::vector<T> const& w) {
  return mx_scale{}(std::span<T const>(w), F{});
}

template <class T>
std::vector<T> weights(std::uint64_t seed, std::size_t n) {
  noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    w[i] = std::ldexp(2 * static_cast<T>(u(i)) - 1, static_cast<int>(u.bits(1'000 + i / 32) % 40) - 20);
  }
  return w;
}

}  // namespace

TEST_CASE_TEMPLATE("mx_scale: the scaled block's largest magnitude lies in the octave of the largest point", F, e5m2,
                   e4m3, e3m2, e2m3, e2m1, symmetric<15>, symmetric<255>) {
  auto const top = static_cast<double>(outermost_point(F{}));
  double octave = 1;  // the power of two at or below the largest point, found by counting
  while (octave * 2 <= top) octave *= 2;
  while (octave > top) octave /= 2;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    auto const w = weights<double>(seed, 1 + seed % 5);
    double most = 0;
    for (double x : w) most = std::max(most, std::abs(x));
    float const scale = fitted<F>(w);
    CHECK(round_scale(scale, e8m0{}) == scale);
    CHECK(most / static_cast<double>(scale) >= octave);
    CHECK(most / static_cast<double>(scale) < 2 * octave);
  }
}

TEST_CASE("mx_scale: powers of two and their neighbours fall on the right side") {
  CHECK(fitted<e2m1>(std::vector<float>{1}) == 0.25F);
  CHECK(fitted<e2m1>(std::vector<float>{std::nextafter(1.0F, 0.0F)}) == 0.125F);
  CHECK(fitted<e2m1>(std::vector<float>{6}) == 1);
  CHECK(fitted<e2m1>(std::vector<float>{-8, 3}) == 2);
  CHECK(fitted<e4m3>(std::vector<float>{448}) == 1);
  CHECK(fitted<e5m2>(std::vector<float>{57'344}) == 1);
  CHECK(fitted<symmetric<15>>(std::vector<float>{7.9F}) == 1);
}

TEST_CASE("mx_scale: nothing, zeros and tiny blocks give 2^-127, the largest blocks keep their points finite") {
  float const least = std::ldexp(1.0F, -127);
  CHECK(fitted<e2m1>(std::vector<float>{}) == least);
  CHECK(fitted<e2m1>(std::vector<float>{0, -0.0F}) == least);
  CHECK(fitted<e2m1>(std::vector<float>{std::numeric_limits<float>::denorm_min()}) == least);
  CHECK(fitted<e2m1>(std::vector<double>{1e-300}) == least);
  for (auto const& w : {std::vector<double>{1e308}, {-static_cast<double>(std::numeric_limits<float>::max())}}) {
    CHECK(fitted<e2m1>(w) == std::ldexp(1.0F, 125));
    CHECK(std::isfinite(fitted<e5m2>(w) * 57'344));
    CHECK(std::isfinite(fitted<symmetric<255>>(w) * 127));
  }
}

TEST_CASE("mxfp4: a block worked out by hand") {
  // max 10.5: 2^3 over 2^2 gives the scale 2, so the points are 0, 1, 2, 3, 4, 6, 8, 12 and their negatives.
  std::vector<float> const w{10.5F, -10, -9.9F, 5, 7, -2.5F, 1.5F, 0.5F, 0.51F, -0.2F};
  std::vector<float> const expected{12, -8, -8, 4, 8, -2, 2, 0, 1, 0};  // ties: 10, 5, 7, 2.5, 1.5 and 0.5
  blocks const layout = mx_groups({w.size()});
  std::vector<float> const scale{fitted<e2m1>(w)};
  CHECK(scale[0] == 2);
  std::vector<float> y(w.size());
  fake_quantize(std::span(w), layout, scale, e2m1{}, nearest_even{}, std::span(y));
  CHECK(y == expected);
  std::vector<std::uint8_t> codes(w.size());
  quantize(std::span(w), layout, scale, e2m1{}, nearest_even{}, codes);
  CHECK(codes == std::vector<std::uint8_t>{7, 14, 14, 4, 6, 10, 2, 0, 1, 0});
}

TEST_CASE_TEMPLATE("microscaling: every value is within half a unit of its last place, or saturated", F, e5m2, e4m3,
                   e3m2, e2m3, e2m1) {
  std::size_t const n = 320;
  blocks const layout = mx_groups({n});
  auto const w = weights<float>(4, n);
  std::vector<float> scales(layout.count), y(n);
  for (std::size_t b = 0; b != layout.count; ++b) {
    scales[b] = mx_scale{}(std::span<float const>(w).subspan(b * 32, 32), F{});
  }
  fake_quantize(std::span(w), layout, scales, F{}, nearest_even{}, std::span(y));
  auto const top = static_cast<double>(outermost_point(F{}));
  for (std::size_t i = 0; i != n; ++i) {
    auto const scaled = static_cast<double>(w[i]) / static_cast<double>(scales[i / 32]);
    auto const got = static_cast<double>(y[i]) / static_cast<double>(scales[i / 32]);
    int const e = scaled == 0 ? 1 - F::bias : std::max(std::ilogb(scaled), 1 - F::bias);
    double const half = std::ldexp(0.5, e - F::mantissa_bits);
    if (std::abs(scaled) > top) {
      CHECK(std::abs(got) == top);
    } else {
      CHECK(std::abs(got - scaled) <= half);
    }
  }
}

}  // namespace SQWA_TEST_FILE
