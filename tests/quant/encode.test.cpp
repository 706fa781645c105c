// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/encode.hpp>
#include "support/every_backend.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class F>
void for_all_backends(F f) {
  f(backend<>{});
  test::every_backend(f);
}

std::vector<float> weights(std::size_t n) {
  std::vector<float> w(n);
  noise{.seed = 9}.fill(0, w);
  for (float& v : w) v = 4 * v - 2;
  return w;
}

}  // namespace

TEST_CASE("encode: the codes of quantize, packed, however short the runs with one scale are") {
  auto const check = [](auto q, shape const& extents) {
    auto const w = weights(extents.size());
    blocks const layout = q.grain(extents);
    std::vector<float> scales(layout.count);
    for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = b % 5 == 4 ? 0 : 0.5F + 0.01F * static_cast<float>(b);
    for_all_backends([&](auto where) {
      std::vector<std::int8_t> codes(w.size());
      quantize(std::span(w), layout, scales, q.format, q.round, std::span(codes), {}, where);
      packed const p = encode(q, std::span(w), extents, scales, {}, where);
      CHECK(p == pack_tensor(std::span<std::int8_t const>(codes), layout, scales, decltype(q.format)::levels));
    });
  };
  for (shape const& extents : {shape{3, 1, 5}, shape{7, 1, 1}, shape{4, 3, 8}, shape{2, 9, 5}, shape{50, 1, 333}}) {
    for (std::size_t axis = 0; axis != 3; ++axis) {
      check(quantizer{symmetric<3>{}, fixed{}, per_channel{.axis = axis}}, extents);
      check(quantizer{symmetric<7>{}, fixed{}, per_channel{.axis = axis}}, extents);
    }
    check(quantizer{symmetric<3>{}, fixed{}, per_group{.size = 24}}, extents);
    check(quantizer{symmetric<15>{}, fixed{}, per_group{.size = 10}}, extents);
  }
}

TEST_CASE("encode_into: what was in the result before leaves no trace") {
  quantizer const ternary{symmetric<3>{}, fixed{}};
  quantizer const int4{symmetric<15>{}, fixed{}, per_group{.size = 16}};
  auto const w = weights(101);
  float const one = 1;
  std::vector<float> const scales(7, 0.25F);
  packed result = encode(int4, std::span(w), shape{101}, scales);
  encode_into(result, ternary, std::span(w).first(50), shape{50}, std::span(&one, 1));
  CHECK(result == encode(ternary, std::span(w).first(50), shape{50}, std::span(&one, 1)));
  encode_into(result, int4, std::span(w), shape{101}, scales);
  CHECK(result == encode(int4, std::span(w), shape{101}, scales));
}

}  // namespace SQWA_TEST_FILE
