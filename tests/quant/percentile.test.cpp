// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/percentile.hpp>
#include <sqwa/quant/symmetric.hpp>
#include "support/quantizers.hpp"
#include "support/refuses.hpp"

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

static_assert(fit<percentile, symmetric<255>> && fit<percentile, codebook<16>> && fit<percentile, affine<8>>);

template <class F>
auto fitted(double share, std::vector<float> const& w, F const& format) {
  return percentile{share}(std::span<float const>(w), format);
}

}  // namespace

TEST_CASE("percentile: the order statistic at share * n, rounded up") {
  std::vector<float> w;
  for (int i = 1; i <= 100; ++i) w.push_back(i % 3 == 0 ? -static_cast<float>(i) : static_cast<float>(i));
  std::ranges::reverse(w);
  CHECK(fitted(0.9, w, symmetric<3>{}) == 90);
  CHECK(fitted(0.901, w, symmetric<3>{}) == 91);
  CHECK(fitted(0.07, w, symmetric<3>{}) == 7);  // 0.07 * 100 is a little above 7 in double
  CHECK(fitted(1, w, symmetric<3>{}) == 100);
  CHECK(fitted(1e-9, w, symmetric<3>{}) == 1);
  CHECK(fitted(0.9, w, symmetric<7>{}) == 30);
  CHECK(fitted(0.5, w, codebook{std::array{-2.0F, 0.0F, 1.0F}}) == 25);
  CHECK(percentile{}(std::span<float const>(w), symmetric<3>{}) == 100);
}

TEST_CASE("percentile: an affine format leaves out as many weights at either end") {
  std::vector<float> w;
  for (int i = 0; i != 101; ++i) w.push_back(static_cast<float>(i - 40));  // -40 to 60
  std::vector<float> const ends{-35, 55};
  CHECK(fitted(0.9, w, affine<8>{}) == min_max{}(std::span<float const>(ends), affine<8>{}));
  CHECK(fitted(1, w, affine<8>{}) == min_max{}(std::span<float const>(w), affine<8>{}));
}

TEST_CASE("percentile: that share of random weights lies within the outermost point, and no less") {
  for (test::kind k : test::every_kind) {
    for (std::size_t const n : {1U, 2U, 10U, 999U}) {
      auto const w = test::random_weights<float>(k, n, 4);
      float const scale = fitted(0.95, w, symmetric<3>{});
      auto const within = [&](float limit) {
        return static_cast<double>(std::ranges::count_if(w, [=](float v) { return std::abs(v) <= limit; }));
      };
      CHECK(within(scale) >= 0.95 * static_cast<double>(n));
      if (scale > 0) CHECK(within(std::nextafter(scale, 0.0F)) < 0.95 * static_cast<double>(n));
      CHECK(fitted(1, w, symmetric<255>{}) == max_abs{}(std::span<float const>(w), symmetric<255>{}));
    }
  }
}

TEST_CASE("percentile: a share outside (0, 1] is refused") {
  std::vector<float> const w{1, 2};
  for (double share : {0.0, -0.5, 1.0001, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(test::refuses([&] { (void)fitted(share, w, symmetric<3>{}); }, "percentile: the share"));
    CHECK(test::refuses([&] { (void)fitted(share, w, affine<8>{}); }, "percentile: the share"));
  }
}

}  // namespace SQWA_TEST_FILE
