// SPDX-License-Identifier: BSD-3-Clause
#include "support/activations.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/learned_clip.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::learned_clip;

TEST_CASE_TEMPLATE("learned_clip: rounds to evenly spaced points from 0 to the bound", T, float, double) {
  for (int const levels : {2, 3, 4, 16, 256}) {
    test::rounds_to_nearest<T>(learned_clip{levels}, T(1.3), T(1.3) / static_cast<T>(levels - 1), 0, levels);
  }
  CHECK(test::rounded<T>(learned_clip{4}, {T(-1), T(0.4), T(0.6), T(1.4), 3, 9}, T(3)) ==
        std::vector<T>{0, 0, 1, 1, 3, 3});
}

TEST_CASE("learned_clip: the gradients are finite differences of clamp(x, 0, bound)") {
  double const bound = 0.8, h = 1e-6;
  for (std::size_t const n : {1U, 33U, 2'000U}) {
    auto const x = test::activations<double>(n, 5, 2), dy = test::activations<double>(n, 6, 1);
    auto const all = test::gradients(learned_clip{4}, x, dy, bound);
    double slope = 0;
    for (std::size_t i = 0; i != n; ++i) {
      auto const y = [&](double v, double b) { return dy[i] * std::clamp(v, 0.0, b); };
      CHECK(all[i] == doctest::Approx((y(x[i] + h, bound) - y(x[i] - h, bound)) / (2 * h)).epsilon(1e-7));
      slope += (y(x[i], bound + h) - y(x[i], bound - h)) / (2 * h);
    }
    CHECK(all.back() == doctest::Approx(slope).epsilon(1e-7));
    if (n > 1) CHECK(all.back() != 0);
  }
}

TEST_CASE_TEMPLATE("learned_clip: 0 passes, the bound does not, and what reaches it moves it", T, float, double) {
  std::vector<T> const x{T(-0.1), 0, 1, std::nextafter(T(2), T(0)), 2, 3};
  CHECK(test::gradients<T>(learned_clip{}, x, {1, 2, 4, 8, 16, 32}, 2) == std::vector<T>{0, 2, 4, 8, 0, 0, 48});
  T const nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(test::gradients<T>(learned_clip{}, {nan, 3}, {1, 2}, 2) == std::vector<T>{0, 0, 2});
}

TEST_CASE_TEMPLATE("learned_clip: begins at the largest value", T, float, double) {
  auto const begin = [](std::vector<T> const& x) { return learned_clip{}.initial(std::span<T const>(x)); };
  T const inf = std::numeric_limits<T>::infinity();
  CHECK(begin({-9, 1, 4, 2}) == 4);
  CHECK(begin({-9, -1}) == 0);
  CHECK(begin({}) == 0);
  CHECK(begin({std::numeric_limits<T>::quiet_NaN(), 1}) == 1);
  CHECK(learned_clip{}.range().holds(begin({inf})));
  CHECK(learned_clip{}.range().holds(begin({std::numeric_limits<T>::denorm_min()})));
}

TEST_CASE_TEMPLATE("learned_clip: the same bits everywhere, in place and without dx", T, float, double) {
  test::same_bits_everywhere(learned_clip{4}, T(0.7));
  test::same_bits_everywhere(learned_clip{256}, T(0.7));
}

TEST_CASE_TEMPLATE("learned_clip: bad numbers, and a bound that stays positive", T, float, double) {
  test::knows_bad_numbers<T>(learned_clip{4}, 3, 0, 3);
  test::stays_positive<T>(learned_clip{4});
}

TEST_CASE_TEMPLATE("learned_clip: works at either end of its range", T, float, double) {
  for (int const levels : {2, 4, 256, 65'536}) {
    learned_clip const policy{levels};
    for (T const bound : {static_cast<T>(policy.range().least), static_cast<T>(policy.range().most)}) {
      auto const y = test::rounded<T>(policy, {0, bound / 4, bound, 2 * bound}, bound);
      CHECK(y[0] == 0);
      CHECK(y[2] == doctest::Approx(bound).epsilon(1e-6));
      CHECK(y[3] == y[2]);
    }
  }
}

TEST_CASE("learned_clip: what does not fit together is refused with its numbers") {
  std::vector<float> x(3), y(2);
  auto const forward = [&](int levels, float bound) {
    learned_clip{levels}.forward(std::span<float const>(x), std::span(y), bound);
  };
  CHECK(test::refuses([&] { forward(1, 1); }, "learned_clip: 1 levels"));
  CHECK(test::refuses([&] { forward(4, 0); }, "learned_clip: the bound 0 is not within"));
  CHECK(test::refuses([&] { forward(4, std::numeric_limits<float>::quiet_NaN()); }, "learned_clip: the bound nan"));
  CHECK(test::refuses([&] { forward(4, 1); }, "learned_clip: 3 values and 2 results"));
  CHECK(test::refuses([&] { test::gradients<float>(learned_clip{}, x, y, 1); },
                      "learned_clip: 3 values, 2 gradients behind and 3 before"));
  CHECK(test::refuses([&] { test::gradients<float>(learned_clip{}, x, x, -1); }, "learned_clip: the bound -1"));
}

TEST_CASE("learned_clip: a bound below 0, or none, is not updated") {
  for (float bad : {-0.5F, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([=] { (void)sqwa::learned_clip{}.update(bad, 1.0F, 0.1F); }, "learned_clip: an update of "));
  }
  CHECK(sqwa::learned_clip{}.update(0.5F, 1.0F, 0.1F) == 0.4F);
}

}  // namespace SQWA_TEST_FILE
