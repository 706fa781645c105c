// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/rounding.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(point_format<binary> && !uniform_format<binary> && binary::bits == 1);

TEST_CASE_TEMPLATE("binary: a weight becomes its sign, zeros of both signs become +1", T, float, double) {
  point_chooser const one(binary{});
  for (T w : {T(1e-30), T(0.3), T(1), T(5), T(0), T(-0.0)}) {
    CHECK(one.choose(w, T(0.5), nearest_even{}, 0) == 1);
    CHECK(one.choose(w, T(0.5), half_away{}, 0) == 1);
    CHECK(one.choose(w, T(0.5), toward_zero{}, 0) == 1);
    if (w == 0) continue;
    CHECK(one.choose(-w, T(0.5), nearest_even{}, 0) == 0);
    CHECK(one.choose(-w, T(0.5), half_away{}, 0) == 0);
    CHECK(one.choose(-w, T(0.5), toward_zero{}, 0) == 0);
  }
}

TEST_CASE("mean_magnitude: no scale and no other signs have a smaller squared error") {
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    noise const u{.seed = seed};
    std::vector<double> w(1 + seed % 8);
    for (std::size_t i = 0; i != w.size(); ++i) w[i] = (2 * static_cast<double>(u(i)) - 1) * (i == 3 ? 20 : 1);
    if (seed % 5 == 0) w[0] = 0;
    auto const error = [&](double scale, unsigned signs) {
      double sum = 0;
      for (std::size_t i = 0; i != w.size(); ++i) {
        double const value = (signs >> i & 1U) != 0 ? scale : -scale;
        sum += (w[i] - value) * (w[i] - value);
      }
      return sum;
    };
    double const scale = static_cast<double>(mean_magnitude{}(std::span<double const>(w), binary{}));
    unsigned signs = 0;
    point_chooser const one(binary{});
    for (std::size_t i = 0; i != w.size(); ++i) {
      signs |= static_cast<unsigned>(one.choose(w[i], scale, nearest_even{}, 0)) << i;
    }
    double const ours = error(scale, signs);
    for (unsigned other = 0; other != 1U << w.size(); ++other) {
      double product = 0;  // the best scale of these signs is <w, sign> / n
      for (std::size_t i = 0; i != w.size(); ++i) product += (other >> i & 1U) != 0 ? w[i] : -w[i];
      CHECK(ours <= error(product / static_cast<double>(w.size()), other) + 1e-9);
    }
    for (int k = 0; k != 500; ++k) CHECK(ours <= error(k * 0.05, signs) + 1e-9);
  }
}

TEST_CASE("mean_magnitude: nothing and zeros give 0, the ends of the range stay finite") {
  auto const mean = [](std::vector<double> const& w) { return mean_magnitude{}(std::span<double const>(w), binary{}); };
  CHECK(mean({}) == 0);
  CHECK(mean({0, -0.0}) == 0);
  CHECK(mean({-3, 1}) == 2);
  CHECK(std::isfinite(mean({1e308, -1e308, 1e308})));
  std::vector<float> const large(3, std::numeric_limits<float>::max());
  CHECK(mean_magnitude{}(std::span<float const>(large), binary{}) == large[0]);
}

}  // namespace SQWA_TEST_FILE
