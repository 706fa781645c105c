// SPDX-License-Identifier: BSD-3-Clause
#include "support/activations.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/activation_quantizer.hpp>
#include <sqwa/quant/activation_step.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/moving_range.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

struct never_moves : learned_clip {
  static constexpr bool learned = false;  // and no way to measure
};
struct without_gradient {
  static constexpr bool learned = true;
  static constexpr char const* bound_name = "bound";
  positive_range range() const { return {}; }
};

static_assert(activation_quantizer<learned_clip> && activation_quantizer<activation_step>);
static_assert(activation_quantizer<moving_range> && !activation_quantizer<never_moves>);
static_assert(!activation_quantizer<without_gradient> && !activation_quantizer<int>);

}  // namespace

TEST_CASE("activation_quantizer: the largest code is that of all points, or of half of them without zero") {
  auto const code = [](int levels, bool is_signed) { return detail::activation_max_code("policy", levels, is_signed); };
  CHECK(code(2, false) == 1);
  CHECK(code(256, false) == 255);
  CHECK(code(3, true) == 1);
  CHECK(code(255, true) == 127);
  for (int const levels : {-1, 0, 1, 65'537}) {
    CHECK(test::refuses([&] { code(levels, false); }, "policy: "));
    CHECK(test::refuses([&] { code(levels, true); }, "levels around zero"));
  }
  CHECK(test::refuses([&] { code(4, true); }, "policy: 4 levels around zero"));
}

TEST_CASE("activation_quantizer: lanes meet each element once, element i in lane i % 32") {
  for (std::size_t const n : {0U, 1U, 31U, 32U, 33U, 100U}) {
    std::vector<int> met(n);
    bool in_its_lane = true;
    detail::in_lanes(n, [&](std::size_t k, std::size_t i) {
      ++met[i];
      in_its_lane = in_its_lane && k == i % 32;
    });
    CHECK(met == std::vector<int>(n, 1));
    CHECK(in_its_lane);
  }
}

TEST_CASE_TEMPLATE("activation_quantizer: the largest value is found wherever it stands, NaN aside", T, float, double) {
  for (std::size_t const n : {1U, 33U, 9'000U}) {
    for (std::size_t const at : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<T> x(n, T(-3));
      x[at] = 2;
      if (n > 4) x[n / 3] = std::numeric_limits<T>::quiet_NaN();
      CHECK(detail::largest_activation<false>(std::span<T const>(x), backend<>{}) == (x[at] == 2 ? 2 : 0));
      CHECK(detail::largest_activation<true>(std::span<T const>(x), backend<>{}) == (n == 1 ? 2 : 3));
    }
  }
  CHECK(detail::largest_activation<true>(std::span<T const>(), backend<>{}) == 0);
}

}  // namespace SQWA_TEST_FILE
