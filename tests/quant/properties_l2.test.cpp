// SPDX-License-Identifier: BSD-3-Clause
// The fit l2 against all other scales, for every format.
#include <sqwa/quant/l2.hpp>
#include "support/quantizers.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// The squared error of the nearest points.
double error(std::vector<double> const& points, double scale, std::vector<float> const& w) {
  double sum = 0;
  for (float v : w) {
    auto const x = static_cast<double>(v);
    if (scale == 0) {
      sum += x * x;
      continue;
    }
    auto const above = std::ranges::lower_bound(points, x / scale);
    double best = above == points.end() ? 1e300 : std::abs(x - *above * scale);
    if (above != points.begin()) best = std::min(best, std::abs(x - *(above - 1) * scale));
    sum += best * best;
  }
  return sum;
}

/// Checks a scale against a geometric grid of scales over all that could matter, and against its neighbourhood.
void check_best(std::vector<double> const& points, double scale, double ours, std::vector<float> const& w) {
  double power = 0, largest = 0, outermost = 0, nearest = 1e300;
  for (float v : w) {
    power += static_cast<double>(v) * static_cast<double>(v);
    largest = std::max(largest, static_cast<double>(std::abs(v)));
  }
  for (double p : points) {
    outermost = std::max(outermost, std::abs(p));
    if (p != 0) nearest = std::min(nearest, std::abs(p));
  }
  double const most = static_cast<double>(std::numeric_limits<float>::max()) / std::max(outermost, 1.0);
  double const low = 0.01 * largest / outermost, high = 4 * largest / std::max(nearest, outermost * 0x1p-12);
  double best = error(points, 0, w), tried = 0;
  auto const attempt = [&](double s) {
    if (s > most) return;
    if (double const e = error(points, s, w); e < best) {
      best = e;
      tried = s;
    }
  };
  int const steps = w.size() > 50 ? 150 : 400;
  for (int k = 0; k <= steps; ++k) attempt(low * std::pow(high / low, static_cast<double>(k) / steps));
  noise const u{.seed = 77};
  for (std::size_t k = 0; k != 40; ++k) {
    double const away = (2 * static_cast<double>(u(k)) - 1) * (k % 2 == 0 ? 1e-3 : 0.3);
    attempt(scale * (1 + away));
  }
  INFO(points.size(), " points, ", w.size(), " weights, scale ", scale, " but ", tried);
  CHECK(ours <= best + 1e-9 * power);
}

template <class F>
void for_blocks(F f) {
  for (test::kind k : test::every_kind) {
    for (std::size_t const n : {1U, 2U, 3U, 8U, 40U, 250U}) f(test::random_weights<float>(k, n, n + 11));
  }
  f(std::vector<float>{1e-32F, -3e-32F, 2e-32F, 1.5e-32F});  // below, scales are denormal and lack digits
  f(std::vector<float>{1e37F, -3e37F, 2e37F, 1.5e37F, 0});   // the best scale of all is too large for many points
  f(std::vector<float>{1e38F, -3e38F, 2e38F, 1.5e38F, 0});
}

}  // namespace

TEST_CASE("l2: no other scale that was tried has a smaller error, for uniform formats and points") {
  auto const all = [](auto const& format) {
    if constexpr (!test::slow<l2, std::remove_cvref_t<decltype(format)>>) {
      auto const points = test::any_format(format).points();
      for_blocks([&](std::vector<float> const& w) {
        auto const scale = static_cast<double>(l2{}(std::span<float const>(w), format));
        check_best(points, scale, error(points, scale, w), w);
        auto const other = static_cast<double>(l2_alternating{}(std::span<float const>(w), format));
        double power = 0;
        for (float v : w) power += static_cast<double>(v) * static_cast<double>(v);
        CHECK(error(points, scale, w) <= error(points, other, w) + 1e-9 * power);
        CHECK(error(points, other, w) <= power * (1 + 1e-9));
      });
    }
  };
  test::every_uniform_format(all);
  test::every_point_format(all);
}

TEST_CASE("l2: no other scale and zero point that were tried have a smaller error, for affine formats") {
  test::every_affine_format([]<class Format>(Format const& format) {
    if constexpr (!test::slow<l2, Format>) {
      test::any_format const any(format);
      for_blocks([&](std::vector<float> const& w) {
        if (Format::bits > 4 && w.size() > 10) return;
        auto const [s, zero] = l2{}(std::span<float const>(w), format);
        auto const scale = static_cast<double>(s);
        double const ours = error(any.points(zero), scale, w);
        for (int z = Format::lowest_code; z <= Format::highest_code; ++z) {
          check_best(any.points(z), scale, ours, w);
        }
      });
    }
  });
}

}  // namespace SQWA_TEST_FILE
