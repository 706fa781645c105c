// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/deploy/engine.hpp and layer.hpp: a network that runs while this file is compiled.
#include <sqwa/deploy/engine.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace SQWA_TEST_FILE {

namespace {

namespace deploy = sqwa::deploy;
using deploy::operation;

constexpr std::uint8_t kernel[] = {0b01'01'01'10, 0b00, /* 1 0 0 0 -1 */ 0b10'10'10'10, 0b10 /* 1 1 1 1 1 */};
constexpr std::int32_t kernel_factors[] = {1 << 10, 1 << 9};
constexpr std::int64_t kernel_offsets[] = {1 << 9, (3 << 10) + (1 << 9)};
constexpr std::uint8_t rows[] = {0b00'10'10, 0b10'00'01};  // 1 1 and 0 -1
constexpr std::int32_t row_factors[] = {1 << 8, 1 << 8};
constexpr std::int64_t row_offsets[] = {0, -(5 << 8)};

/// Five values become two, these are rescaled and added to what they were, and two scores are made.
struct tiny {
  using arithmetic = deploy::integers;
  static constexpr deploy::layer<arithmetic> layers[] = {
      {.what = operation::convolution,
       .in = {1, 5, 1},
       .out = {1, 1, 2},
       .window_columns = 5,
       .bits = 2,
       .shift = 10,
       .codes = kernel,
       .factors = kernel_factors,
       .offsets = kernel_offsets,
       .low = 0,
       .high = 255},
      {.what = operation::rescale,
       .in = {1, 1, 2},
       .out = {1, 1, 2},
       .from = 1,
       .shift = 10,
       .factors = kernel_factors,
       .offsets = kernel_offsets,
       .low = 0,
       .high = 255},
      {.what = operation::add,
       .in = {1, 1, 2},
       .out = {1, 1, 2},
       .from = 2,
       .other = 1,
       .other_in = {1, 1, 2},
       .shift = 10,
       .factors = kernel_factors,
       .offsets = kernel_offsets,
       .low = 0,
       .high = 255},
      {.what = operation::convolution,
       .in = {1, 1, 2},
       .out = {1, 1, 2},
       .from = 3,
       .bits = 2,
       .shift = 8,
       .codes = rows,
       .factors = row_factors,
       .offsets = row_offsets,
       .low = -1000,
       .high = 1000},
  };
};

constexpr std::array<std::uint8_t, 5> input{9, 1, 2, 3, 4};

constexpr std::array<std::int32_t, 2> scores() {
  deploy::engine<tiny> engine;
  auto const y = engine.run(input);
  return {y[0], y[1]};
}

using engine = deploy::engine<tiny>;
static_assert(engine::input_size == 5 && engine::output_size == 2);
static_assert(engine::output_bytes == 8);
static_assert(engine::memory_bytes == 12);  // three values of two bytes, each rounded up to four
static_assert(sizeof(engine) == 20);
static_assert(std::is_trivially_destructible_v<engine> && std::is_trivially_copyable_v<engine>);
static_assert(noexcept(std::declval<engine&>().run(input)));

// 9 - 4 = 5; round(19 / 2) + 3 = 13. Then 5 and round(13 / 2) + 3 = 10. Then 5 + round(5 / 2) = 8 and 10 + round(13 /
// 2) = 17.
static_assert(scores() == std::array<std::int32_t, 2>{25, -22});

}  // namespace

TEST_CASE("engine: what runs gives the numbers that the compiler gave, again and again") {
  deploy::engine<tiny> engine;
  for (int k = 0; k != 3; ++k) {
    auto const y = engine.run(input);
    CHECK(y[0] == scores()[0]);
    CHECK(y[1] == scores()[1]);
    std::array<std::uint8_t, 5> const other{0, 0, 0, 0, 255};
    CHECK(engine.run(other)[0] != scores()[0]);
  }
}

TEST_CASE("engine: only operations and widths that a network has are in use") {
  using inner = deploy::operations_of<tiny, 0, 3>;
  CHECK(inner::uses(operation::convolution, 2));
  CHECK(inner::uses(operation::add, 0));
  CHECK_FALSE(inner::uses(operation::convolution, 4));
  CHECK_FALSE(inner::uses(operation::max_pool, 0));
  CHECK(inner::last::uses(operation::convolution, 2));
  CHECK_FALSE(inner::last::uses(operation::rescale, 0));
}

TEST_CASE("engine: the largest of equal scores is the first, and NaN is passed over") {
  std::array<int, 4> const equal{1, 3, 3, 2};
  CHECK(deploy::largest(std::span<int const>(equal)) == 1);
  CHECK(deploy::largest(std::span<int const>()) == 0);
  std::array<float, 3> const gap{1, std::nanf(""), 2};
  CHECK(deploy::largest(std::span<float const>(gap)) == 2);
}

}  // namespace SQWA_TEST_FILE
