// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/deploy/operations.hpp and products.hpp: against slow loops in other words, bit for bit.
#include <sqwa/deploy/engine.hpp>
#include <sqwa/deploy/operations.hpp>

#include "deploy/random.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace deploy = sqwa::deploy;
using deploy::operation;

/// Weights as plain codes, [filters][rows][columns][channels], packed by the words of `layer`, bit by bit.
std::vector<std::uint8_t> packed_rows(std::vector<int> const& codes, std::size_t filters, int bits) {
  std::size_t const row = codes.size() / filters, bytes = (row * static_cast<std::size_t>(bits) + 7) / 8;
  std::vector<std::uint8_t> all(filters * bytes, 0);
  for (std::size_t i = 0; i != codes.size(); ++i) {
    int const field = codes[i] + (1 << (bits - 1)) - 1;
    for (int b = 0; b != bits; ++b) {
      std::size_t const bit = i % row * static_cast<std::size_t>(bits) + static_cast<std::size_t>(b);
      if ((field >> b & 1) != 0) all[i / row * bytes + bit / 8] |= static_cast<std::uint8_t>(1U << bit % 8);
    }
  }
  return all;
}

__extension__ using int128 = __int128;

/// floor(a / 2^shift), without shifting a negative number.
std::int64_t floor_divided(int128 a, int shift) {
  int128 const d = static_cast<int128>(1) << shift;
  int128 q = a / d;
  if (q * d > a) --q;
  return static_cast<std::int64_t>(q);
}

/// A convolution and its numbers.
struct convolution_case {
  deploy::layer<deploy::integers> l;
  std::vector<int> codes;
  std::vector<std::uint8_t> packed;
  std::vector<std::int32_t> factors;
  std::vector<std::int64_t> offsets;
  std::vector<std::uint8_t> x;
};

convolution_case random_case(test::random_numbers& r, operation what, int bits) {
  convolution_case c;
  auto const small = [&](std::size_t least, std::size_t most) {
    return static_cast<std::uint16_t>(r.size(least, most));
  };
  auto& l = c.l;
  l.what = what;
  l.bits = static_cast<std::uint8_t>(bits);
  l.window_rows = small(1, 4);
  l.window_columns = small(1, 4);
  l.stride = small(1, 3);
  l.padding = small(0, 5);
  l.in = {small(l.window_rows, 7), small(l.window_columns, 7), small(1, 7)};
  auto const extent = [&](int n, int k) { return static_cast<std::uint16_t>((n + 2 * l.padding - k) / l.stride + 1); };
  l.out = {extent(l.in.rows, l.window_rows), extent(l.in.columns, l.window_columns),
           what == operation::depthwise ? l.in.channels : small(1, 6)};
  l.zero = static_cast<std::uint8_t>(r.within(0, 255));
  l.shift = static_cast<std::uint8_t>(r.within(1, 40));
  int const most = (1 << (bits - 1)) - 1;
  bool const extreme = r.within(0, 3) == 0;
  c.codes.resize(l.out.channels * l.window_size());
  for (int& code : c.codes) code = static_cast<int>(extreme ? most : r.within(-most, most));
  c.packed = packed_rows(c.codes, l.out.channels, bits);
  for (std::size_t f = 0; f != l.out.channels; ++f) {
    std::int64_t const limit = std::int64_t{1} << std::min(31, l.shift + 2);
    c.factors.push_back(static_cast<std::int32_t>(r.within(-limit, limit - 1)));
    c.offsets.push_back(r.within(-100, 355) * (std::int64_t{1} << l.shift) + (std::int64_t{1} << (l.shift - 1)));
  }
  for (std::size_t i = 0; i != l.in.size(); ++i) {
    c.x.push_back(static_cast<std::uint8_t>(extreme ? 255 : r.within(0, 255)));
  }
  l.codes = c.packed.data();
  l.factors = c.factors.data();
  l.offsets = c.offsets.data();
  l.low = static_cast<std::int32_t>(r.within(0, 20));
  l.high = static_cast<std::int32_t>(r.within(200, 255));
  return c;
}

