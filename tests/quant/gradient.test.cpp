// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/gradient.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

struct takes_two {
  void operator()(std::span<float>, std::span<float const>) const {}
};

static_assert(ste<ste_clipped> && ste<ste_plain> && !ste<takes_two> && !ste<float>);

}  // namespace

TEST_CASE_TEMPLATE("ste_clipped: is the derivative of the clamp to the outermost points", F, symmetric<3>, symmetric<7>,
                   symmetric<255>) {
  shape const extents{3, 4, 5};
  noise const u{.seed = 2};
  std::vector<double> w(extents.size()), up(w.size());
  for (std::size_t i = 0; i != w.size(); ++i) {
    w[i] = 4.0 * u(i) - 2;
    up[i] = 2.0 * u(i + 1'000) - 1;
  }
  for (blocks const& layout : {per_tensor{}(extents), per_channel{.axis = 1}(extents), per_group{.size = 7}(extents)}) {
    std::vector<float> scales(layout.count);
    for (std::size_t b = 0; b != scales.size(); ++b) {
      scales[b] = (0.3F + 0.2F * static_cast<float>(b)) / static_cast<float>(F::max_code);
    }
    auto const surrogate = [&](std::size_t i, double x) {
      double const edge = static_cast<double>(scales[layout.of(i)]) * F::max_code;
      return up[i] * std::clamp(x, -edge, edge);
    };
    auto gradient = up;
    ste_clipped{}(std::span(gradient), w, layout, scales, F{});
    double const h = 1e-6;
    for (std::size_t i = 0; i != w.size(); ++i) {
      CHECK(std::abs(gradient[i] - (surrogate(i, w[i] + h) - surrogate(i, w[i] - h)) / (2 * h)) < 1e-8);
    }
    CHECK(std::ranges::count(gradient, 0.0) > 0);
    CHECK(std::ranges::count(gradient, 0.0) < 60);
  }
}

TEST_CASE_TEMPLATE("ste_clipped: passes on the outermost point itself, and at 0 where the scale is 0", T, float,
                   double) {
  blocks const layout = per_group{.size = 4}({7});
  std::vector<float> const scales{0.1F, 0};
  T const edge = T(3) * static_cast<T>(0.1F);
  T const inf = std::numeric_limits<T>::infinity();
  std::vector<T> const w{edge, -edge,    std::nextafter(edge, inf),          -inf,
                         0,    T(1e-20), std::numeric_limits<T>::quiet_NaN()};
  std::vector<T> gradient(7, 1);
  ste_clipped{}(std::span(gradient), w, layout, scales, symmetric<7>{});
  CHECK(gradient == std::vector<T>{1, 1, 0, 0, 1, 0, 0});
}

TEST_CASE("ste_clipped: a gradient that is not a number does not survive outside") {
  std::vector<float> gradient{std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
  ste_clipped{}(std::span(gradient), std::vector{2.0F, -2.0F}, per_tensor{}({2}), std::vector{1.0F}, symmetric<3>{});
  CHECK(gradient == std::vector<float>{0, 0});
}

TEST_CASE("ste_plain: changes nothing") {
  std::vector<float> gradient{1, 2, 3};
  ste_plain{}(std::span(gradient), std::vector<float>{0, 5, -9}, per_tensor{}({3}), std::vector{1.0F}, symmetric<3>{});
  CHECK(gradient == std::vector<float>{1, 2, 3});
}

TEST_CASE("ste_clipped: sizes that differ are refused") {
  std::vector<float> gradient(3), latent(4);
  CHECK(test::refuses(
      [&] { ste_clipped{}(std::span(gradient), latent, per_tensor{}({4}), std::vector{1.0F}, symmetric<3>{}); },
      "ste_clipped: 4 values, 1 scales and 3 results"));
}

}  // namespace SQWA_TEST_FILE
