// SPDX-License-Identifier: BSD-3-Clause
// What holds for every fit and format.
#include <sqwa/quant/quantize.hpp>
#include "support/quantizers.hpp"
#include "support/refuses.hpp"
#include "support/thread_executor.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace {

using threads = backend<scalar_kernels, test::thread_executor>;

}  // namespace

TEST_CASE("every fit, format and granularity: a block has the scale of its own elements, on every executor") {
  test::every_format(test::with_every_fit([]<class Format, class Fit>(Format const& format, Fit const& fit) {
    auto const check = [&](auto grain, shape const& extents) {
      auto const w = test::random_weights<float>(test::kind::laplace, extents.size(), 7);
      quantizer const q{format, fit, grain};
      blocks const layout = grain(extents);
      std::vector<scale_of<Format>> scales(scale_count(q, extents)), again(scales.size()), expected;
      fit_scales(q, std::span(w), extents, scales);
      fit_scales(q, std::span(w), extents, again, threads{});
      for (std::size_t b = 0; b != layout.count; ++b) {
        std::vector<float> block;
        for (std::size_t i = 0; i != w.size(); ++i) {
          if (layout.of(i) == b) block.push_back(w[i]);
        }
        expected.push_back(fit(std::span<float const>(block), format));
      }
      CHECK(scales == expected);
      CHECK(again == expected);
      CHECK(std::ranges::all_of(scales, [&](auto const& s) { return test::usable(format, s); }));
    };
    test::every_granularity(check);
    check(test::any_granularity{per_channel{.axis = 1}({2, 97, 50})}, {2, 97, 50});  // three tasks
  }));
}

TEST_CASE_TEMPLATE("every format: NaN and infinity are refused with their place, before any fit", T, float, double) {
  test::every_format([]<class Format>(Format const& format) {
    quantizer const q{format, fixed{}, per_group{.size = 3}};
    std::vector<T> w(8, T(0.5));
    std::vector<scale_of<Format>> scales(3);
    for (T bad : {std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::infinity()}) {
      w[6] = bad;
      CHECK(test::refuses([&] { fit_scales(q, std::span(w), {8}, scales); }, "at 6 is not finite"));
    }
  });
}
