// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// Mean and unbiased variance of one channel of `x`, in two passes.
std::pair<double, double> moments(std::span<double const> x, std::size_t channel, std::size_t channels) {
  double n = 0, sum = 0, squares = 0;
  for (std::size_t i = channel; i < x.size(); i += channels, ++n) sum += x[i];
  for (std::size_t i = channel; i < x.size(); i += channels) squares += (x[i] - sum / n) * (x[i] - sum / n);
  return {sum / n, squares / (n - 1)};
}

}  // namespace

TEST_CASE("batch_norm: gradients agree with finite differences, for any number of channels and several pieces") {
  test::check_gradients_everywhere(nn::batch_norm<double>{}, {2, 3, 3}, 2);
  test::check_gradients_everywhere(nn::batch_norm<double>{}, {17}, 11);
  test::check_gradients_everywhere(nn::batch_norm<double>{}, {3, 2, 1}, 1);
}

TEST_CASE("batch_norm: every backend gives the same bits") {
  nn::batch_norm const layer;
  auto const expected = test::training_pass(layer, {7, 5, 21}, 45, sqwa::backend<>{});
  test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 5, 21}, 45, where) == expected); });
}

TEST_CASE("batch_norm: in training, each channel has mean 0 and variance 1, and the running statistics move a tenth") {
  std::size_t const channels = 19, batch = 20;
  nn::batch_norm<double> layer{{.epsilon = 0}};
  layer.build({3, 1, channels}, {});
  layer.reserve(batch);
  auto x = test::uniform(batch * 3 * channels, 4);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = 1e3 + 10 * x[i];  // a mean that one-pass variances do not survive
  std::vector<double> y(x.size());
  layer.forward(std::span<double const>(x), std::span(y), batch, nn::pass::train, sqwa::backend<>{});
  for (std::size_t c = 0; c != channels; ++c) {
    auto const [mean, variance] = moments(x, c, channels);
    auto const [zero, one] = moments(y, c, channels);
    CHECK(std::abs(zero) < 1e-12);
    CHECK(one * 59 / 60 == doctest::Approx(1).epsilon(1e-11));  // the biased variance is what becomes 1
    CHECK(layer.running_mean()(c) == doctest::Approx(0.1 * mean).epsilon(1e-7));  // momentum is the float next to 0.1
    CHECK(layer.running_variance()(c) == doctest::Approx(0.9 + 0.1 * variance).epsilon(1e-7));
  }
}

TEST_CASE("batch_norm: refreshed statistics are those of the whole set, however it is cut into batches") {
  std::size_t const channels = 3, samples = 50;
  auto x = test::uniform(samples * 4 * channels, 4);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] += static_cast<double>(i) / 100;  // batches differ in their means
  for (std::size_t const batch : {1U, 7U, 50U}) {
    nn::batch_norm<double> layer;
    layer.build({2, 2, channels}, {});
    layer.reserve(batch);
    std::vector<double> y(x.size());
    for (int again = 0; again != 2; ++again) {  // a second refresh forgets the first
      layer.begin_refresh();
      for (std::size_t s = 0; s < samples; s += batch) {
        std::size_t const n = std::min(batch, samples - s);
        layer.forward(std::span<double const>(x).subspan(s * 12, n * 12), std::span(y).first(n * 12), n,
                      nn::pass::refresh, sqwa::backend<>{});
      }
      CHECK((again == 1 || layer.running_mean()(0) == 0));  // nothing moves before the end
      layer.end_refresh();
    }
    for (std::size_t c = 0; c != channels; ++c) {
      auto const [mean, variance] = moments(x, c, channels);
      CHECK(layer.running_mean()(c) == doctest::Approx(mean).epsilon(1e-12));
      CHECK(layer.running_variance()(c) == doctest::Approx(variance).epsilon(1e-12));
    }
  }
}

TEST_CASE("batch_norm: inference uses the running statistics and changes nothing") {
  nn::batch_norm<double> layer;
  layer.build({2}, {});
  layer.reserve(4);
  auto const x = test::uniform(8, 4);
  std::vector<double> y(8);
  layer.forward(std::span<double const>(x), std::span(y), 4, nn::pass::train, sqwa::backend<>{});
  auto const mean = layer.running_mean(), variance = layer.running_variance();
  layer.forward(std::span<double const>(x), std::span(y), 4, nn::pass::infer, sqwa::backend<>{});
  CHECK(layer.running_mean() == mean);
  CHECK(layer.running_variance() == variance);
  for (std::size_t i = 0; i != 8; ++i) {
    CHECK(y[i] == doctest::Approx((x[i] - mean(i % 2)) / std::sqrt(variance(i % 2) + 1e-5)).epsilon(1e-6));
  }
}

TEST_CASE("batch_norm: one value a channel, and channels that never change, stay finite") {
  nn::batch_norm layer;
  layer.build({1, 1, 2}, {});
  layer.reserve(1);
  std::vector<float> const x{3, -4};
  std::vector<float> y(2), dx(2);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<float>{0, 0});
  layer.backward(std::span<float const>(x), std::span<float const>(x), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<float>{0, 0});
  CHECK(std::isfinite(layer.running_variance()(0)));
}

TEST_CASE("batch_norm: an input without elements is refused") {
  CHECK(test::refuses([] { nn::batch_norm{}.build({3, 0}, {}); }, "without elements"));
}

TEST_CASE("batch_norm: a momentum outside of [0, 1] and a negative epsilon are refused") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  for (float bad : {-0.1F, 1.1F, nan})
    CHECK(test::refuses([&] { nn::batch_norm{{.momentum = bad}}; }, "a momentum of"));
  for (float bad : {-1e-5F, std::numeric_limits<float>::infinity(), nan}) {
    CHECK(test::refuses([&] { nn::batch_norm{{.epsilon = bad}}; }, "an epsilon of"));
  }
}

}  // namespace SQWA_TEST_FILE
