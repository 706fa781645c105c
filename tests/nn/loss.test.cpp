// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/loss.hpp>
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace nn = sqwa::nn;

namespace {

using labels = std::vector<std::uint8_t>;

nn::batch_score loss_of(std::vector<double> const& x, labels const& l, std::size_t classes,
                        std::span<double> gradient = {}) {
  return nn::softmax_cross_entropy(std::span<double const>(x), std::span<std::uint8_t const>(l), classes, gradient);
}

}  // namespace

TEST_CASE("log: the C library's logarithm to 2^-50, and exactly 0 at 1") {
  for (double x = 1; x < 1e6; x *= 1.0137) {
    CHECK(std::abs(nn::detail::log(x) - std::log(x)) <= std::ldexp(std::log(x), -50));
  }
  CHECK(nn::detail::log(1.0) == 0);
  CHECK(std::isnan(nn::detail::log(std::numeric_limits<double>::quiet_NaN())));
}

TEST_CASE("softmax_cross_entropy: the gradient agrees with finite differences and sums to 0 in each row") {
  auto x = test::uniform(5 * 4, 1);
  labels const l{0, 3, 1, 1, 2};
  std::vector<double> gradient(x.size());
  loss_of(x, l, 4, gradient);
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double const up = loss_of(x, l, 4).loss;
    x[i] = kept - h;
    double const down = loss_of(x, l, 4).loss;
    x[i] = kept;
    CHECK(gradient[i] == doctest::Approx((up - down) / (2 * h)).epsilon(1e-7).scale(1.0));
  }
  for (std::size_t s = 0; s != 5; ++s) {
    double sum = 0;
    for (std::size_t c = 0; c != 4; ++c) sum += gradient[4 * s + c];
    CHECK(std::abs(sum) < 1e-15);
  }
}

TEST_CASE("softmax_cross_entropy: equal outputs cost log(classes); adding a constant changes nothing") {
  CHECK(loss_of(std::vector<double>(10, 3.0), {7}, 10).loss == doctest::Approx(std::log(10.0)).epsilon(1e-14));
  CHECK(loss_of({1, 2, 4}, {1}, 3).loss == loss_of({1025, 1026, 1028}, {1}, 3).loss);
  CHECK(loss_of({0, 0, 5000}, {0}, 3).loss == 5000);  // no overflow
}

TEST_CASE("softmax_cross_entropy: counts the rows whose first largest output is the label's") {
  CHECK(loss_of({1, 2, 2, 1, 0, 9}, {1, 2}, 3).correct == 2);
  CHECK(loss_of({2, 2, 1}, {1}, 3).correct == 0);
  double const nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (std::vector<double> const& bad : {std::vector<double>{nan, nan}, {1.0, nan}, {nan, 1.0}}) {
    CHECK(std::isnan(loss_of(bad, {0}, 2).loss));
    CHECK(loss_of(bad, {0}, 2).correct == 0);
  }
  CHECK(std::isnan(loss_of({inf, 1}, {0}, 2).loss));
}

TEST_CASE("softmax_cross_entropy: labels out of range, no labels and sizes that do not fit are refused") {
  CHECK(test::refuses([] { loss_of({1, 2, 1, 2}, {0, 2}, 2); }, "label 2 of sample 1 is not below 2"));
  CHECK(test::refuses([] { loss_of({}, {}, 2); }, "0 labels"));
  CHECK(test::refuses([] { loss_of({1, 2, 3}, {0}, 2); }, "3 outputs"));
  std::vector<double> gradient(1);
  CHECK(test::refuses([&] { loss_of({1, 2}, {0}, 2, gradient); }, "1 gradients"));
}
