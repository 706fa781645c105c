// SPDX-License-Identifier: BSD-3-Clause
// What every set of fit kernels must do: the same as the plain loops, in every bit.
#ifndef SQWA_TESTS_SUPPORT_FIT_KERNELS_HPP
#define SQWA_TESTS_SUPPORT_FIT_KERNELS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace test {

/// Sums over magnitudes are those of the plain loops, for odd sizes, ties, zeros and extremes.
template <class K, class T>
void fits_are_plain() {
  using oracle = sqwa::scalar_kernels;
  for (unsigned const n : {0U, 1U, 15U, 16U, 31U, 32U, 33U, 64U, 100U, 127U, 1000U, 2048U, 5003U}) {
    std::vector<T> all(n + 1);
    for (std::size_t i = 0; i != all.size(); ++i) {
      all[i] = static_cast<T>(4 * sqwa::noise{.seed = 3}(i)-2);
      if (i % 7 == 3) all[i] = static_cast<T>(static_cast<int>(i % 5) - 2) / 2;  // at a threshold
      if (i % 97 == 40) all[i] = std::numeric_limits<T>::denorm_min();
      if (i % 501 == 41) all[i] = std::numeric_limits<T>::max() / 1024;
    }
    auto const x = std::span<T const>(all).subspan(1);  // not where a vector begins
    for (T const limit : {T(1), T(2), T(7), T(127), T(32767)}) {
      for (T const inverse : {T(0), T(1), T(3.7), std::numeric_limits<T>::max()}) {
        CHECK(K::template sum_codes<T>(x, inverse, limit) == oracle::sum_codes<T>(x, inverse, limit));
      }
    }
    for (T const limit : {T(1), T(7), T(32767)}) {
      std::vector<T> a(n + 32), b(n + 32);
      sqwa::code_products s{1, 2}, t{1, 2};
      std::size_t const count = oracle::split_codes<T>(x, T(1), T(1.1), limit, a.data(), s);
      CHECK(K::template split_codes<T>(x, T(1), T(1.1), limit, b.data(), t) == count);
      CHECK(s == t);
      CHECK(std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), b.begin()));
    }
    std::array<T, 6> const above{0, T(0.1), T(0.5), 1, T(1.9), 3};
    CHECK(K::template tails<T>(x, above) == oracle::tails<T>(x, above));
    for (auto const& [low, high] : {std::pair<T, T>{0, 1}, {T(0.5), 1}, {1, 1}, {0, 100}, {T(0.5), T(0.5)}}) {
      std::vector<T> a(n + 32), b(n + 32);
      sqwa::tail s{1, 2}, t{1, 2};
      std::size_t const count = oracle::split<T>(x, low, high, a.data(), s);
      CHECK(K::template split<T>(x, low, high, b.data(), t) == count);
      CHECK(s == t);
      CHECK(std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), b.begin()));
      auto in_place = all;  // the end of what was written never overtakes what is read
      in_place.resize(n + 33);
      sqwa::tail u{1, 2};
      CHECK(K::template split<T>(std::span<T const>(in_place).subspan(1, n), low, high, in_place.data() + 1, u) ==
            count);
      CHECK(std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), in_place.begin() + 1));
    }
  }
}

}  // namespace test

#endif