/// One output of a convolution, by its definition.
std::int64_t expected(convolution_case const& c, int row, int column, int filter) {
  auto const& l = c.l;
  bool const each = l.what == operation::depthwise;
  int const channels = each ? 1 : l.in.channels;
  int128 sum = 0;
  std::size_t at = static_cast<std::size_t>(filter) * l.window_size();
  for (int i = 0; i != l.window_rows; ++i) {
    for (int j = 0; j != l.window_columns; ++j) {
      for (int k = 0; k != channels; ++k, ++at) {
        int const y = row * l.stride + i - l.padding, x = column * l.stride + j - l.padding, z = each ? filter : k;
        bool const inside = y >= 0 && y < l.in.rows && x >= 0 && x < l.in.columns;
        int const value = inside ? c.x[static_cast<std::size_t>((y * l.in.columns + x) * l.in.channels + z)] : l.zero;
        sum += c.codes[at] * value;
      }
    }
  }
  auto const f = static_cast<std::size_t>(filter);
  std::int64_t const v = floor_divided(sum * c.factors[f] + c.offsets[f], l.shift);
  return std::min<std::int64_t>(std::max<std::int64_t>(v, l.low), l.high);
}

template <class Out>
int differences(convolution_case const& c) {
  std::vector<std::uint8_t> copy(c.l.window_size());
  std::vector<Out> y(c.l.out.size());
  deploy::run_layer<deploy::any_operation>(c.l, c.x.data(), nullptr, y.data(), copy.data());
  int wrong = 0;
  std::size_t at = 0;
  for (int i = 0; i != c.l.out.rows; ++i) {
    for (int j = 0; j != c.l.out.columns; ++j) {
      for (int f = 0; f != c.l.out.channels; ++f) wrong += y[at++] == expected(c, i, j, f) ? 0 : 1;
    }
  }
  return wrong;
}

/// What a depthwise kernel of 1 makes of 2 x 2 pixels with a padding of 3: its weight is 1, outside lies 5.
constexpr std::array<std::uint8_t, 64> framed() {
  constexpr std::uint8_t codes[] = {2};
  constexpr std::int32_t factors[] = {1};
  constexpr std::int64_t offsets[] = {0};
  deploy::layer<deploy::integers> l;
  l.in = {2, 2, 1};
  l.out = {8, 8, 1};
  l.padding = 3;
  l.bits = 2;
  l.zero = 5;
  l.codes = codes;
  l.factors = factors;
  l.offsets = offsets;
  l.low = 0;
  l.high = 255;
  std::array<std::uint8_t, 4> const x{7, 8, 9, 10};
  std::array<std::uint8_t, 64> y{};
  deploy::detail::convolve_each<2>(l, x.data(), y.data());
  return y;
}

// Compilers refuse a constant for which a pointer left the image, as it may where a window sees nothing of it.
constexpr auto constant = framed();
static_assert(constant[0] == 5 && constant[27] == 7 && constant[36] == 10 && constant[63] == 5);

}  // namespace

