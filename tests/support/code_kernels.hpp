// SPDX-License-Identifier: BSD-3-Clause
// What every set of code kernels must do: the same as the plain loops, in every bit.
#ifndef SQWA_TESTS_SUPPORT_CODE_KERNELS_HPP
#define SQWA_TESTS_SUPPORT_CODE_KERNELS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace test {

using plain = sqwa::scalar_kernels;

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

/// Codes and rounded values are those of the true quotient, beside every tie.
template <class K, class T>
void rounding_is_exact() {
  for (int const limit : {1, 2, 3, 7, 127}) {
    for (T const scale : scales<T>()) {
      auto const x = hard<T>(scale, limit);
      std::vector<T> y(x.size()), z(x.size());
      plain::round_to_grid<T>(y, x, scale, static_cast<T>(limit));
      K::template round_to_grid<T>(z, x, scale, static_cast<T>(limit));
      CHECK(same(y, z));
      std::vector<std::int8_t> a(x.size()), b(x.size());
      CHECK(plain::to_codes<T>(a, x, scale, limit));
      CHECK(K::template to_codes<T>(b, x, scale, limit));
      CHECK(a == b);
    }
  }
}

/// Round_to_grid keeps a NaN where it is, to_codes tells of it.
template <class K, class T>
void nan_is_told() {
  for (T const limit : {T(1), T(7)}) {
    for (std::size_t at = 0; at != 150; ++at) {
      std::vector<T> x(150, T(0.6)), y(150);
      x[at] = std::numeric_limits<T>::quiet_NaN();
      K::template round_to_grid<T>(y, x, T(0.5), limit);
      for (std::size_t i = 0; i != x.size(); ++i) CHECK((i == at ? std::isnan(y[i]) : y[i] == T(0.5)));
      std::vector<std::int8_t> codes(150);
      CHECK(!K::template to_codes<T>(codes, x, T(0.5), static_cast<int>(limit)));
    }
  }
}

/// Lsq_backward equals the plain loop in every bit, for every tail.
template <class K, class T>
void lsq_backward_is_plain() {
  for (std::size_t n = 0; n != 131; ++n) {
    std::vector<T> x(n), dy(n), dx(n), ex(n);
    for (std::size_t i = 0; i != n; ++i) {
      x[i] = static_cast<T>(6 * sqwa::noise{.seed = 1}(i)-3);
      dy[i] = static_cast<T>(2 * sqwa::noise{.seed = 2}(i)-1);
    }
    std::vector<T> const sums{plain::lsq_backward<T>(dx, dy, x, T(0.7), T(3))};
    CHECK(same(sums, std::vector<T>{K::template lsq_backward<T>(ex, dy, x, T(0.7), T(3))}));
    CHECK(same(dx, ex));
    auto in_place = dy;
    K::template lsq_backward<T>(in_place, in_place, x, T(0.7), T(3));
    CHECK(same(in_place, dx));
  }
}

/// Fields are read and written as the plain loops do it, for every width, limit and tail, and outside nothing is
/// touched.
template <class K, class T>
void fields_are_plain() {
  for (int bits = 2; bits <= 8; ++bits) {
    for (int const limit : {1, (1 << (bits - 1)) - 1, (1 << (bits - 1)) - 1 - (bits > 2 ? 1 : 0)}) {
      for (unsigned const n : {0U, 1U, 7U, 15U, 16U, 63U, 64U, 65U, 100U, 127U, 128U, 193U, 1100U, 4096U, 5003U}) {
        std::vector<std::int8_t> codes(n), back(n), plain_back(n);
        std::vector<T> x(n), y(n + 1, T(9)), z(n + 1, T(9));
        for (std::size_t i = 0; i != n; ++i) {
          x[i] = static_cast<T>((2 * sqwa::noise{.seed = 5}(i)-1) * static_cast<float>(limit + 1)) * T(0.3);
        }
        plain::to_codes<T>(codes, x, T(0.3), limit);
        std::size_t const size = (n * static_cast<std::size_t>(bits) + 7) / 8;
        std::vector<std::byte> a(size + 1, std::byte{0xA5}), b(a), c(a);
        plain::pack_codes(a.data(), codes, bits, limit);
        K::pack_codes(b.data(), codes, bits, limit);
        CHECK(a == b);
        CHECK(K::template encode<T>(c.data(), x, bits, limit, T(0.3)));
        CHECK(a == c);
        K::unpack_codes(back, a.data(), bits, limit);
        CHECK(back == codes);
        CHECK(plain::decode<T>(std::span(y).first(n), a.data(), bits, limit, T(0.3)));
        CHECK(K::template decode<T>(std::span(z).first(n), a.data(), bits, limit, T(0.3)));
        CHECK(same(y, z));
        K::template from_codes<T>(std::span(z).first(n), codes, T(0.3));
        CHECK(same(y, z));
        if (n == 0) continue;
        std::size_t const at = n * 5 / 7;  // one field that is no code
        for (std::size_t k = 0; k != static_cast<std::size_t>(bits); ++k) {
          std::size_t const bit = at * static_cast<std::size_t>(bits) + k;
          a[bit / 8] |= static_cast<std::byte>(1U << bit % 8);
        }
        CHECK(!plain::decode<T>(std::span(y).first(n), a.data(), bits, limit, T(0.3)));
        CHECK(!K::template decode<T>(std::span(z).first(n), a.data(), bits, limit, T(0.3)));
        plain::unpack_codes(plain_back, a.data(), bits, limit);
        K::unpack_codes(back, a.data(), bits, limit);
        CHECK(back == plain_back);
        x[at] = std::numeric_limits<T>::quiet_NaN();
        CHECK(!K::template encode<T>(c.data(), x, bits, limit, T(0.3)));
      }
    }
  }
}

/// Values in place and at every alignment.
template <class K, class T>
void any_alignment() {
  std::vector<T> x(200), y(200);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<T>(2 * sqwa::noise{.seed = 8}(i)-1);
  for (T const limit : {T(1), T(3)}) {
    for (std::size_t first = 0; first != 20; ++first) {
      for (unsigned const n : {0U, 1U, 5U, 31U, 64U, 170U}) {
        auto z = x;
        auto const part = std::span(z).subspan(first, n);
        K::template round_to_grid<T>(part, part, T(0.4), limit);
        y = x;
        plain::round_to_grid<T>(std::span(y).subspan(first, n), std::span<T const>(x).subspan(first, n), T(0.4), limit);
        CHECK(same(y, z));
      }
    }
  }
}

}  // namespace test

#endif
