// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/convolution_extents.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;
using nn::detail::extents_of_convolution;

TEST_CASE("extents_of_convolution: outputs as torch has them") {
  auto const s = extents_of_convolution<float>("me", {9, 7, 4}, 6, 2, {.kernel = 3, .stride = 2, .padding = 1});
  CHECK(s.input_size() == 9 * 7 * 4);
  CHECK(s.down == 5);
  CHECK(s.across == 4);
  CHECK(s.output_size() == 5 * 4 * 6);
  CHECK(extents_of_convolution<float>("me", {3, 8, 1}, 1, 1, {.kernel = 3, .stride = 4}).across == 2);
}

TEST_CASE("extents_of_convolution: what cannot be is refused by the layer's name") {
  auto const of = [](sqwa::shape const& input, std::size_t filters, std::size_t groups, nn::conv2d_options how) {
    (void)extents_of_convolution<double>("me", input, filters, groups, how);
  };
  constexpr std::size_t many = std::size_t{1} << 60;
  CHECK(test::refuses([&] { of({9, 9}, 1, 1, {}); }, "me: an input of 2 extents"));
  CHECK(test::refuses([&] { of({0, 9, 1}, 1, 1, {}); }, "me: an image of 0 x 9 pixels"));
  CHECK(test::refuses([&] { of({2, 9, 1}, 1, 1, {}); }, "me: a kernel of 3 x 3 on an image of 2 x 9 with padding 0"));
  CHECK(test::refuses([&] { of({9, 9, 3}, 2, 2, {}); }, "me: 3 channels in 2 groups"));
  CHECK(test::refuses([&] { of({9, 9, 1}, 1, 1, {.padding = many}); }, "me: padding 1152921504606846976"));
  CHECK(test::refuses([&] { of({9, 9, 1}, many, 1, {}); }, "filters are too many"));
}

}  // namespace SQWA_TEST_FILE
