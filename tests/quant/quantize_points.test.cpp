// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/quantize_points.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::ranges::equal(a, b, {}, std::bit_cast<bits, T>, std::bit_cast<bits, T>);
}

/// Seven points, of 3 bits; code 7 means nothing.
struct seven {
  static constexpr int levels = 7;
  static constexpr int bits = 3;
  using code = std::uint8_t;
  static constexpr std::array<float, 7> points() { return {-5, -1.7F, -0.1F, 0, 0.3F, 1.1F, 2.9F}; }
};

/// 256 points in the order of their signs and magnitudes, as a floating format has them.
struct many {
  static constexpr int levels = 255;
  static constexpr int bits = 8;
  using code = std::uint8_t;
  static constexpr std::array<float, 255> points() {
    std::array<float, 255> all{};
    for (int i = -127; i <= 127; ++i) all[static_cast<std::size_t>(i + 127)] = static_cast<float>(i * (i < 0 ? -i : i));
    return all;
  }
  static constexpr std::uint8_t pattern(std::size_t i) {
    return static_cast<std::uint8_t>(i >= 127 ? i - 127 : 0x80 + 127 - i);
  }
  static constexpr std::size_t index(std::uint8_t c) {
    return c == 0x80 ? 255 : c < 0x80 ? std::size_t{127} + c : std::size_t{127} - (c - 0x80U);
  }
  static constexpr float value(std::uint8_t c) {
    return c == 0x80 ? std::numeric_limits<float>::infinity() : points()[index(c)];
  }
};

template <class T>
std::vector<T> weights(std::size_t n) {
  noise const u{.seed = 9};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    T const x = 2 * static_cast<T>(u(i)) - 1;
    w[i] = i % 7 == 0 ? std::copysign(T(0), x) : i % 7 == 1 ? x * 100 : i % 7 == 2 ? x * T(1e-30) : x * 4;
  }
  return w;
}

std::vector<float> some_scales(std::size_t n) {
  std::vector<float> s(n);
  for (std::size_t i = 0; i != n; ++i) s[i] = i % 4 == 3 ? 0.0F : 0.2F + static_cast<float>(i) / 7;
  return s;
}

template <class Test>
void for_all(Test&& f) {
  auto const roundings = [&](auto format, auto t) {
    for (blocks const& layout :
         {per_tensor{}({300}), per_channel{.axis = 1}({5, 6, 10}), per_group{.size = 32}({300})}) {
      f(format, t, nearest_even{}, layout);
      f(format, t, half_away{}, layout);
      f(format, t, toward_zero{}, layout);
      f(format, t, stochastic{}, layout);
    }
  };
  auto const types = [&](auto format) {
    roundings(format, 0.0F);
    roundings(format, 0.0);
  };
  types(binary{});
  types(seven{});
  types(many{});
}

template <class Test>
void for_all_backends(Test&& f) {
  f(backend<>{});
  test::every_backend(f);
}

}  // namespace

TEST_CASE("quantize of points: dequantized codes are the bits of fake_quantize, and so are those of one call a value") {
  for_all([](auto format, auto t, auto round, blocks const& layout) {
    using T = decltype(t);
    auto const w = weights<T>(300);
    auto const scales = some_scales(layout.count);
    std::vector<std::uint8_t> codes(300);
    std::vector<T> y(300), z(300);
    noise const u{.seed = 4};
    quantize(std::span(w), layout, scales, format, round, codes, u);
    dequantize(std::span(codes), layout, scales, format, std::span(y));
    fake_quantize(std::span(w), layout, scales, format, round, std::span(z), u);
    CHECK(same(y, z));
    point_chooser const one(format);
    for (std::size_t i = 0; i != w.size(); ++i) {
      auto const s = static_cast<T>(scales[layout.of(i)]);
      std::size_t const point = one.choose(w[i], s, round, round.needs_noise ? u(i) : 0.0F);
      CHECK(codes[i] == code_of_point(format, point));
      CHECK(y[i] == static_cast<T>(format.points()[point]) * s);
      CHECK((y[i] != 0 || !std::signbit(y[i])));
    }
    std::vector<T> again(300);
    fake_quantize(std::span(y), layout, scales, format, round, std::span(again), u);
    CHECK(same(again, y));  // values stay where they are
    fake_quantize(std::span(again = w), layout, scales, format, round, std::span(again), u);
    CHECK(same(again, y));  // in place
  });
}

TEST_CASE("quantize of points: every backend gives the same bits, beyond one chunk") {
  std::size_t const n = 12'289;
  blocks const layout = per_group{.size = 100}({n});
  auto const w = weights<float>(n);
  auto const scales = some_scales(layout.count);
  noise const u{.seed = 8};
  std::vector<std::uint8_t> codes(n);
  std::vector<float> values(n);
  quantize(std::span(w), layout, scales, many{}, stochastic{}, codes, u);
  dequantize(std::span(codes), layout, scales, many{}, std::span(values));
  for_all_backends([&](auto where) {
    std::vector<std::uint8_t> c(n);
    std::vector<float> y(n), z(n);
    quantize(std::span(w), layout, scales, many{}, stochastic{}, c, u, where);
    dequantize(std::span(c), layout, scales, many{}, std::span(y), where);
    fake_quantize(std::span(w), layout, scales, many{}, stochastic{}, std::span(z), u, where);
    CHECK(c == codes);
    CHECK(same(y, values));
    CHECK(same(z, values));
  });
}

