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

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

using labels = std::vector<std::uint8_t>;

nn::batch_score loss_of(std::vector<double> const& x, labels const& l, std::size_t classes,
                        std::span<double> gradient = {}, double smoothing = 0) {
  return nn::softmax_cross_entropy(std::span<double const>(x), std::span<std::uint8_t const>(l), classes, gradient,
                                   smoothing);
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
  double smoothing = 0;
  SUBCASE("hard labels") {}
  SUBCASE("smoothed labels") { smoothing = 0.3; }
  auto x = test::uniform(5 * 4, 1);
  labels const l{0, 3, 1, 1, 2};
  std::vector<double> gradient(x.size());
  loss_of(x, l, 4, gradient, smoothing);
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double const up = loss_of(x, l, 4, {}, smoothing).loss;
    x[i] = kept - h;
    double const down = loss_of(x, l, 4, {}, smoothing).loss;
    x[i] = kept;
    CHECK(gradient[i] == doctest::Approx((up - down) / (2 * h)).epsilon(1e-7).scale(1.0));
  }
  for (std::size_t s = 0; s != 5; ++s) {
    double sum = 0;
    for (std::size_t c = 0; c != 4; ++c) sum += gradient[4 * s + c];
    CHECK(std::abs(sum) < 1e-15);
  }
}

TEST_CASE("softmax_cross_entropy: many classes cost what the definition says") {
  std::size_t const classes = 300;
  auto const x = test::uniform(2 * classes, 1);
  std::vector<double> gradient(x.size());
  double expected = 0;
  auto const score = loss_of(x, {7, 255}, classes, gradient);
  for (std::size_t s = 0; s != 2; ++s) {
    double sum = 0;
    for (std::size_t c = 0; c != classes; ++c) sum += std::exp(x[s * classes + c]);
    std::size_t const label = s == 0 ? 7 : 255;
    expected += (std::log(sum) - x[s * classes + label]) / 2;
    for (std::size_t c = 0; c != classes; ++c) {
      double const p = std::exp(x[s * classes + c]) / sum;
      CHECK(std::abs(gradient[s * classes + c] - (p - (c == label ? 1 : 0)) / 2) < 1e-15);
    }
  }
  CHECK(score.loss == doctest::Approx(expected).epsilon(1e-14));
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

TEST_CASE("softmax_cross_entropy: smoothed labels give torch's loss and gradient") {
  // torch.nn.functional.cross_entropy(x, y, label_smoothing=e) in float64
  std::vector<double> const x{0.5, -1.25, 2.0, 0.0, 3.0, 2.5, -0.75, 1.0, -2.0, 0.25, 0.125, 4.0};
  labels const y{2, 0, 1};
  auto const check = [&](double smoothing, double loss, std::vector<double> const& gradient) {
    std::vector<double> g(x.size());
    CHECK(loss_of(x, y, 4, g, smoothing).loss == doctest::Approx(loss).epsilon(1e-14));
    for (std::size_t i = 0; i != g.size(); ++i) CHECK(std::abs(g[i] - gradient[i]) < 1e-15);
  };
  check(0.1, 1.6630608637595516,
        {0.044897850010702754, 0.0009168593108934714, -0.0697677207392052, 0.02395301141760902, -0.11951696698357922,
         0.10618958191332532, -0.0038927980160647032, 0.017220183086318668, -0.007543985288686197, -0.3008442076027752,
         -0.0017242030730491575, 0.31011239596451057});
  check(0.25, 1.8083733637595514,
        {0.03239785001070275, -0.01158314068910653, -0.03226772073920521, 0.011453011417609016, -0.08201696698357928,
         0.09368958191332527, -0.016392798016064705, 0.004720183086318654, -0.020043985288686197, -0.26334420760277516,
         -0.01422420307304916, 0.29761239596451045});
  check(1, 2.5349358637595514,
        {-0.03010214998929725, -0.07408314068910653, 0.15523227926079478, -0.051046988582390984, 0.10548303301642073,
         0.031189581913325288, -0.0788927980160647, -0.05777981691368134, -0.08254398528868619, -0.07584420760277516,
         -0.07672420307304915, 0.2351123959645105});
}

TEST_CASE("softmax_cross_entropy: an output of minus infinity costs nothing unless its class is wanted") {
  double const inf = std::numeric_limits<double>::infinity();
  CHECK(loss_of({0, -inf, 0}, {0}, 3).loss == doctest::Approx(std::log(2.0)));
  CHECK(loss_of({0, -inf, 0}, {1}, 3).loss == inf);
  CHECK(loss_of({0, -inf, 0}, {0}, 3, {}, 0.1).loss == inf);
  CHECK(loss_of({0, -inf, 0}, {1}, 3, {}, 1).loss == inf);
}

TEST_CASE("softmax_cross_entropy: labels out of range, no labels and sizes that do not fit are refused") {
  CHECK(test::refuses([] { loss_of({1, 2, 1, 2}, {0, 2}, 2); }, "label 2 of sample 1 is not below 2"));
  CHECK(test::refuses([] { loss_of({}, {}, 2); }, "0 labels"));
  CHECK(test::refuses([] { loss_of({1, 2, 3}, {0}, 2); }, "3 outputs"));
  std::vector<double> gradient(1);
  CHECK(test::refuses([&] { loss_of({1, 2}, {0}, 2, gradient); }, "1 gradients"));
  CHECK(test::refuses([&] { loss_of({1, 2}, {0}, 2, {}, -0.5); }, "a label smoothing of -0.5"));
  CHECK(test::refuses([&] { loss_of({1, 2}, {0}, 2, {}, std::nan("")); }, "a label smoothing of nan"));
}

}  // namespace SQWA_TEST_FILE
