// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/min_max.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

using narrow8 = affine<8, code_range::narrow>;
static_assert(fit<min_max, affine<8>> && !fit<min_max, symmetric<3>>);

}  // namespace

TEST_CASE("min_max: ONNX DynamicQuantizeLinear") {
  auto const fitted = [](std::vector<float> const& w) { return min_max{}(std::span(w), affine<8>{}); };
  CHECK(fitted({0, 2, -3, -2.5F, 1.34F, 0.5F}) == affine_scale{0.0196078438F, 153});
  CHECK(fitted({-1.0F, -2.1F, -1.3F, -2.5F, -3.34F, -4.0F}) == affine_scale{0.0156862754F, 255});
  CHECK(fitted({1, 2.1F, 1.3F, 2.5F, 3.34F, 4.0F, 1.5F, 2.6F, 3.9F, 4.0F, 3.0F, 2.345F}) ==
        affine_scale{0.0156862754F, 0});
}

TEST_CASE_TEMPLATE("min_max: covers the block to half a step, takes in zero, ends where the block ends", F, affine<2>,
                   affine<8>, narrow8, affine<16>) {
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    noise const u{.seed = seed};
    std::vector<double> w(1 + seed % 9);
    for (std::size_t i = 0; i != w.size(); ++i) w[i] = static_cast<double>(u(i)) * 3 - static_cast<double>(seed % 4);
    auto const [scale, zero] = min_max{}(std::span<double const>(w), F{});
    auto const s = static_cast<double>(scale);
    CHECK(zero >= F::lowest_code);
    CHECK(zero <= F::highest_code);
    double const low = std::min(0.0, std::ranges::min(w)), high = std::max(0.0, std::ranges::max(w));
    CHECK(std::abs((F::lowest_code - zero) * s - low) <= s * 0.501);
    CHECK(std::abs((F::highest_code - zero) * s - high) <= s * 0.501);
  }
}

TEST_CASE("min_max: nothing and zeros give scale 0, the ends of the range stay finite") {
  auto const fitted = [](auto const& w, auto format) {
    return min_max{}(std::span<std::remove_cvref_t<decltype(w[0])> const>(w), format);
  };
  CHECK(fitted(std::vector<float>{}, affine<8>{}) == affine_scale{0, 0});
  CHECK(fitted(std::vector<float>{0, -0.0F}, narrow8{}) == affine_scale{0, 1});
  CHECK(fitted(std::vector<double>{1e-300}, affine<8>{}) == affine_scale{0, 0});
  float const largest = std::numeric_limits<float>::max();
  for (auto const& w : {std::vector<double>{1e308, -1e308}, {static_cast<double>(largest)}, {-1e300}}) {
    auto const check = [&](auto format) {
      auto const [scale, zero] = fitted(w, format);
      CHECK(std::isfinite(scale * static_cast<float>(format.highest_code - zero)));
      CHECK(std::isfinite(scale * static_cast<float>(format.lowest_code - zero)));
      CHECK(zero >= format.lowest_code);
      CHECK(zero <= format.highest_code);
    };
    check(affine<1>{});
    check(affine<8>{});
    check(narrow8{});
    check(affine<16>{});
  }
  auto const tiny = fitted(std::vector<float>{-std::numeric_limits<float>::denorm_min()}, affine<1>{});
  CHECK(tiny.zero_point == 1);
}

}  // namespace SQWA_TEST_FILE