TEST_CASE("quantize of points: stochastic rounding is right on average") {
  std::size_t const n = 20'000;
  blocks const layout = per_tensor{}({n});
  std::vector<float> const scale{0.5F};
  for (float w : {-2.2F, -0.4F, 0.02F, 0.37F, 1.0F}) {
    std::vector<float> const x(n, w);
    std::vector<float> y(n);
    fake_quantize(std::span(x), layout, scale, seven{}, stochastic{}, std::span(y), noise{.seed = 1});
    double mean = 0;
    for (float v : y) mean += static_cast<double>(v) / static_cast<double>(n);
    CHECK(mean == doctest::Approx(static_cast<double>(w)).epsilon(0.03));
  }
}

TEST_CASE("quantize of points: larger weights never get smaller values, and a negated list gives negated values") {
  std::vector<float> x(2'001), y(x.size()), z(x.size());
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = (static_cast<float>(i) - 1'000) / 128;
  blocks const layout = per_tensor{}({x.size()});
  std::vector<float> const scale{1};
  auto const check = [&](auto round) {
    fake_quantize(std::span(x), layout, scale, seven{}, round, std::span(y));
    CHECK(std::ranges::is_sorted(y));
    fake_quantize(std::span(x), layout, scale, many{}, round, std::span(y));
    CHECK(std::ranges::is_sorted(y));
    for (std::size_t i = 0; i != y.size(); ++i) z[i] = -y[y.size() - 1 - i] + 0;
    CHECK(same(y, z));
  };
  check(nearest_even{});
  check(half_away{});
  check(toward_zero{});
}

TEST_CASE("quantize of points: NaN is refused by quantize and kept by fake_quantize, infinity is the outermost point") {
  float const inf = std::numeric_limits<float>::infinity();
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x(5'000, 0.4F), y(x.size());
  blocks const layout = per_tensor{}({x.size()});
  x[1] = inf;
  x[2] = -inf;
  std::vector<std::uint8_t> codes(x.size());
  quantize(std::span(x), layout, std::vector{2.0F}, seven{}, nearest_even{}, codes);
  CHECK(codes[1] == 6);
  CHECK(codes[2] == 0);
  x[4'500] = x[4'700] = nan;
  for_all_backends([&](auto where) {
    CHECK(test::refuses(
        [&] { quantize(std::span(x), layout, std::vector{2.0F}, seven{}, nearest_even{}, codes, {}, where); },
        "quantize: the value at 4500 is not a number"));
    for (float scale : {2.0F, 0.0F}) {
      fake_quantize(std::span(x), layout, std::vector{scale}, seven{}, toward_zero{}, std::span(y), {}, where);
      CHECK(std::isnan(y[4'500]));
      CHECK(y[1] == 2.9F * scale);
      CHECK(y[2] == -5 * scale);
      CHECK(!std::isnan(y[4'501]));
    }
  });
}

TEST_CASE("dequantize of points: a code without a point is refused with its place, one with a value gives that") {
  std::vector<std::uint8_t> codes(5'000, 3);
  std::vector<float> y(codes.size());
  blocks const layout = per_tensor{}({codes.size()});
  codes[4'200] = 7;
  codes[4'900] = 200;
  for_all_backends([&](auto where) {
    CHECK(test::refuses([&] { dequantize(std::span(codes), layout, std::vector{1.0F}, seven{}, std::span(y), where); },
                        "dequantize: the code 7 at 4200 "));
  });
  codes[4'200] = 0x80;
  dequantize(std::span(codes), layout, std::vector{1.0F}, many{}, std::span(y));
  CHECK(std::isinf(y[4'200]));
  CHECK(y[0] == 9);
}

TEST_CASE("quantize of points: no elements are nothing special; sizes and scales that cannot be meant are refused") {
  std::vector<float> x, scales{1.0F};
  std::vector<std::uint8_t> codes;
  quantize(std::span(x), per_tensor{}({0}), scales, seven{}, nearest_even{}, codes);
  dequantize(std::span(codes), per_tensor{}({0}), scales, seven{}, std::span(x));
  fake_quantize(std::span(x), per_tensor{}({0}), scales, seven{}, stochastic{}, std::span(x));
  x.resize(6);
  codes.resize(6);
  blocks const layout = per_tensor{}({6});
  std::vector<float> const two(2, 1.0F), negative{-1.0F}, nan{std::numeric_limits<float>::quiet_NaN()};
  CHECK(test::refuses([&] { quantize(std::span(x), layout, two, seven{}, nearest_even{}, codes); }, "2 scales"));
  CHECK(test::refuses([&] { dequantize(std::span(codes), layout, two, seven{}, std::span(x)); }, "2 scales"));
  CHECK(test::refuses([&] { quantize(std::span(x), layout, negative, seven{}, nearest_even{}, codes); }, "block 0"));
  CHECK(test::refuses([&] { fake_quantize(std::span(x), layout, nan, seven{}, nearest_even{}, std::span(x)); },
                      "block 0"));
}

}  // namespace SQWA_TEST_FILE
