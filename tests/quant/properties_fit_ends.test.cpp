// SPDX-License-Identifier: BSD-3-Clause
// What every fit does with blocks of zeros and with the ends of the range.
#include <sqwa/quant/quantize.hpp>
#include "support/quantizers.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace {

/// Whether a fit gives zeros a scale other than 0.
template <class Fit>
inline constexpr bool without_zero = std::same_as<Fit, fixed> || std::same_as<Fit, mx_scale>;
template <class Inner>
inline constexpr bool without_zero<stored_as<e8m0, Inner>> = true;

}  // namespace

TEST_CASE_TEMPLATE("every fit and format: at the ends of the range scales stay usable and values finite", T, float,
                   double) {
  using range = std::numeric_limits<T>;
  T const denormal = range::denorm_min();
  std::vector<std::vector<T>> const all{{range::max()},
                                        {range::lowest(), range::max(), range::max()},
                                        {denormal},
                                        {-denormal, denormal, 0},
                                        {range::min(), -range::min()},
                                        {range::max(), denormal, -1, 1},
                                        {T(1e-30), T(-1e30)},
                                        {-7},
                                        std::vector<T>(20, T(0.7))};
  test::every_format(test::with_every_fit([&](auto const& format, auto const& fit) {
    for (auto const& w : all) {
      auto const scale = fit(std::span<T const>(w), format);
      CHECK(test::usable(format, scale));
      auto const y = test::rounded(format, nearest_even{}, w, per_tensor{}({w.size()}), {scale});
      CHECK(std::ranges::all_of(y, [](T v) { return std::isfinite(v); }));
    }
  }));
}

TEST_CASE_TEMPLATE("every fit and format: nothing and zeros give the scale 0, and values stay 0", T, float, double) {
  test::every_format(test::with_every_fit([]<class Format, class Fit>(Format const& format, Fit const& fit) {
    for (auto const& w : {std::vector<T>{}, {T(0), T(-0.0), T(0)}}) {
      auto const scale = fit(std::span<T const>(w), format);
      if (!without_zero<Fit>) CHECK(test::step_of(scale) == 0);
      if (affine_format<Format> && !std::same_as<Fit, fixed>) {
        auto const points = test::points_of(format, scale);
        CHECK(points.front() == 0);
      }
    }
  }));
}