TEST_CASE("operations: convolutions of integers are the slow loops', for any window, stride, padding, zero and width") {
  test::random_numbers r(1);
  int wrong = 0, clamped = 0, inner = 0;
  for (operation what : {operation::convolution, operation::depthwise}) {
    for (int bits : {2, 4, 8}) {
      for (int k = 0; k != 200; ++k) {
        convolution_case c = random_case(r, what, bits);
        wrong += differences<std::uint8_t>(c);
        for (int f = 0; f != c.l.out.channels; ++f) {
          std::int64_t const v = expected(c, 0, 0, f);
          (v == c.l.low || v == c.l.high ? clamped : inner) += 1;
        }
        c.l.low = std::numeric_limits<std::int32_t>::min();
        c.l.high = std::numeric_limits<std::int32_t>::max();
        wrong += differences<std::int32_t>(c);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(clamped > 100);  // both were seen
  CHECK(inner > 100);
}

TEST_CASE("operations: products add up whatever the number of fields in the last byte") {
  test::random_numbers r(2);
  for (std::size_t n = 0; n != 40; ++n) {
    std::vector<int> codes(n);
    std::vector<std::uint8_t> x(n);
    std::vector<float> real(n);
    auto const check = [&]<int Bits>(std::integral_constant<int, Bits>) {
      int const centre = deploy::detail::centre_of(Bits);
      std::uint32_t sum = 0;
      float in_float = 0;
      for (std::size_t i = 0; i != n; ++i) {
        codes[i] = static_cast<int>(r.within(-centre, centre));
        x[i] = static_cast<std::uint8_t>(r.within(0, 255));
        real[i] = r.real();
        sum += static_cast<std::uint32_t>(codes[i] + centre) * x[i];
        in_float += static_cast<float>(codes[i]) * real[i];
      }
      auto row = packed_rows(codes, 1, Bits);
      CHECK(row.size() == deploy::detail::row_bytes(n, Bits));
      row.push_back(0xFF);  // behind the row
      CHECK(deploy::detail::field_products<Bits>(row.data(), x.data(), n) == sum);
      CHECK(deploy::detail::code_products<Bits>(row.data(), real.data(), n) == in_float);
    };
    check(std::integral_constant<int, 2>{});
    check(std::integral_constant<int, 4>{});
    check(std::integral_constant<int, 8>{});
  }
}

TEST_CASE("integers: sums round to the nearest, halves up, and the largest numbers do not overflow") {
  using deploy::integers;
  constexpr std::int64_t half = std::int64_t{1} << 30;
  for (int n = -9; n <= 9; ++n) {  // n halves
    CHECK(integers::finish(n, 1 << 30, half, 31) == static_cast<std::int64_t>(std::floor(n / 2.0 + 0.5)));
  }
  CHECK(integers::finish(-1, 1 << 30, half, 31) == 0);
  CHECK(integers::finish(-3, 1 << 30, half, 31) == -1);
  CHECK(integers::finish(1, 1 << 30, half - 1, 31) == 0);  // just below a half
  CHECK(integers::finish(1, (1 << 30) - 1, half, 31) == 0);
  constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min(),
                         most = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t limit = (std::int64_t{1} << 62) - 1;
  for (std::int32_t s : {least, most, 0}) {
    for (std::int32_t f : {-most, most, 0}) {
      for (std::int64_t o : {-limit, limit, std::int64_t{0}}) {
        for (unsigned shift : {0U, 1U, 31U, 62U}) {
          auto const exact = static_cast<int128>(s) * f + o;
          CHECK(integers::finish(s, f, o, shift) == floor_divided(exact, static_cast<int>(shift)));
        }
      }
    }
  }
}

TEST_CASE("operations: pools look at windows inside the image, channel by channel") {
  test::random_numbers r(3);
  int wrong = 0;
  for (int k = 0; k != 100; ++k) {
    deploy::layer<deploy::integers> l;
    l.window_rows = static_cast<std::uint16_t>(r.size(1, 3));
    l.window_columns = static_cast<std::uint16_t>(r.size(1, 3));
    l.stride = static_cast<std::uint16_t>(r.size(1, 3));
    l.in = {static_cast<std::uint16_t>(r.size(3, 7)), static_cast<std::uint16_t>(r.size(3, 7)),
            static_cast<std::uint16_t>(r.size(1, 5))};
    l.out = {static_cast<std::uint16_t>((l.in.rows - l.window_rows) / l.stride + 1),
             static_cast<std::uint16_t>((l.in.columns - l.window_columns) / l.stride + 1), l.in.channels};
    std::int32_t const factor = 123'456'789;
    std::int64_t const offset = std::int64_t{1} << 28;
    l.factors = &factor;
    l.offsets = &offset;
    l.shift = 29;
    l.low = 17;
    l.high = 230;
    std::vector<std::uint8_t> x(l.in.size()), most(l.out.size()), mean(l.out.size());
    for (auto& v : x) v = static_cast<std::uint8_t>(r.within(0, 255));
    l.what = operation::max_pool;
    deploy::run_layer<deploy::any_operation>(l, x.data(), nullptr, most.data(), x.data());
    l.what = operation::average_pool;
    deploy::run_layer<deploy::any_operation>(l, x.data(), nullptr, mean.data(), x.data());
    for (std::size_t at = 0; at != most.size(); ++at) {
      std::size_t const c = at % l.out.channels, j = at / l.out.channels % l.out.columns,
                        i = at / l.out.channels / l.out.columns;
      int largest = 0, sum = 0;
      for (std::size_t dy = 0; dy != l.window_rows; ++dy) {
        for (std::size_t dx = 0; dx != l.window_columns; ++dx) {
          int const v = x[((i * l.stride + dy) * l.in.columns + j * l.stride + dx) * l.in.channels + c];
          largest = std::max(largest, v);
          sum += v;
        }
      }
      wrong += most[at] == std::clamp(largest, 17, 230) ? 0 : 1;
      std::int64_t const exact = floor_divided(static_cast<int128>(sum) * factor + offset, 29);
      wrong += mean[at] == std::clamp<std::int64_t>(exact, 17, 230) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("operations: an add takes every stride-th pixel of the other side, with zeros around its channels") {
  deploy::layer<deploy::integers> l{.what = operation::add,
                                    .in = {2, 2, 3},
                                    .out = {2, 2, 3},
                                    .stride = 2,
                                    .other_in = {3, 3, 1},
                                    .front = 1,
                                    .zero = 7,
                                    .shift = 4,
                                    .low = 0,
                                    .high = 255};
  std::array<std::int32_t, 2> const factors{16, -32};
  std::int64_t const offset = 16 * 100 + 8;
  l.factors = factors.data();
  l.offsets = &offset;
  std::array<std::uint8_t, 12> const x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::array<std::uint8_t, 9> const other{10, 0, 20, 0, 0, 0, 30, 0, 40};
  std::array<std::uint8_t, 12> y{};
  deploy::run_layer<deploy::any_operation>(l, x.data(), other.data(), y.data(), y.data());
  CHECK(y == std::array<std::uint8_t, 12>{87, 82, 89, 90, 65, 92, 93, 48, 95, 96, 31, 98});
}

TEST_CASE("operations: a rescale has a factor and an offset for each channel") {
  std::array<std::int32_t, 2> const factors{1 << 20, -(1 << 21)};
  std::array<std::int64_t, 2> const offsets{1 << 19, (std::int64_t{300} << 20) + (1 << 19)};
  deploy::layer<deploy::integers> const l{.what = operation::rescale,
                                          .in = {1, 2, 2},
                                          .out = {1, 2, 2},
                                          .shift = 20,
                                          .factors = factors.data(),
                                          .offsets = offsets.data(),
                                          .low = 3,
                                          .high = 250};
  std::array<std::uint8_t, 4> const x{0, 20, 251, 200};
  std::array<std::uint8_t, 4> y{};
  deploy::run_layer<deploy::any_operation>(l, x.data(), nullptr, y.data(), y.data());
  CHECK(y == std::array<std::uint8_t, 4>{3, 250, 250, 3});
}

TEST_CASE("operations: in float, NaN and infinity pass where a window sees them, and nowhere else") {
  std::array<std::uint8_t, 1> const codes{0b01};  // one weight: code 0
  float const factor = 1, offset = 0, infinity = std::numeric_limits<float>::infinity();
  deploy::layer<deploy::floats> l{.what = operation::max_pool,
                                  .in = {1, 4, 1},
                                  .out = {1, 2, 1},
                                  .window_columns = 2,
                                  .stride = 2,
                                  .low = 0,
                                  .high = infinity};
  std::array<float, 4> const x{-1, -2, std::nanf(""), 3};
  std::array<float, 2> y{};
  deploy::run_layer<deploy::any_operation>(l, x.data(), nullptr, y.data(), y.data());
  CHECK(y[0] == 0);
  CHECK(std::isnan(y[1]));  // as in nn::max_pool: it comes first
  l = {.what = operation::convolution,
       .in = {1, 1, 1},
       .out = {1, 1, 1},
       .bits = 2,
       .codes = codes.data(),
       .factors = &factor,
       .offsets = &offset,
       .low = 0,
       .high = infinity};
  deploy::run_layer<deploy::any_operation>(l, &x[2], nullptr, y.data(), y.data());
  CHECK(std::isnan(y[0]));
}

}  // namespace SQWA_TEST_FILE
