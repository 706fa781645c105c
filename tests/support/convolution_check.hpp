// SPDX-License-Identifier: BSD-3-Clause
// A convolution on numbers that torch was given too.
#ifndef SQWA_TESTS_SUPPORT_CONVOLUTION_CHECK_HPP
#define SQWA_TESTS_SUPPORT_CONVOLUTION_CHECK_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace test {

/// n quarters: (i * factor mod divisor - divisor / 2) / 4. Sums of their products are exact in any order.
inline std::vector<double> quarters(std::size_t n, std::size_t factor, std::size_t divisor) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    x[i] = (static_cast<double>(i * factor % divisor) - static_cast<double>(divisor / 2)) / 4;
  }
  return x;
}

struct convolution_pass {
  std::vector<double> y, dx, weight_gradient, bias_gradient;
};

/// One training pass of one image: x = quarters(…, 5, 11), weights quarters(…, 7, 13), dy quarters(…, 3, 7).
template <class Layer>
convolution_pass convolve(Layer layer, sqwa::shape const& input, std::vector<double> const& bias) {
  sqwa::shape const output = layer.build(input, {});
  layer.reserve(1);
  layer.visit([&](sqwa::nn::parameter<double> const& p) {
    std::ranges::copy(p.name == "bias" ? bias : quarters(p.value.size(), 7, 13), p.value.begin());
  });
  auto const x = quarters(input.size(), 5, 11), dy = quarters(output.size(), 3, 7);
  convolution_pass got{std::vector<double>(output.size()), std::vector<double>(input.size()), {}, {}};
  layer.forward(std::span<double const>(x), std::span(got.y), 1, sqwa::nn::pass::train, sqwa::backend<>{});
  layer.backward(std::span<double const>(x), std::span<double const>(dy), std::span(got.dx), 1, sqwa::backend<>{});
  layer.visit([&](sqwa::nn::parameter<double> const& p) {
    (p.name == "bias" ? got.bias_gradient : got.weight_gradient).assign(p.gradient.begin(), p.gradient.end());
  });
  return got;
}

}  // namespace test

#endif
