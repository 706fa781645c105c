// SPDX-License-Identifier: BSD-3-Clause
// What every set of average kernels must do: the same as the plain loops, in every bit.
#ifndef SQWA_TESTS_SUPPORT_AVERAGE_KERNELS_HPP
#define SQWA_TESTS_SUPPORT_AVERAGE_KERNELS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace test {

/// Sums and means of packed codes are those of the plain loops, for every width, tail and number of snapshots.
template <class K, class T>
void averages_are_plain() {
  using oracle = sqwa::scalar_kernels;
  for (int const bits : {2, 3, 4, 8}) {
    for (int const limit : {1, (1 << (bits - 1)) - 1}) {
      for (std::size_t const n : {0U, 1U, 63U, 64U, 65U, 255U, 256U, 300U, 700U, 1300U}) {
        for (std::size_t const count : {1U, 2U, 7U, 8U, 20U}) {
          std::vector<std::vector<std::byte>> all(count);
          std::vector<std::byte const*> snapshots;
          std::vector<std::int8_t> sums(n, 5), others(n, 5);
          for (std::size_t s = 0; s != count; ++s) {
            std::vector<std::int8_t> codes(n);
            for (std::size_t i = 0; i != n; ++i) {
              auto const u = sqwa::noise{.seed = 11, .tensor = static_cast<std::uint32_t>(s)}(i);
              codes[i] = static_cast<std::int8_t>(static_cast<int>(u * static_cast<float>(2 * limit + 1)) - limit);
            }
            all[s].resize(n * static_cast<std::size_t>(bits) / 8 + 1);
            oracle::pack_codes(all[s].data(), codes, bits, limit);
            snapshots.push_back(all[s].data());
            CHECK(oracle::add_codes(sums, all[s].data(), bits, limit));
            CHECK(K::add_codes(others, all[s].data(), bits, limit));
            CHECK(sums == others);
          }
          std::vector<T> y(n + 1, T(9)), z(n + 1, T(9));
          CHECK(oracle::mean_codes<T>(std::span(y).first(n), snapshots, bits, limit, 0.3));
          CHECK(K::template mean_codes<T>(std::span(z).first(n), snapshots, bits, limit, 0.3));
          CHECK(y == z);
          if (n == 0) continue;
          std::size_t const at = n * 4 / 5;  // one field that is no code
          for (std::size_t k = 0; k != static_cast<std::size_t>(bits); ++k) {
            std::size_t const bit = at * static_cast<std::size_t>(bits) + k;
            all.back()[bit / 8] |= static_cast<std::byte>(1U << bit % 8);
          }
          CHECK(!K::template mean_codes<T>(std::span(z).first(n), snapshots, bits, limit, 0.3));
          CHECK(!K::add_codes(others, all.back().data(), bits, limit));
          CHECK(!K::add_codes(others, all.back().data(), bits, limit, -1));
          CHECK(sums == others);
        }
      }
    }
  }
}

}  // namespace test

#endif
