// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <int Bits, code_range Range>
concept exists = requires {
  typename affine<Bits, Range>;
};
using narrow8 = affine<8, code_range::narrow>;

static_assert(exists<1, code_range::full> && exists<16, code_range::narrow>);
static_assert(!exists<0, code_range::full> && !exists<17, code_range::full> && !exists<1, code_range::narrow>);
static_assert(affine_format<affine<8>> && !uniform_format<affine<8>> && !point_format<affine<8>>);
static_assert(!affine_format<symmetric<3>> && !affine_format<int>);
static_assert(affine<8>::levels == 256 && narrow8::levels == 255 && narrow8::lowest_code == 1);
static_assert(std::same_as<affine<8>::code, std::uint8_t> && std::same_as<affine<9>::code, std::uint16_t>);

template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::ranges::equal(a, b, {}, std::bit_cast<bits, T>, std::bit_cast<bits, T>);
}

template <class F, class T>
std::vector<typename F::code> coded(F format, std::vector<T> const& w, blocks const& layout,
                                    std::vector<affine_scale> const& scales, auto round, noise u = {}) {
  std::vector<typename F::code> codes(w.size());
  quantize(std::span(w), layout, scales, format, round, codes, u);
  return codes;
}

template <class T>
std::vector<T> weights(std::size_t n) {
  noise const u{.seed = 6};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    T const x = 2 * static_cast<T>(u(i)) - 1;
    w[i] = i % 6 == 0 ? std::copysign(T(0), x) : i % 6 == 1 ? x * 50 : i % 6 == 2 ? x * T(1e-30) : x;
  }
  return w;
}

template <class F>
std::vector<affine_scale> some_scales(std::size_t n) {
  std::vector<affine_scale> s(n);
  for (std::size_t i = 0; i != n; ++i) {
    s[i].scale = i % 4 == 3 ? 0.0F : (0.9F + static_cast<float>(i)) / static_cast<float>(F::levels);
    s[i].zero_point = F::lowest_code + static_cast<int>(i * 37) % F::levels;
  }
  return s;
}

template <class Test>
void for_all(Test&& f) {
  auto const one = [&](auto format, auto t) {
    for (blocks const& layout : {per_tensor{}({120}), per_channel{.axis = 1}({4, 6, 5}), per_group{.size = 7}({120})}) {
      f(format, t, nearest_even{}, layout);
      f(format, t, half_away{}, layout);
      f(format, t, toward_zero{}, layout);
      f(format, t, stochastic{}, layout);
    }
  };
  auto const types = [&](auto format) {
    one(format, 0.0F);
    one(format, 0.0);
  };
  types(affine<1>{});
  types(affine<4>{});
  types(affine<4, code_range::narrow>{});
  types(affine<8>{});
  types(affine<16>{});
}

template <class Test>
void for_all_backends(Test&& f) {
  f(backend<>{});
  test::every_backend(f);
}

}  // namespace

// The vectors of the operators' examples in the ONNX specification.
TEST_CASE("affine: ONNX QuantizeLinear and DequantizeLinear, one scale") {
  std::vector<float> const x{0, 2, 3, 1000, -254, -1000};
  CHECK(coded(affine<8>{}, x, per_tensor{}({6}), {{2, 128}}, nearest_even{}) ==
        std::vector<std::uint8_t>{128, 129, 130, 255, 1, 0});
  std::vector<std::uint8_t> const codes{0, 3, 128, 255};
  std::vector<float> y(4);
  dequantize(std::span(codes), per_tensor{}({4}), std::vector<affine_scale>{{2, 128}}, std::span(y));
  CHECK(y == std::vector<float>{-256, -250, 0, 254});
}

TEST_CASE("affine: ONNX QuantizeLinear along an axis") {
  std::vector<float> const x{-162, 10, -100, 232, -20, -50, -76, 0, 0, 252, 32, -44, 245, -485, -960, -270, -375, -470};
  std::vector<affine_scale> const scales{{2, 84}, {4, 24}, {5, 196}};
  blocks const layout = per_channel{.axis = 1}({1, 3, 3, 2});
  auto const codes = coded(affine<8>{}, x, layout, scales, nearest_even{});
  CHECK(codes == std::vector<std::uint8_t>{3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102});
  std::vector<float> y(x.size());
  dequantize(std::span(codes), layout, scales, std::span(y));
  CHECK(y == x);
}

TEST_CASE("affine: ONNX QuantizeLinear with 16 bits; signed ones are shifted by 2^15") {
  std::vector<float> const x{0, -128, 3, -3, 2.9F, -2.9F, 3.1F, -3.1F, 65536, -65534, 70000, -70000};
  CHECK(coded(affine<16>{}, x, per_tensor{}({x.size()}), {{2, 32767}}, nearest_even{}) ==
        std::vector<std::uint16_t>{32767, 32703, 32769, 32765, 32768, 32766, 32769, 32765, 65535, 0, 65535, 0});
  std::vector<float> const z{0,     -514,   3,     -3,     2.9F,  -2.9F,  3.1F,  -3.1F,
                             65022, -66046, 65023, -66047, 65024, -66048, 70000, -70000};
  std::vector<int> const expected{256,   -1,     258,   254,    257,   255,    258,   254,
                                  32767, -32767, 32767, -32768, 32767, -32768, 32767, -32768};
  auto const codes = coded(affine<16>{}, z, per_tensor{}({z.size()}), {{2, 256 + 32768}}, nearest_even{});
  for (std::size_t i = 0; i != z.size(); ++i) CHECK(codes[i] - 32768 == expected[i]);
}

