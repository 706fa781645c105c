// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::noise;
using block = std::array<std::uint32_t, 4>;

// The known-answer vectors published with Random123 for philox4x32 with ten rounds.
static_assert(sqwa::philox4x32({0, 0, 0, 0}, {0, 0}) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(sqwa::philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
              block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(sqwa::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST_CASE("noise: four neighbours are one Philox block under the documented counter and key") {
  noise const u{.seed = 0x0123456789abcdef, .tensor = 17, .step = 0x0000a1b2c3d4e5f6};
  std::uint64_t const element = 0x3000000004;  // block 0xc00000001
  auto const expected = sqwa::philox4x32({1, 17, 0xc3d4e5f6, 0xa1b2000c}, {0x89abcdef, 0x01234567});
  for (std::uint64_t i = 0; i != 4; ++i) CHECK(u.bits(element + i) == expected[i]);
}

TEST_CASE("noise: seed, tensor, step and element each change the number") {
  noise const u{.seed = 1, .tensor = 2, .step = 3};
  CHECK(u.bits(4) == noise{.seed = 1, .tensor = 2, .step = 3}.bits(4));
  std::set<std::uint32_t> const different{u.bits(4),
                                          u.bits(5),
                                          u.bits(std::uint64_t{1} << 34),
                                          noise{.seed = 2, .tensor = 2, .step = 3}.bits(4),
                                          noise{.seed = std::uint64_t{1} << 32 | 1, .tensor = 2, .step = 3}.bits(4),
                                          noise{.seed = 1, .tensor = 3, .step = 3}.bits(4),
                                          noise{.seed = 1, .tensor = 2, .step = 4}.bits(4),
                                          noise{.seed = 1, .tensor = 2, .step = std::uint64_t{1} << 32 | 3}.bits(4)};
  CHECK(different.size() == 8);
}

TEST_CASE("noise: numbers lie in [0, 1), are multiples of 2^-24, and have mean 1/2 and variance 1/12") {
  noise const u{.seed = 5};
  double sum = 0, squares = 0;
  int const n = 100'000;
  for (int i = 0; i != n; ++i) {
    float const x = u(static_cast<std::uint64_t>(i));
    CHECK((x >= 0 && x < 1));
    CHECK(std::fmod(x, 0x1p-24F) == 0);
    sum += static_cast<double>(x);
    squares += static_cast<double>(x) * static_cast<double>(x);
  }
  CHECK(sum / n == doctest::Approx(0.5).epsilon(0.006));  // three standard errors
  CHECK(squares / n - (sum / n) * (sum / n) == doctest::Approx(1.0 / 12).epsilon(0.01));
}

TEST_CASE("noise: fill gives the entries from any first one on") {
  sqwa::noise const u{.seed = 5, .tensor = 2, .step = 9};
  for (std::uint64_t first = 0; first != 9; ++first) {
    for (std::size_t n = 0; n != 11; ++n) {
      std::vector<float> some(n);
      u.fill(first, some);
      for (std::size_t k = 0; k != n; ++k) CHECK(some[k] == u(first + k));
    }
  }
}

TEST_CASE("noise: below stays below, reaches every value, and treats them alike") {
  noise const u{.seed = 6};
  CHECK(u.below(0, 0) == 0);
  CHECK(u.below(0, 1) == 0);
  std::array<int, 7> seen{};
  for (std::uint64_t i = 0; i != 70'000; ++i) {
    auto const v = u.below(i, 7);
    CHECK(v < 7);
    ++seen[v];
  }
  for (int n : seen) CHECK(std::abs(n - 10'000) < 400);
}

}  // namespace SQWA_TEST_FILE
