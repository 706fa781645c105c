// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/power_of_two.hpp>
#include "support/every_backend.hpp"
#include "support/quantizers.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class F>
concept has_encoded = requires {
  typename encoded<F>;
};
static_assert(has_encoded<binary> && has_encoded<affine<16>> && !has_encoded<symmetric<3>> && !has_encoded<int>);
static_assert(std::is_aggregate_v<encoded<e4m3>>);
static_assert(std::same_as<decltype(encoded{nf4(), blocks{}, std::vector<float>{}, {}}), encoded<codebook<16>>>);
static_assert(
    std::same_as<decltype(encoded{affine<4>{}, blocks{}, std::vector<affine_scale>{}, {}}), encoded<affine<4>>>);

std::vector<std::byte> bytes(std::initializer_list<int> list) {
  std::vector<std::byte> b;
  for (int i : list) b.push_back(static_cast<std::byte>(i));
  return b;
}

template <class F>
void for_all_backends(F f) {
  f(backend<>{});
  test::every_backend(f);
}

/// `n` random fields in the bytes of an encoded tensor: field i of `bits` bits is given(i).
template <class Given>
std::vector<std::byte> fields(std::size_t n, int bits, Given given) {
  std::vector<std::byte> b(packed_bytes(n, bits));
  for (std::size_t i = 0; i != n; ++i) {
    for (int k = 0; k != bits; ++k) {
      std::size_t const bit = i * static_cast<std::size_t>(bits) + static_cast<std::size_t>(k);
      if ((given(i) >> k & 1U) != 0) b[bit / 8] |= static_cast<std::byte>(1U << bit % 8);
    }
  }
  return b;
}

}  // namespace

TEST_CASE("encoded: fields lie one after the other, least significant bit first") {
  auto const of = [](auto const& format, std::vector<float> const& w, auto scale) {
    quantizer const q{format, fixed{}};
    std::vector<decltype(scale)> const scales{scale};
    return encode(q, std::span(w), {w.size()}, scales).bytes;
  };
  CHECK(of(binary{}, {1, -1, 1, 1, -1, -1, -1, 1, 0}, 1.0F) == bytes({0x8D, 0x01}));
  CHECK(of(power_of_two<3>{}, {-1, -0.5F, -0.25F, 0, 1}, 1.0F) == bytes({0x88, 0x66}));  // 0 1 2 3 6
  CHECK(of(e2m1{}, {0.5F, -6, 1}, 1.0F) == bytes({0xF1, 0x02}));
  CHECK(of(affine<2>{}, {-1, 0, 1, 2, 2}, affine_scale{1, 1}) == bytes({0xE4, 0x03}));
  CHECK(of(affine<12>{}, {3, -1, 2}, affine_scale{1, 0x800}) == bytes({0x03, 0xF8, 0x7F, 0x02, 0x08}));
}

