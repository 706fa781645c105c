// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/xsimd.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using plain = sqwa::scalar_kernels;
using fast = sqwa::xsimd_kernels<>;

namespace {

template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::ranges::equal(a, b, {}, std::bit_cast<bits, T>, std::bit_cast<bits, T>);
}

/// Values that are hard to round: the last ones before a tie, ties, the first after, for each code; and extremes.
template <class T>
std::vector<T> hard(T scale, int limit) {
  using range = std::numeric_limits<T>;
  std::vector<T> x{
      0,           -T(0), range::infinity(), -range::infinity(), range::max(), range::lowest(), range::denorm_min(),
      range::min()};
  for (int c = -limit - 1; c <= limit; ++c) {
    T at = (static_cast<T>(c) + T(0.5)) * scale;
    for (int k = 0; k != 4; ++k) at = std::nextafter(at, -range::infinity());
    for (int k = 0; k != 9; ++k, at = std::nextafter(at, range::infinity())) x.push_back(at);
    x.push_back(static_cast<T>(c) * scale);
  }
  for (std::size_t i = 0; i != 501; ++i) {
    x.push_back(static_cast<T>(2 * sqwa::noise{.seed = 4}(i)-1) * scale * static_cast<T>(limit + 1));
  }
  return x;
}

template <class T>
std::vector<T> scales() {
  using range = std::numeric_limits<T>;
  std::vector<T> s{1,
                   T(0.1),
                   T(1) / 3,
                   T(3e-5),
                   T(7e8),
                   range::min(),
                   range::min() * 9,
                   range::min() / 8,
                   range::max() / 256,
                   1 / range::min()};
  for (std::size_t i = 0; i != 40; ++i) s.push_back(T(0.5) + static_cast<T>(sqwa::noise{.seed = 6}(i)));
  return s;
}

}  // namespace

TEST_CASE_TEMPLATE("xsimd: codes and rounded values are those of the true quotient, beside every tie", T, float,
                   double) {
  for (int const limit : {1, 2, 3, 7, 127}) {
    for (T const scale : scales<T>()) {
      auto const x = hard<T>(scale, limit);
      std::vector<T> y(x.size()), z(x.size());
      plain::round_to_grid<T>(y, x, scale, static_cast<T>(limit));
      fast::round_to_grid<T>(z, x, scale, static_cast<T>(limit));
      CHECK(same(y, z));
      std::vector<std::int8_t> a(x.size()), b(x.size());
      CHECK(plain::to_codes<T>(a, x, scale, limit));
      CHECK(fast::to_codes<T>(b, x, scale, limit));
      CHECK(a == b);
    }
  }
}

TEST_CASE_TEMPLATE("xsimd: round_to_grid keeps a NaN where it is, to_codes tells of it", T, float, double) {
  for (T const limit : {T(1), T(7)}) {
    for (std::size_t at = 0; at != 150; ++at) {
      std::vector<T> x(150, T(0.6)), y(150);
      x[at] = std::numeric_limits<T>::quiet_NaN();
      fast::round_to_grid<T>(y, x, T(0.5), limit);
      for (std::size_t i = 0; i != x.size(); ++i) CHECK((i == at ? std::isnan(y[i]) : y[i] == T(0.5)));
      std::vector<std::int8_t> codes(150);
      CHECK(!fast::to_codes<T>(codes, x, T(0.5), static_cast<int>(limit)));
    }
  }
}

TEST_CASE_TEMPLATE("xsimd: lsq_backward equals the plain loop in every bit, for every tail", T, float, double) {
  for (std::size_t n = 0; n != 131; ++n) {
    std::vector<T> x(n), dy(n), dx(n), ex(n);
    for (std::size_t i = 0; i != n; ++i) {
      x[i] = static_cast<T>(6 * sqwa::noise{.seed = 1}(i)-3);
      dy[i] = static_cast<T>(2 * sqwa::noise{.seed = 2}(i)-1);
    }
    std::vector<T> const sums{plain::lsq_backward<T>(dx, dy, x, T(0.7), T(3))};
    CHECK(same(sums, std::vector<T>{fast::lsq_backward<T>(ex, dy, x, T(0.7), T(3))}));
    CHECK(same(dx, ex));
    auto in_place = dy;
    fast::lsq_backward<T>(in_place, in_place, x, T(0.7), T(3));
    CHECK(same(in_place, dx));
  }
}
