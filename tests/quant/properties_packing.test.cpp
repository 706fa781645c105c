// SPDX-License-Identifier: BSD-3-Clause
// What holds for the packed codes of every format, on every backend.
#include <sqwa/quant/encode.hpp>
#include "support/every_backend.hpp"
#include "support/quantizers.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// The codes in a packed tensor of any format.
template <class Format>
std::vector<typename Format::code> unpacked(encoded<Format> const& e) {
  std::vector<typename Format::code> codes(e.size());
  e.codes(std::span(codes));
  return codes;
}

}  // namespace

TEST_CASE("every format and granularity: encoded codes are those of quantize, decoded values those of dequantize") {
  auto const all = []<class Format>(Format const& format) {
    test::every_granularity([&](test::any_granularity const& grain, shape const& extents) {
      auto const w = test::random_weights<float>(test::kind::gaussian, extents.size(), 5);
      auto const scales = test::scales_for<Format>(test::any_format(format).some_scales(grain.layout.count));
      noise const u{.seed = 5};
      auto const roundings = [&](auto round) {
        quantizer const q{format, default_fit<Format>{}, grain, round};
        auto const packed_codes = encode(q, std::span(w), extents, scales, u);
        auto const codes = test::codes_of(format, round, w, grain.layout, scales, u);
        auto const expected = test::values_of<float>(format, codes, grain.layout, scales);
        std::vector<float> values(w.size()), again(w.size());
        packed_codes.decode(std::span(values));
        CHECK(test::same_bits(values, expected));
        auto const twice = encode(q, std::span(values), extents, scales, noise{.seed = 6});
        twice.decode(std::span(again));
        CHECK(test::same_bits(again, values));  // decode(encode(Q(x))) is Q(x)
        if constexpr (!uniform_format<Format>) CHECK(unpacked(packed_codes) == codes);
      };
      roundings(nearest_even{});
      roundings(stochastic{});
    });
  };
  test::every_format(all);
}

TEST_CASE("every format: the same bytes and values on every backend, beyond one piece") {
  auto const all = []<class Format>(Format const& format) {
    shape const extents{3, 7, 593};
    auto const w = test::random_weights<float>(test::kind::gaussian, extents.size(), 6);
    test::any_granularity const grain{per_channel{.axis = 1}(extents)};
    quantizer const q{format, default_fit<Format>{}, grain, stochastic{}};
    auto const scales = test::scales_for<Format>(test::any_format(format).some_scales(grain.layout.count));
    noise const u{.seed = 5};
    auto const expected = encode(q, std::span(w), extents, scales, u);
    std::vector<float> values(w.size());
    expected.decode(std::span(values));
    test::every_backend([&](auto where) {
      CHECK(encode(q, std::span(w), extents, scales, u, where) == expected);
      std::vector<float> y(w.size());
      expected.decode(std::span(y), where);
      CHECK(test::same_bits(y, values));
    });
  };
  test::every_format(all);
}

TEST_CASE("every format: encode refuses NaN with its place and gives infinity the outermost point") {
  auto const all = []<class Format>(Format const& format) {
    std::vector<float> w(9, 0.1F);
    quantizer const q{format, default_fit<Format>{}, test::any_granularity{per_tensor{}({9})}, nearest_even{}};
    auto const scales = test::scales_for<Format>({{0.5F, 1}});
    w[3] = -std::numeric_limits<float>::infinity();
    auto const points = test::any_format(format).points(1);
    std::vector<float> y(9);
    encode(q, std::span(w), {9}, scales).decode(std::span(y));
    CHECK(y[3] == static_cast<float>(points.front()) * 0.5F);
    w[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK(test::refuses([&] { (void)encode(q, std::span(w), {9}, scales); }, "the value at 7 is not a number"));
  };
  test::every_format(all);
}

}  // namespace SQWA_TEST_FILE