TEST_CASE("encoded: every field of every format survives, for every tail and on every backend") {
  auto const check = []<class F>(F const& format) {
    for (std::size_t const n : {0U, 1U, 7U, 8U, 63U, 65U, 300U, 9'001U}) {
      encoded<F> e{format, per_tensor{}({n}), {}, {}};
      if constexpr (affine_format<F>) {
        e.scales = {{0.5F, 1}};
      } else {
        e.scales = {0.5F};
      }
      std::vector<std::uint32_t> meant;
      for (std::uint32_t c = 0; c != 1U << F::bits; ++c) {
        if constexpr (affine_format<F>) {
          if (static_cast<int>(c) >= F::lowest_code) meant.push_back(c);
        } else if (detail::point_table<F>(format).means(static_cast<std::uint8_t>(c))) {
          meant.push_back(c);
        }
      }
      auto const field = [&](std::size_t i) { return meant[i * 7 % meant.size()]; };
      e.bytes = fields(n, F::bits, field);
      for_all_backends([&](auto where) {
        std::vector<typename F::code> codes(n);
        e.codes(std::span(codes), where);
        for (std::size_t i = 0; i != n; ++i) {
          if (codes[i] != field(i)) FAIL_CHECK("field ", i);
        }
        std::vector<double> y(n);
        e.decode(std::span(y), where);
        CHECK(test::same_bits(y, test::values_of<double>(format, codes, e.layout, e.scales)));
      });
    }
  };
  test::every_point_format(check);
  test::every_affine_format(check);
  check(affine<16, code_range::narrow>{});
}

TEST_CASE("encoded: a field that means nothing is refused with its place, the first one of many") {
  auto const check = []<class F>(F const& format, auto scale, std::uint32_t bad, std::uint32_t good) {
    for (std::size_t const at : {0U, 5U, 130U, 8'999U}) {
      encoded<F> const e{format, per_tensor{}({9'001}), {scale}, fields(9'001, F::bits, [&](std::size_t i) {
                           return i == at || (i > at && i % 50 == 0) ? bad : good;
                         })};
      std::vector<float> y(9'001);
      std::vector<typename F::code> codes(9'001);
      std::string const words =
          "the code " + std::to_string(bad) + " at " + std::to_string(at) + " is none of this format";
      CHECK(test::refuses([&] { e.decode(std::span(y)); }, "encoded::decode: " + words));
      CHECK(test::refuses([&] { e.codes(std::span(codes)); }, "encoded::codes: " + words));
    }
  };
  check(power_of_two<3>{}, 1.0F, 7, 2);
  check(power_of_two<8>{}, 1.0F, 255, 2);
  check(test::uneven, 1.0F, 7, 2);
  check(test::crowded, 1.0F, 6, 4);
  check(affine<4, code_range::narrow>{}, affine_scale{1, 3}, 0, 9);
  check(affine<11, code_range::narrow>{}, affine_scale{1, 3}, 0, 1'999);
}

TEST_CASE("encoded: members that do not fit together are refused") {
  std::vector<float> y(4);
  auto const refused = [&](auto e, char const* words) { CHECK(test::refuses([&] { e.decode(std::span(y)); }, words)); };
  blocks const layout = per_tensor{}({4});
  encoded<e2m1> const good{{}, layout, {1}, bytes({0x21, 0x43})};
  good.decode(std::span(y));
  CHECK(y == std::vector<float>{0.5F, 1, 1.5F, 2});
  auto e = good;
  e.scales.clear();
  refused(e, "0 scales for 1 blocks");
  e = good;
  e.bytes.pop_back();
  refused(e, "4 codes of 4 bits take 2 bytes, not 1");
  e = good;
  e.layout.outer = 2;
  e.layout.inner = 3;
  refused(e, "4 packed codes in");
  e = good;
  e.scales[0] = -1;
  refused(e, "the scale -1");
  refused(encoded<affine<4>>{{}, layout, {{1, 16}}, bytes({0, 0})}, "the zero point 16");
  refused(encoded<codebook<4>>{{}, layout, {1}, bytes({0})}, "the point");
  CHECK(test::refuses([&] { good.decode(std::span(y).first(3)); }, "4 values into 3"));
}

TEST_CASE("encode_into: what was in the result before leaves no trace") {
  auto const w = test::random_weights<float>(test::kind::gaussian, 101, 3);
  quantizer const q{nf4(), max_abs{}, per_group{.size = 16}};
  quantizer const whole{nf4(), max_abs{}};
  std::vector<float> scales(7), one(1);
  fit_scales(q, std::span(w), {101}, scales);
  fit_scales(whole, std::span(w), {101}, one);
  auto result = encode(q, std::span(w), {101}, scales);
  encode_into(result, whole, std::span(w).first(50), {50}, one);
  CHECK(result == encode(whole, std::span(w).first(50), {50}, one));
  encode_into(result, q, std::span(w), {101}, scales);
  CHECK(result == encode(q, std::span(w), {101}, scales));
}

}  // namespace SQWA_TEST_FILE
