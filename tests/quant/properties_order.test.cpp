// SPDX-License-Identifier: BSD-3-Clause
// What holds for the values of every format and rounding in their order.
#include <sqwa/quant/quantize.hpp>
#include "support/quantizers.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

using namespace sqwa;

TEST_CASE("every format and rounding without noise: a larger weight has no smaller value") {
  test::for_hard_weights([](auto const& format, auto round, auto w, blocks const& layout, auto const& scales) {
    if constexpr (!round.needs_noise) {
      std::ranges::sort(w);
      CHECK(std::ranges::is_sorted(test::rounded(format, round, w, layout, scales)));
    }
  });
}

// Lists of an even number of points break ties between the same two places on both sides: nearest_even prefers the even
// place, which is the outer point on one side and the inner one on the other. And a quotient of zero has no mirror
// image.
TEST_CASE("formats that lie evenly around zero: the opposite weight has the opposite value") {
  test::for_hard_weights([](auto const& format, auto round, auto const& w, blocks const& layout, auto const& scales) {
    using Format = std::remove_cvref_t<decltype(format)>;
    using T = typename std::remove_cvref_t<decltype(w)>::value_type;
    if constexpr (!affine_format<Format> && !round.needs_noise) {
      auto const points = test::points_of(format);
      for (std::size_t i = 0; i != points.size(); ++i) {
        if (points[i] != -points[points.size() - 1 - i]) return;
      }
      std::vector<T> x, opposite;
      auto const s = static_cast<double>(scales[0]);
      for (T v : w) {
        if (v / static_cast<T>(s) == 0) continue;  // also where the quotient is below the range of T
        if (std::same_as<decltype(round), nearest_even> && points.size() % 2 == 0) {
          bool tie = false;
          for (std::size_t i = 1; i != points.size(); ++i) {
            tie = tie || static_cast<double>(v / static_cast<T>(s)) == (points[i - 1] + points[i]) / 2;
          }
          if (tie) continue;
        }
        x.push_back(v);
        opposite.push_back(-v);
      }
      blocks const some = per_tensor{}({x.size()});
      auto const y = test::rounded(format, round, x, some, scales);
      auto z = test::rounded(format, round, opposite, some, scales);
      for (T& v : z) v = 0 - v;
      CHECK(test::same_bits(y, z));
    }
    (void)layout;
  });
}

TEST_CASE("every format: with nearest roundings no other point is closer than rounding of w / scale explains") {
  test::for_hard_weights([](auto const& format, auto round, auto const& w, blocks const& layout, auto const& scales) {
    using T = typename std::remove_cvref_t<decltype(w)>::value_type;
    using R = decltype(round);
    if constexpr (std::same_as<R, nearest_even> || std::same_as<R, half_away>) {
      auto const once = test::rounded(format, round, w, layout, scales);
      auto const points = test::points_of(format, scales[0]);
      auto const s = static_cast<double>(test::step_of(scales[0]));
      bool good = true;
      for (std::size_t i = 0; i != w.size(); ++i) {
        auto const x = static_cast<double>(w[i]);
        auto const above = std::ranges::lower_bound(points, x / std::max(s, 1e-300));
        double best = std::numeric_limits<double>::infinity();
        if (above != points.end()) best = std::abs(x - *above * s);
        if (above != points.begin()) best = std::min(best, std::abs(x - *(above - 1) * s));
        if (std::isinf(x)) continue;
        double const slack = 4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * (std::abs(x) + best) +
                             2 * static_cast<double>(std::numeric_limits<T>::denorm_min());
        good = good && std::abs(x - static_cast<double>(once[i])) <= best + slack;
      }
      CHECK(good);
    }
  });
}