TEST_CASE("affine: dequantized codes are the bits of fake_quantize, values stay, zero stays, codes are in range") {
  for_all([](auto format, auto t, auto round, blocks const& layout) {
    using T = decltype(t);
    using F = decltype(format);
    auto const w = weights<T>(120);
    auto const scales = some_scales<F>(layout.count);
    noise const u{.seed = 3};
    auto const codes = coded(format, w, layout, scales, round, u);
    std::vector<T> y(120), z(120), again(120);
    dequantize(std::span(codes), layout, scales, std::span(y));
    fake_quantize(std::span(w), layout, scales, format, round, std::span(z), u);
    CHECK(same(y, z));
    fake_quantize(std::span(y), layout, scales, format, round, std::span(again), u);
    CHECK(same(again, y));
    for (std::size_t i = 0; i != w.size(); ++i) {
      auto const [scale, zero] = scales[layout.of(i)];
      CHECK(int{codes[i]} >= F::lowest_code);
      CHECK(int{codes[i]} <= F::highest_code);
      if (w[i] == 0 || scale == 0) CHECK(codes[i] == zero);
      if (scale == 0) continue;
      // Within the range the value is a neighbour, and the nearest for the roundings that say so.
      auto const s = static_cast<double>(scale);
      double const low = (F::lowest_code - zero) * s, high = (F::highest_code - zero) * s;
      double const miss = std::abs(static_cast<double>(y[i]) - std::clamp(static_cast<double>(w[i]), low, high));
      bool const nearest = std::same_as<decltype(round), nearest_even> || std::same_as<decltype(round), half_away>;
      CHECK(miss <= s * (nearest ? 0.5 : 1) * (1 + 1e-6) + 1e-4 * s);
    }
  });
}

TEST_CASE("affine: ties and fractions go the way of the rounding, seen from the value 0") {
  std::vector<float> const x{-2.5F, -1.5F, -0.75F, 0.5F, 1.5F, 1.75F, 2.5F};
  blocks const layout = per_tensor{}({x.size()});
  using codes = std::vector<std::uint8_t>;
  CHECK(coded(affine<4>{}, x, layout, {{1, 5}}, nearest_even{}) == codes{3, 3, 4, 5, 7, 7, 7});
  CHECK(coded(affine<4>{}, x, layout, {{1, 5}}, half_away{}) == codes{2, 3, 4, 6, 7, 7, 8});
  CHECK(coded(affine<4>{}, x, layout, {{1, 5}}, toward_zero{}) == codes{3, 4, 5, 5, 6, 6, 7});
}

TEST_CASE("affine: every backend gives the same bits, beyond one chunk") {
  std::size_t const n = 12'289;
  blocks const layout = per_group{.size = 100}({n});
  auto const w = weights<float>(n);
  auto const scales = some_scales<affine<8>>(layout.count);
  noise const u{.seed = 8};
  auto const codes = coded(affine<8>{}, w, layout, scales, stochastic{}, u);
  std::vector<float> values(n);
  dequantize(std::span(codes), layout, scales, std::span(values));
  for_all_backends([&](auto where) {
    std::vector<std::uint8_t> c(n);
    std::vector<float> y(n), z(n);
    quantize(std::span(w), layout, scales, affine<8>{}, stochastic{}, c, u, where);
    dequantize(std::span(c), layout, scales, std::span(y), where);
    fake_quantize(std::span(w), layout, scales, affine<8>{}, stochastic{}, std::span(z), u, where);
    CHECK(c == codes);
    CHECK(same(y, values));
    CHECK(same(z, values));
  });
}

TEST_CASE("affine: infinity is the outermost code, NaN is refused by quantize and kept by fake_quantize") {
  float const inf = std::numeric_limits<float>::infinity();
  std::vector<float> x{inf, -inf, 1};
  blocks const layout = per_tensor{}({3});
  CHECK(coded(narrow8{}, x, layout, {{0.5F, 7}}, half_away{}) == std::vector<std::uint8_t>{255, 1, 9});
  CHECK(coded(narrow8{}, x, layout, {{0, 7}}, half_away{}) == std::vector<std::uint8_t>{7, 7, 7});
  x[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::refuses([&] { (void)coded(narrow8{}, x, layout, {{0.5F, 7}}, half_away{}); }, "at 2 is not a number"));
  for (float scale : {0.5F, 0.0F}) {
    std::vector<float> y(3);
    fake_quantize(std::span(x), layout, std::vector<affine_scale>{{scale, 7}}, narrow8{}, stochastic{}, std::span(y));
    CHECK(std::isnan(y[2]));
    CHECK(y[0] == 248 * scale);
  }
}

TEST_CASE("affine: sizes, scales and zero points that cannot be meant are refused with their numbers") {
  std::vector<float> const x(4, 1.0F);
  blocks const layout = per_tensor{}({4});
  auto const refused = [&](std::vector<affine_scale> const& s, char const* words) {
    std::vector<float> y(4);
    CHECK(test::refuses([&] { (void)coded(narrow8{}, x, layout, s, nearest_even{}); }, words));
    CHECK(
        test::refuses([&] { fake_quantize(std::span(x), layout, s, narrow8{}, nearest_even{}, std::span(y)); }, words));
  };
  refused({}, "0 scales");
  refused({{-1, 3}}, "the scale -1");
  refused({{std::numeric_limits<float>::infinity(), 3}}, "of block 0");
  refused({{1, 0}}, "zero point 0 of block 0 with codes 1 to 255");
  refused({{1, 256}}, "zero point 256");
  std::vector<std::uint8_t> const codes(4);
  std::vector<float> y(4);
  CHECK(test::refuses(
      [&] {
        dequantize(std::span(codes), layout, std::vector<affine_scale>{{1, 1 << 30}}, std::span(y));
      },
      "dequantize: the zero point"));
}

}  // namespace SQWA_TEST_FILE
