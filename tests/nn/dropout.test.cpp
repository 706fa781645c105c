// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/dropout.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/relu6.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class Layer>
std::vector<float> forward(Layer& layer, std::vector<float> const& x, nn::pass what = nn::pass::train) {
  std::vector<float> y(x.size());
  layer.forward(std::span<float const>(x), std::span(y), 1, what, sqwa::backend<>{});
  return y;
}

nn::dropout<float> built(float p, sqwa::noise const& init) {
  nn::dropout<float> layer{p};
  layer.build({1'000}, init);
  return layer;
}

}  // namespace

TEST_CASE("dropout: gradients agree with finite differences, also beside layers that work in place") {
  test::check_gradients(nn::dropout<double>{0.3F}, {5, 3}, 9);
  test::check_gradients(nn::sequential{nn::dense<double>{9}, nn::relu6<double>{}, nn::dropout<double>{0.4F},
                                       nn::relu<double>{}, nn::dense<double>{2}},
                        {4}, 3);
}

TEST_CASE("dropout: as many elements are left out as p says, the others scaled, and the mean stays") {
  std::size_t const n = 200'000;
  for (float const p : {0.0F, 0.1F, 0.5F, 0.9F}) {
    nn::dropout<float> layer{p};
    layer.build({n}, {.seed = 3});
    auto const y = forward(layer, std::vector<float>(n, 2.0F));
    auto const left_out = static_cast<double>(std::ranges::count(y, 0.0F));
    double const q = static_cast<double>(p), deviation = std::sqrt(q * (1 - q) * static_cast<double>(n));
    CHECK(std::abs(left_out - q * static_cast<double>(n)) <= 4 * deviation);
    float const scaled = 2.0F * (1.0F / (1.0F - p));
    CHECK(std::ranges::count(y, scaled) + std::ranges::count(y, 0.0F) == static_cast<std::ptrdiff_t>(n));
  }
}

TEST_CASE("dropout: in inference and refresh nothing happens, and nothing is counted") {
  auto layer = built(0.5F, {.seed = 1});
  auto const x = test::uniform<float>(1'000, 1);
  CHECK(forward(layer, x, nn::pass::infer) == x);
  CHECK(forward(layer, x, nn::pass::refresh) == x);
  CHECK(layer.passes() == 0);
}

TEST_CASE("dropout: another choice in every pass, for every seed and every place; the same for the same three") {
  std::vector<float> const x(1'000, 1.0F);
  auto a = built(0.5F, {.seed = 1, .tensor = 1}), b = a;
  auto const first = forward(a, x), second = forward(a, x);
  CHECK(first != second);
  CHECK(forward(b, x) == first);
  CHECK(forward(b, x) == second);
  auto other_seed = built(0.5F, {.seed = 2, .tensor = 1}), other_place = built(0.5F, {.seed = 1, .tensor = 2});
  CHECK(forward(other_seed, x) != first);
  CHECK(forward(other_place, x) != first);
  a.build({1'000}, {.seed = 1, .tensor = 1});  // built anew, it begins anew
  CHECK(forward(a, x) == first);
}

TEST_CASE("dropout: set to the passes of another, it continues like that one") {
  std::vector<float> const x(1'000, 1.0F);
  auto a = built(0.5F, {.seed = 1}), b = a;
  for (int i = 0; i != 3; ++i) forward(a, x);
  CHECK(a.passes() == 3);
  b.set_passes(a.passes());
  CHECK(forward(b, x) == forward(a, x));
}

TEST_CASE("dropout: what is left out is zero, whatever it was") {
  auto layer = built(0.5F, {.seed = 1});
  auto const y = forward(layer, std::vector<float>(1'000, std::numeric_limits<float>::infinity()));
  CHECK(std::ranges::count(y, 0.0F) > 400);
  CHECK(std::ranges::count(y, std::numeric_limits<float>::infinity()) > 400);
}

TEST_CASE("dropout: every backend gives the same bits") {
  auto const expected = test::training_pass(nn::dropout<float>{}, {501, 31}, 2, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    CHECK(test::training_pass(nn::dropout<float>{}, {501, 31}, 2, where) == expected);
  });
}

TEST_CASE("dropout: probabilities outside [0, 1) are refused") {
  for (float const p : {-0.1F, 1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([&] { nn::dropout{p}; }, "is not in [0, 1)"));
  }
}

}  // namespace SQWA_TEST_FILE
