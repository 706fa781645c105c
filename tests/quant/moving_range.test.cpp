// SPDX-License-Identifier: BSD-3-Clause
#include "support/activations.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/moving_range.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using sqwa::moving_range;

TEST_CASE_TEMPLATE("moving_range: rounds to evenly spaced points up to the bound", T, float, double) {
  for (int const levels : {2, 4, 256}) {
    test::rounds_to_nearest<T>(moving_range{levels}, T(1.3), T(1.3) / static_cast<T>(levels - 1), 0, levels);
  }
  for (int const levels : {3, 15, 255}) {
    test::rounds_to_nearest<T>(moving_range{levels, true}, T(1.3), T(1.3) / static_cast<T>((levels - 1) / 2),
                               -(levels - 1) / 2, levels);
  }
}

TEST_CASE("moving_range: the gradient is a finite difference of the clamp, and the bound has none") {
  double const bound = 0.8, h = 1e-6;
  for (bool const is_signed : {false, true}) {
    auto const x = test::activations<double>(2'000, 5, 2), dy = test::activations<double>(2'000, 6, 1);
    auto const all = test::gradients(moving_range{.levels = 3, .is_signed = is_signed}, x, dy, bound);
    for (std::size_t i = 0; i != x.size(); ++i) {
      auto const y = [&](double v) { return dy[i] * std::clamp(v, is_signed ? -bound : 0.0, bound); };
      CHECK(all[i] == doctest::Approx((y(x[i] + h) - y(x[i] - h)) / (2 * h)).epsilon(1e-7));
    }
    CHECK(all.back() == 0);
  }
  CHECK(test::gradients<float>(moving_range{.levels = 3, .is_signed = true}, {-2, 2, 0}, {1, 2, 4}, 2) ==
        std::vector<float>{1, 2, 4, 0});  // the outermost points pass
}

TEST_CASE_TEMPLATE("moving_range: sees the largest value or magnitude, and moves a hundredth of the way", T, float,
                   double) {
  std::vector<T> const x{-9, 1, 4, std::numeric_limits<T>::quiet_NaN()};
  CHECK(moving_range{}.initial(std::span<T const>(x)) == 4);
  CHECK(moving_range{3, true}.initial(std::span<T const>(x)) == 9);
  CHECK(moving_range{}.initial(std::span<T const>()) == 0);
  CHECK(moving_range{}.moved(T(0), T(4)) == 4);
  CHECK(moving_range{}.moved(T(0), T(0)) == 0);
  CHECK(moving_range{}.moved(T(4), T(6)) == doctest::Approx(4.02).epsilon(1e-7));
  CHECK(moving_range{16, false, 0.5F}.moved(T(4), T(6)) == 5);
  CHECK(moving_range{16, false, 1}.moved(T(4), T(0)) == 0);
}

TEST_CASE_TEMPLATE("moving_range: the same bits everywhere, and bad numbers", T, float, double) {
  test::same_bits_everywhere(moving_range{4}, T(0.7));
  test::same_bits_everywhere(moving_range{15, true}, T(0.7));
  test::knows_bad_numbers<T>(moving_range{4}, 3, 0, 3);
  test::knows_bad_numbers<T>(moving_range{7, true}, 3, -3, 3);
}

TEST_CASE("moving_range: what does not fit together is refused with its numbers") {
  std::vector<float> x(3), y(2);
  CHECK(test::refuses(
      [&] {
        test::rounded<float>(moving_range{4, true}, x, 1);
      },
      "moving_range: 4 levels around zero"));
  CHECK(test::refuses([&] { test::rounded<float>(moving_range{}, x, 0); }, "moving_range: the bound 0"));
  CHECK(test::refuses([&] { test::gradients<float>(moving_range{}, x, y, 1); },
                      "moving_range: 3 values, 2 gradients behind and 3 before"));
  for (float const constant : {0.0F, -1.0F, 1.5F}) {
    CHECK(test::refuses(
        [&] {
          static_cast<void>(moving_range{4, false, constant}.moved(1.0F, 1.0F));
        },
        "moving_range: the averaging constant"));
  }
}

}  // namespace SQWA_TEST_FILE
