// SPDX-License-Identifier: BSD-3-Clause
// What holds for every format, rounding and granularity.
#include <sqwa/quant/quantize.hpp>
#include "support/quantizers.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

TEST_CASE("every format and rounding: a point of the lattice stays, bit for bit") {
  test::for_hard_weights([](auto const& format, auto round, auto const& w, blocks const& layout, auto const& scales) {
    noise const u{.seed = 8};
    auto const once = test::rounded(format, round, w, layout, scales, u);
    CHECK(test::same_bits(test::rounded(format, round, once, layout, scales, noise{.seed = 9}), once));
  });
}

TEST_CASE("every format and rounding: fake_quantize is quantize and then dequantize, bit for bit, and zero is +0") {
  test::for_hard_weights([](auto const& format, auto round, auto const& w, blocks const& layout, auto const& scales) {
    using T = typename std::remove_cvref_t<decltype(w)>::value_type;
    noise const u{.seed = 8};
    auto const once = test::rounded(format, round, w, layout, scales, u);
    auto const codes = test::codes_of(format, round, w, layout, scales, u);
    CHECK(test::same_bits(test::values_of<T>(format, codes, layout, scales), once));
    CHECK(std::ranges::none_of(once, [](T x) { return x == 0 && std::signbit(x); }));
  });
}

TEST_CASE("every format, rounding and granularity: each element is rounded with the scale of its block") {
  auto const all = [](auto const& format) {
    using Format = std::remove_cvref_t<decltype(format)>;
    test::every_granularity([&](test::any_granularity const& grain, shape const& extents) {
      blocks const layout = grain.layout;
      auto const w = test::random_weights<float>(test::kind::gaussian, extents.size(), 5);
      auto const scales = test::some_scales<Format>(layout.count);
      auto const round = stochastic{};
      noise const u{.seed = 2, .tensor = 3, .step = 4};
      auto const once = test::rounded(format, round, w, layout, scales, u);
      std::vector<float> expected(w.size());
      for (std::size_t b = 0; b != layout.count; ++b) {  // all elements with this scale; then take those of the block
        auto const part = test::rounded(format, round, w, per_tensor{}({w.size()}), {scales[b]}, u);
        for (std::size_t i = 0; i != w.size(); ++i) {
          if (layout.of(i) == b) expected[i] = part[i];
        }
      }
      CHECK(test::same_bits(once, expected));
    });
  };
  test::every_format(all);
}
