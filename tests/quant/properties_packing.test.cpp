// SPDX-License-Identifier: BSD-3-Clause
// What holds for the packed codes of every format, on every backend; and for stochastic rounding.
#include <sqwa/quant/encode.hpp>
#include "support/every_backend.hpp"
#include "support/quantizers.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

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
      auto const scales = test::some_scales<Format>(grain.layout.count);
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
    quantizer const q{format, default_fit<Format>{}, per_channel{.axis = 1}, stochastic{}};
    auto const scales = test::some_scales<Format>(scale_count(q, extents));
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
    quantizer const q{format, fixed{.scale = 0.5F, .zero_point = 1}};
    std::vector<scale_of<Format>> scales(1);
    fit_scales(q, std::span(w), {9}, scales);
    w[3] = -std::numeric_limits<float>::infinity();
    auto const points = test::points_of(format, scales[0]);
    std::vector<float> y(9);
    encode(q, std::span(w), {9}, scales).decode(std::span(y));
    CHECK(y[3] == static_cast<float>(points.front()) * 0.5F);
    w[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK(test::refuses([&] { (void)encode(q, std::span(w), {9}, scales); }, "the value at 7 is not a number"));
  };
  test::every_format(all);
}

// A weight between two points becomes the upper one with the probability p of its place: the mean of n of them has the
// standard error gap * sqrt(p (1 - p) / n). The limit is five of these, and a billionth of the gap and of the weight
// for the 24 bits of the noise.
TEST_CASE("every format: stochastic rounding is unbiased, over elements and steps") {
  auto const all = [](auto const& format) {
    using Format = std::remove_cvref_t<decltype(format)>;
    constexpr std::size_t n = 2'000, steps = 4;
    std::vector<scale_of<Format>> const scales = test::some_scales<Format>(1);
    auto const s = static_cast<double>(test::step_of(scales[0]));
    auto const points = test::points_of(format, scales[0]);
    noise const place{.seed = 15};
    for (std::size_t k = 0; k != 8; ++k) {
      std::size_t const i = place.below(2 * k, static_cast<std::uint32_t>(points.size() - 1));
      double const gap = (points[i + 1] - points[i]) * s;
      if (gap < 1e-5 * s * std::abs(points[i])) continue;  // crowded: a float cannot lie well between
      double const p = 0.02 + 0.96 * static_cast<double>(place(2 * k + 1));
      std::vector<double> const w(n, points[i] * s + p * gap);
      double sum = 0;
      for (std::size_t step = 0; step != steps; ++step) {
        for (double y :
             test::rounded(format, stochastic{}, w, per_tensor{}({n}), scales, noise{.seed = 4, .step = step})) {
          sum += y - w[0];
        }
      }
      double const limit = 5 * gap * std::sqrt(p * (1 - p) / (n * steps)) + 1e-7 * gap + 1e-9 * std::abs(w[0]);
      INFO(points.size(), " points, ", points[i], " + ", p);
      CHECK(std::abs(sum / (n * steps)) <= limit);
    }
  };
  test::every_format(all);
}
