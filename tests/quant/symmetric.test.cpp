// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace SQWA_TEST_FILE {

using sqwa::symmetric;

namespace {

template <int Levels>
concept exists = requires {
  typename symmetric<Levels>;
};

static_assert(sqwa::uniform_format<symmetric<3>> && sqwa::uniform_format<symmetric<65535>>);
static_assert(exists<3> && exists<5> && exists<65535>);
static_assert(!exists<1> && !exists<2> && !exists<4> && !exists<-3> && !exists<65537>);
static_assert(symmetric<3>::bits == 2 && symmetric<5>::bits == 3 && symmetric<7>::bits == 3 && symmetric<9>::bits == 4);
static_assert(symmetric<15>::bits == 4 && symmetric<17>::bits == 5 && symmetric<255>::bits == 8);
static_assert(symmetric<257>::bits == 9 && symmetric<65535>::bits == 16);
static_assert(std::same_as<symmetric<255>::code, std::int8_t> && std::same_as<symmetric<257>::code, std::int16_t>);
static_assert(symmetric<3>::grid(0.5F) == std::array{-0.5F, 0.0F, 0.5F});

}  // namespace

TEST_CASE_TEMPLATE("symmetric: the codes of every level fit the bits and the type", F, symmetric<3>, symmetric<5>,
                   symmetric<15>, symmetric<127>, symmetric<255>, symmetric<257>, symmetric<65535>) {
  CHECK(F::levels == 2 * F::max_code + 1);
  CHECK((1 << F::bits) >= F::levels);
  CHECK((1 << (F::bits - 1)) < F::levels);
  CHECK(std::numeric_limits<typename F::code>::max() >= F::max_code);
}

TEST_CASE_TEMPLATE("symmetric: the grid lists every level once, evenly, around zero", F, symmetric<3>, symmetric<7>,
                   symmetric<255>) {
  auto const points = F::grid(0.25F);
  CHECK(points.size() == F::levels);
  CHECK(std::ranges::is_sorted(points));
  for (std::size_t i = 0; i != points.size(); ++i) {
    CHECK(points[i] == 0.25F * static_cast<float>(static_cast<int>(i) - F::max_code));
    CHECK(points[i] == -points[points.size() - 1 - i]);
  }
}

}  // namespace SQWA_TEST_FILE
