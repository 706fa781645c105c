// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/power_of_two.hpp>
#include <sqwa/quant/rounding.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <int Bits>
concept exists = requires {
  typename power_of_two<Bits>;
};

static_assert(exists<2> && exists<8> && !exists<1> && !exists<9>);
static_assert(point_format<power_of_two<2>> && point_format<power_of_two<8>>);
static_assert(power_of_two<2>::points() == std::array{-1.0F, 0.0F, 1.0F});
static_assert(power_of_two<3>::points() == std::array{-1.0F, -0.5F, -0.25F, 0.0F, 0.25F, 0.5F, 1.0F});

}  // namespace

TEST_CASE_TEMPLATE("power_of_two: zero in the middle, and every power from 1 down once with each sign", F,
                   power_of_two<2>, power_of_two<3>, power_of_two<4>, power_of_two<5>, power_of_two<8>) {
  auto const points = F::points();
  std::size_t const zero = points.size() / 2;
  CHECK(F::levels == (1 << F::bits) - 1);
  CHECK(std::ranges::adjacent_find(points, std::greater_equal{}) == points.end());
  CHECK(points[zero] == 0);
  for (std::size_t k = 0; k != zero; ++k) {
    CHECK(points[points.size() - 1 - k] == std::ldexp(1.0F, -static_cast<int>(k)));
    CHECK(points[k] == -points[points.size() - 1 - k]);
  }
  CHECK(point_chooser<F>(F{}).nearest_zero() == zero);
}

TEST_CASE("power_of_two: the nearest in value, not in the exponent") {
  point_chooser const one(power_of_two<4>{});
  CHECK(one.point(one.choose(0.74F, 1.0F, nearest_even{}, 0)) == 0.5);  // 2^-0.43
  CHECK(one.point(one.choose(0.76F, 1.0F, nearest_even{}, 0)) == 1);
  CHECK(one.point(one.choose(0.007F, 1.0F, nearest_even{}, 0)) == 0);
  CHECK(one.point(one.choose(-0.009F, 1.0F, nearest_even{}, 0)) == -0.015625);
}

}  // namespace SQWA_TEST_FILE
