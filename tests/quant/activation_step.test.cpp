// SPDX-License-Identifier: BSD-3-Clause
#include "support/activations.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/activation_step.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::activation_step;

TEST_CASE_TEMPLATE("activation_step: rounds to multiples of the step, from 0 or around it", T, float, double) {
  for (int const levels : {2, 4, 16, 255})
    test::rounds_to_nearest<T>(activation_step{levels}, T(0.3), T(0.3), 0, levels);
  for (int const levels : {3, 15, 255}) {
    test::rounds_to_nearest<T>(activation_step{levels, true}, T(0.3), T(0.3), -(levels - 1) / 2, levels);
  }
}

TEST_CASE("activation_step: the gradients are finite differences of the surrogate") {
  double const scale = 0.3, h = 1e-6;
  for (activation_step const& policy : {activation_step{4, false, 1}, activation_step{16, false, 1},
                                        activation_step{3, true, 1}, activation_step{15, true, 1}}) {
    double const high = policy.is_signed ? (policy.levels - 1) / 2 : policy.levels - 1;
    double const low = policy.is_signed ? -high : 0;
    for (std::size_t const n : {1U, 33U, 2'000U}) {
      auto const x = test::activations<double>(n, 7, 2 * scale * high), dy = test::activations<double>(n, 8, 1);
      auto const all = test::gradients(policy, x, dy, scale);
      double slope = 0;
      for (std::size_t i = 0; i != n; ++i) {
        double const v = x[i] / scale, offset = v >= low && v <= high ? std::rint(v) - v : 0;
        auto const y = [&](double at, double s) { return dy[i] * s * (std::clamp(at / s, low, high) + offset); };
        CHECK(all[i] == doctest::Approx((y(x[i] + h, scale) - y(x[i] - h, scale)) / (2 * h)).epsilon(1e-7));
        slope += (y(x[i], scale + h) - y(x[i], scale - h)) / (2 * h);
      }
      CHECK(all.back() == doctest::Approx(slope).epsilon(1e-6));
    }
  }
}

TEST_CASE_TEMPLATE("activation_step: below zero nothing passes where codes begin at 0, and nothing moves the step", T,
                   float, double) {
  T const inf = std::numeric_limits<T>::infinity();
  CHECK(test::gradients<T>(activation_step{4, false, 1}, {-1, T(-1e-3), -inf, 0, 3, 4}, {1, 2, 4, 8, 16, 32}, 1) ==
        std::vector<T>{0, 0, 0, 8, 16, 0, 3 * 32});
  CHECK(test::gradients<T>(activation_step{7, true, 1}, {-1, -3, -4, 0, 3, 4}, {1, 2, 4, 8, 16, 32}, 1) ==
        std::vector<T>{1, 2, 0, 8, 16, 0, 3 * (32 - 4)});
}

TEST_CASE("activation_step: the gradient scale is 1 / sqrt(features * max_code), the one given, or none") {
  std::vector<double> const x{9, 9}, dy{1, 1};  // both outside
  auto const slope = [&](activation_step const& policy) { return test::gradients(policy, x, dy, 1.0, 50).back(); };
  CHECK(slope({4, false, 1}) == 6);
  CHECK(slope({4, false, 0.5F}) == 3);
  CHECK(slope({4}) == doctest::Approx(6 / std::sqrt(50.0 * 3)).epsilon(1e-15));
  CHECK(slope({7, true}) == doctest::Approx(6 / std::sqrt(50.0 * 3)).epsilon(1e-15));
}

TEST_CASE_TEMPLATE("activation_step: begins at 2 mean|x| / sqrt(max_code)", T, float, double) {
  auto const begin = [](activation_step const& policy, std::vector<T> const& x) {
    return policy.initial(std::span<T const>(x));
  };
  CHECK(begin({2}, {1, -2, 3, 0}) == 3);
  CHECK(begin({9, true}, {1, -2, 3, 0}) == T(1.5));
  CHECK(begin({5}, {1, -2, 3, 0}) == T(1.5));
  CHECK(begin({}, {}) == 0);
  CHECK(begin({}, {0, 0}) == 0);
  CHECK(begin({}, {1, std::numeric_limits<T>::quiet_NaN()}) == 0);
  CHECK(begin({}, {std::numeric_limits<T>::infinity()}) == static_cast<T>(activation_step{}.range().most));
  CHECK(begin({}, {std::numeric_limits<T>::denorm_min()}) == static_cast<T>(activation_step{}.range().least));
}

TEST_CASE_TEMPLATE("activation_step: the same bits everywhere, in place and without dx", T, float, double) {
  test::same_bits_everywhere(activation_step{4}, T(0.7));
  test::same_bits_everywhere(activation_step{255, true}, T(0.01));
}

TEST_CASE_TEMPLATE("activation_step: bad numbers, and a step that stays positive", T, float, double) {
  test::knows_bad_numbers<T>(activation_step{4}, 1, 0, 3);
  test::knows_bad_numbers<T>(activation_step{15, true}, 1, -7, 7);
  test::stays_positive<T>(activation_step{4});
  T const nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(std::isnan(test::gradients<T>(activation_step{4}, {nan, 1}, {1, 1}, 1).back()));
}

TEST_CASE("activation_step: what does not fit together is refused with its numbers") {
  std::vector<float> x(3), y(2);
  CHECK(test::refuses(
      [&] {
        test::rounded<float>(activation_step{4, true}, x, 1);
      },
      "activation_step: 4 levels around zero"));
  CHECK(test::refuses([&] { test::rounded<float>(activation_step{4}, x, 0); }, "activation_step: the bound 0"));
  CHECK(test::refuses([&] { activation_step{}.forward(std::span<float const>(x), std::span(y), 1.0F); },
                      "activation_step: 3 values and 2 results"));
  CHECK(test::refuses([&] { test::gradients<float>(activation_step{}, x, y, 1); },
                      "activation_step: 3 values, 2 gradients behind and 3 before"));
  CHECK(
      test::refuses([&] { test::gradients<float>(activation_step{}, x, x, 0x1p-127F); }, "activation_step: the bound"));
  CHECK(test::refuses(
      [&] {
        test::gradients<float>(activation_step{4, false, -2}, x, x, 1);
      },
      "activation_step: the gradient scale -2"));
}

TEST_CASE("activation_step: a scale below 0, or none, is not updated") {
  for (float bad : {-0.5F, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([=] { (void)sqwa::activation_step{}.update(bad, 1.0F, 0.1F); },
                        "activation_step: an update of "));
  }
  CHECK(sqwa::activation_step{}.update(0.5F, 1.0F, 0.1F) == 0.4F);
}

}  // namespace SQWA_TEST_FILE
