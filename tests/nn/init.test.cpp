// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/init.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

TEST_CASE("kaiming_uniform: within the bound, mean 0, variance 2 / inputs, and another seed is another draw") {
  std::vector<double> w(100'000), again(w.size()), other(w.size());
  sqwa::nn::kaiming_uniform(std::span(w), 24, {.seed = 1});
  sqwa::nn::kaiming_uniform(std::span(again), 24, {.seed = 1});
  sqwa::nn::kaiming_uniform(std::span(other), 24, {.seed = 2});
  CHECK(w == again);
  CHECK(w != other);
  double sum = 0, squares = 0, largest = 0;
  for (double v : w) {
    sum += v;
    squares += v * v;
    largest = std::max(largest, std::abs(v));
  }
  CHECK(largest <= 0.5);  // sqrt(6 / 24)
  CHECK(largest > 0.4999);
  CHECK(std::abs(sum) / 1e5 < 0.004);
  CHECK(squares / 1e5 == doctest::Approx(2.0 / 24).epsilon(0.02));
}

}  // namespace SQWA_TEST_FILE
