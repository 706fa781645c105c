// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/additive_powers_of_two.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/point_search.hpp>
#include <sqwa/quant/power_of_two.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// The floats around each middle and each point of a format, times the scale, and extremes.
template <class F>
std::vector<float> hard(point_chooser<F> const& chooser, float scale) {
  using range = std::numeric_limits<float>;
  std::vector<float> x{0,
                       -0.0F,
                       range::infinity(),
                       -range::infinity(),
                       range::max(),
                       range::lowest(),
                       range::denorm_min(),
                       -range::denorm_min()};
  auto const around = [&](double at) {
    auto f = static_cast<float>(at) * scale;
    for (int k = 0; k != 3; ++k) f = std::nextafter(f, -range::infinity());
    for (int k = 0; k != 7; ++k, f = std::nextafter(f, range::infinity())) x.push_back(f);
  };
  for (std::size_t i = 0; i != std::size_t{F::levels}; ++i) {
    around(chooser.point(i));
    if (i + 1 != std::size_t{F::levels}) around(chooser.middle(i));
  }
  return x;
}

template <class R, class F>
void same_points(F const& format) {
  point_chooser<F> const chooser(format);
  CHECK(!chooser.close());
  for (float const scale : {1.0F, 0.3F, 1e-30F, 7e8F}) {
    auto const x = hard(chooser, scale);
    std::vector<std::size_t> found(x.size());
    detail::point_search<F, R>(chooser).for_each(x, scale, [&](std::size_t i, std::size_t point, float w) {
      found[i] = point;
      CHECK(w == x[i]);
    });
    for (std::size_t i = 0; i != x.size(); ++i) CHECK(found[i] == chooser.choose(x[i], scale, R{}, 0.0F));
  }
}

}  // namespace

TEST_CASE_TEMPLATE("point_search: the points that choose gives, around every middle and point", R, nearest_even,
                   half_away) {
  same_points<R>(binary{});
  same_points<R>(power_of_two<2>{});
  same_points<R>(power_of_two<4>{});
  same_points<R>(additive_powers_of_two<2, 2>{});
  same_points<R>(nf4());
  same_points<R>(e2m1{});
  same_points<R>(e3m2{});
  same_points<R>(e4m3{});
  same_points<R>(e5m2{});
  same_points<R>(codebook<33>{[] {  // more than are compared with one by one, and no power of two
    std::array<float, 33> list{};
    for (std::size_t i = 0; i != list.size(); ++i) list[i] = static_cast<float>(i * i) - 100;
    return list;
  }()});
}

TEST_CASE("point_search: a NaN is told to whoever visits") {
  point_chooser<e2m1> const chooser(e2m1{});
  std::vector<float> const x{1, std::numeric_limits<float>::quiet_NaN(), -1};
  std::vector<bool> number;
  detail::point_search<e2m1, nearest_even>(chooser).for_each(
      x, 1, [&](std::size_t, std::size_t, float w) { number.push_back(w == w); });
  CHECK(number == std::vector<bool>{true, false, true});
}

}  // namespace SQWA_TEST_FILE
