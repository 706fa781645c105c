// SPDX-License-Identifier: BSD-3-Clause
// Winograd's filters beside the sums that they stand for.
#ifndef SQWA_TESTS_SUPPORT_WINOGRAD_CHECK_HPP
#define SQWA_TESTS_SUPPORT_WINOGRAD_CHECK_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/winograd.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace test {

struct winograd_case {
  std::size_t rows, columns, inputs, outputs;
};

/// The largest difference between two ranges, over the largest magnitude of the second.
template <class T>
double relative_error(std::vector<T> const& got, std::vector<double> const& expected) {
  double error = 0, largest = 0;
  for (std::size_t i = 0; i != got.size(); ++i) {
    error = std::max(error, std::abs(static_cast<double>(got[i]) - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return error / largest;
}

/// Two images of random numbers with a border of one pixel: outputs, outputs added to, and the gradient in the weights.
///
/// W has the members of `sqwa::detail::winograd`. `bound` is for `relative_error`.
template <class W, class T = typename W::T>
void check_winograd(winograd_case const& c, double bound) {
  std::size_t const images = 2, down = (c.rows + 3) / 4, across = (c.columns + 3) / 4;
  std::size_t const height = 4 * down + 2, width = 4 * across + 2;
  sqwa::noise const u{.seed = 5};
  std::uint64_t drawn = 0;
  auto const number = [&] { return static_cast<T>(2 * u(drawn++) - 1); };
  std::vector<T> x(images * height * width * c.inputs), e(images * height * width * c.outputs);
  auto const fill = [&](std::vector<T>& canvas, std::size_t channels, std::size_t shift) {
    for (std::size_t s = 0; s != images; ++s) {
      for (std::size_t i = 0; i != c.rows; ++i) {
        for (std::size_t k = 0; k != c.columns * channels; ++k) {
          canvas[((s * height + i + shift) * width + shift) * channels + k] = number();
        }
      }
    }
  };
  fill(x, c.inputs, 1);
  fill(e, c.outputs, 0);
  std::vector<T> weights(9 * c.inputs * c.outputs), filters(36 * c.inputs * c.outputs);
  std::ranges::generate(weights, number);
  std::vector<sqwa::winograd_tile> tiles, error_tiles;
  for (std::size_t s = 0; s != images; ++s) {
    for (std::size_t i = 0; i < c.rows; i += 4) {
      for (std::size_t j = 0; j < c.columns; j += 4) {
        auto const from = (s * height + i) * width + j;
        tiles.push_back({static_cast<std::uint32_t>(from * c.inputs),
                         static_cast<std::uint32_t>(((s * c.rows + i) * c.columns + j) * c.outputs),
                         static_cast<std::uint8_t>(std::min<std::size_t>(4, c.rows - i)),
                         static_cast<std::uint8_t>(std::min<std::size_t>(4, c.columns - j))});
        error_tiles.push_back({static_cast<std::uint32_t>(from * c.outputs)});
      }
    }
  }

  std::vector<double> expected(images * c.rows * c.columns * c.outputs), slope(weights.size());
  for (std::size_t s = 0, at = 0; s != images; ++s) {
    for (std::size_t i = 0; i != c.rows; ++i) {
      for (std::size_t j = 0; j != c.columns; ++j) {
        for (std::size_t o = 0; o != c.outputs; ++o, ++at) {
          double const error = static_cast<double>(e[((s * height + i) * width + j) * c.outputs + o]);
          for (std::size_t k = 0; k != 9 * c.inputs; ++k) {
            std::size_t const a = k / c.inputs / 3, b = k / c.inputs % 3;
            double const input =
                static_cast<double>(x[((s * height + i + a) * width + j + b) * c.inputs + k % c.inputs]);
            expected[at] += input * static_cast<double>(weights[k * c.outputs + o]);
            slope[k * c.outputs + o] += input * error;
          }
        }
      }
    }
  }

  std::vector<T> y(expected.size()), gradient(filters.size()), weight_gradient(weights.size());
  std::vector<T> scratch(sqwa::detail::winograd_scratch(c.inputs, c.outputs));
  W::filters(weights.data(), c.inputs, c.outputs, filters.data());
  for (std::size_t first = 0; first < tiles.size(); first += sqwa::detail::winograd_block) {
    std::size_t const n = std::min(sqwa::detail::winograd_block, tiles.size() - first);
    auto const some = std::span<sqwa::winograd_tile const>(tiles).subspan(first, n);
    for (bool const add : {false, true}) {
      W::convolve({x.data(), width * c.inputs, c.inputs}, some, filters.data(), c.outputs, y.data(),
                  c.columns * c.outputs, add, scratch.data());
    }
    W::add_gradient({x.data(), width * c.inputs, c.inputs}, some, {e.data(), width * c.outputs, c.outputs},
                    std::span<sqwa::winograd_tile const>(error_tiles).subspan(first, n), gradient.data(),
                    scratch.data());
  }
  W::filter_gradient(gradient.data(), c.inputs, c.outputs, weight_gradient.data());
  for (double& v : expected) v *= 2;  // stored once and added once
  CHECK(relative_error(y, expected) < bound);
  CHECK(relative_error(weight_gradient, slope) < bound);
}

}  // namespace test

#endif
