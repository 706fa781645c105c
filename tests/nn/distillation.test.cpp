// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/distillation.hpp>
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

using labels = std::vector<std::uint8_t>;

template <class T>
nn::batch_score loss_of(std::vector<T> const& x, std::vector<T> const& teacher, labels const& l, std::size_t classes,
                        nn::distillation_options how, std::span<T> gradient = {}, double smoothing = 0) {
  return nn::distillation_loss(std::span<T const>(x), std::span<T const>(teacher), std::span<std::uint8_t const>(l),
                               classes, how, gradient, smoothing);
}

}  // namespace

TEST_CASE("distillation_loss: torch's loss and gradient") {
  // (1 - a) cross_entropy(x, y, label_smoothing=e) + a T^2 kl_div(log_softmax(x / T), softmax(t / T), 'batchmean')
  std::vector<double> const x{0.5, -1.25, 2.0, 0.0, 3.0, 2.5, -0.75, 1.0, -2.0, 0.25, 0.125, 4.0};
  std::vector<double> const t{1.0, -0.5, 3.0, 0.25, 2.0, 3.5, -1.0, 0.5, -1.0, 0.0, 1.5, 2.5};
  labels const y{2, 0, 1};
  auto const check = [&](nn::distillation_options how, double smoothing, double loss,
                         std::vector<double> const& gradient) {
    std::vector<double> g(x.size());
    auto const score = loss_of(x, t, y, 4, how, std::span(g), smoothing);
    CHECK(score.loss == doctest::Approx(loss).epsilon(1e-14));
    CHECK(score.correct == 2);
    for (std::size_t i = 0; i != g.size(); ++i) CHECK(std::abs(g[i] - gradient[i]) < 1e-15);
  };
  check({0.25F, 2}, 0, 1.2743384676400482,
        {0.04440182642868287, 0.006908087496484073, -0.08213919851525191, 0.03082928459008498, -0.0796409503302758,
         0.049779634118106, 0.004688577909663565, 0.025172738302506194, -0.007261748342899063, -0.2485148043874989,
         -0.026131010220553627, 0.2819075629509516});
  check({0.75F, 4}, 0.125, 0.711907683291501,
        {0.02166828672253872, -0.0032099879741586137, -0.04643927555342408, 0.02798097680504392, 0.04217698914825897,
         -0.07014478705452326, 0.0037690234783885534, 0.02419877442787585, -0.043167519310229524, -0.07328551612716364,
         -0.09580867073285453, 0.2122617061702477});
  check({1, 0.5F}, 0, 0.13884303852321464,
        {0.004774792058428548, 8.574904875953644e-05, -0.0070488845263111, 0.0021883434191229934, 0.1123004763030886,
         -0.1141561145546373, 4.692819466809612e-05, 0.0018087100568805674, -0.00013194487517617081,
         -0.0008904176938914366, -0.019662466349276115, 0.02068482891834375});
}

TEST_CASE("distillation_loss: the gradient agrees with finite differences") {
  auto x = test::uniform(5 * 7, 1);
  auto const teacher = test::uniform(5 * 7, 2);
  labels const l{0, 6, 3, 3, 2};
  nn::distillation_options const how{.weight = 0.7F, .temperature = 3};
  std::vector<double> gradient(x.size());
  loss_of(x, teacher, l, 7, how, std::span(gradient), 0.1);
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double const up = loss_of(x, teacher, l, 7, how, {}, 0.1).loss;
    x[i] = kept - h;
    double const down = loss_of(x, teacher, l, 7, how, {}, 0.1).loss;
    x[i] = kept;
    CHECK(gradient[i] == doctest::Approx((up - down) / (2 * h)).epsilon(1e-7).scale(1.0));
  }
}

TEST_CASE("distillation_loss: a student that agrees has nothing to learn from the teacher") {
  std::vector<float> const x{0.5F, -1, 2, 3, 0, -7}, shifted{8.5F, 7, 10, 1, -2, -9};
  std::vector<float> gradient(x.size(), 9);
  auto const score = loss_of(x, shifted, {0, 1}, 3, {1, 5}, std::span(gradient));
  CHECK(score.loss == 0);
  for (float g : gradient) CHECK(g == 0);
}

TEST_CASE("distillation_loss: without weight it is the cross-entropy, bit for bit") {
  auto const x = test::uniform<float>(4 * 9, 1), teacher = test::uniform<float>(4 * 9, 2);
  labels const l{0, 8, 3, 5};
  std::vector<float> a(x.size()), b(x.size());
  auto const hard = nn::softmax_cross_entropy(std::span<float const>(x), std::span<std::uint8_t const>(l), 9,
                                              std::span<float>(a), 0.1);
  auto const score = loss_of(x, teacher, l, 9, {0, 4}, std::span(b), 0.1);
  CHECK(score.loss == hard.loss);
  CHECK(score.correct == hard.correct);
  CHECK(a == b);
}

TEST_CASE("distillation_loss: numbers that are not finite are told, certain teachers are not") {
  double const nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  using row = std::vector<double>;
  nn::distillation_options const how{0.5F, 2};
  CHECK(std::isnan(loss_of(row{1, nan}, row{0, 0}, {0}, 2, how).loss));
  CHECK(std::isnan(loss_of(row{1, 0}, row{nan, 0}, {0}, 2, how).loss));
  CHECK(std::isnan(loss_of(row{1, 0}, row{inf, 0}, {0}, 2, how).loss));
  CHECK(loss_of(row{0, -inf}, row{0, 0}, {0}, 2, how).loss == inf);
  CHECK(loss_of(row{0, -inf}, row{0, 0}, {0}, 2, {0, 2}).loss == 0);
  CHECK(loss_of(row{0, -inf}, row{0, -inf}, {1}, 2, how).loss == inf);
  CHECK(loss_of(row{0, -inf}, row{0, -inf}, {1}, 2, {1, 2}).loss == 0);
  CHECK(loss_of(row{0, 0}, row{0, -inf}, {0}, 2, how).loss ==
        doctest::Approx(0.5 * std::log(2.0) + 0.5 * 4 * std::log(2.0)));
  CHECK(loss_of(row{0, 0}, row{0, -5000}, {0}, 2, how).loss ==
        doctest::Approx(0.5 * std::log(2.0) + 0.5 * 4 * std::log(2.0)));
}

TEST_CASE("distillation_loss: weights, temperatures and teachers that cannot be are refused") {
  using row = std::vector<double>;
  auto const refused = [](row const& teacher, nn::distillation_options how, char const* words) {
    return test::refuses([&] { loss_of(row{1, 0}, teacher, {0}, 2, how); }, words);
  };
  CHECK(refused({1, 0, 0}, {}, "3 outputs of the teacher, 2 of the student"));
  CHECK(refused({1, 0}, {.weight = -0.5F}, "a teacher's weight of -0.5"));
  CHECK(refused({1, 0}, {.weight = std::nanf("")}, "a teacher's weight of nan"));
  CHECK(refused({1, 0}, {.temperature = 0}, "a temperature of 0"));
  CHECK(refused({1, 0}, {.temperature = std::numeric_limits<float>::infinity()}, "a temperature of inf"));
}

}  // namespace SQWA_TEST_FILE
