// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/padding_shortcut.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <concepts>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class T>
auto network() {
  return nn::sequential{nn::conv2d<T>{3, {.kernel = 3, .padding = 1, .bias = false}},
                        nn::batch_norm<T>{},
                        nn::relu<T>{},
                        nn::max_pool<T>{2},
                        nn::conv2d<T>{4, {.kernel = 2, .stride = 1}},
                        nn::relu<T>{},
                        nn::flatten<T>{},
                        nn::dense<T>{5}};
}

template <class... Layers>
concept stackable = requires(Layers... l) {
  nn::sequential{l...};
};

static_assert(nn::layer<decltype(network<float>())> && nn::layer<decltype(network<double>())>);
static_assert(std::same_as<decltype(network<double>())::scalar, double>);
static_assert(stackable<nn::relu<float>, nn::dense<float>>);
static_assert(!stackable<nn::relu<float>, nn::dense<double>> && !stackable<nn::relu<float>, int>);

}  // namespace

TEST_CASE("sequential: gradients agree with finite differences through the whole network") {
  test::check_gradients_everywhere(network<double>(), {5, 7, 2}, 3);
}

TEST_CASE("sequential: layers that work in place may stand anywhere") {
  test::check_gradients(
      nn::sequential{nn::relu<double>{}, nn::flatten<double>{}, nn::dense<double>{3}, nn::relu<double>{}}, {2, 3, 1},
      2);
  test::check_gradients(nn::sequential{nn::dense<double>{3}, nn::relu<double>{}, nn::flatten<double>{}}, {4}, 2);
  test::check_gradients(nn::sequential{nn::relu<double>{}}, {4}, 2);
  test::check_gradients(nn::sequential{nn::flatten<double>{}, nn::relu<double>{}}, {4}, 2);
}

TEST_CASE("sequential: one inside another is a layer like any other") {
  test::check_gradients(
      nn::sequential{nn::sequential{nn::conv2d<double>{2}, nn::relu<double>{}}, nn::sequential{nn::dense<double>{3}}},
      {4, 4, 1}, 2);
}

TEST_CASE("sequential: every backend gives the same bits") {
  auto const expected = test::training_pass(network<float>(), {11, 9, 3}, 41, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    CHECK(test::training_pass(network<float>(), {11, 9, 3}, 41, where) == expected);
  });
}

TEST_CASE("sequential: parameters are named after layer and place, in a fixed order, and point into the model") {
  nn::sequential model{nn::conv2d{2, {.bias = false}}, nn::batch_norm{}, nn::relu{},
                       nn::sequential{nn::global_average_pool{}, nn::dense{3}}};
  CHECK(model.build({4, 4, 1}, {.seed = 1}) == sqwa::shape{3});
  std::vector<std::string> names;
  for (auto const& p : model.parameters()) {
    names.push_back(p.name);
    CHECK(p.extents.size() == p.value.size());
    CHECK(p.gradient.size() == (p.kind == nn::role::statistic ? 0 : p.value.size()));
  }
  CHECK(names == std::vector<std::string>{"conv2d_1.weight", "batch_norm_2.scale", "batch_norm_2.shift",
                                          "batch_norm_2.running_mean", "batch_norm_2.running_var",
                                          "sequential_4.dense_2.weight", "sequential_4.dense_2.bias"});
  model.parameters()[0].value[0] = 42;
  CHECK(model.get<0>().weight()(0, 0, 0, 0) == 42);
  CHECK(model.parameters()[0].extents == sqwa::shape{2, 3, 3, 1});
}

TEST_CASE("sequential: layers of equal extents begin with different weights, equal seeds with equal ones") {
  nn::sequential a{nn::dense{4}, nn::dense{4}, nn::sequential{nn::dense{4}}}, b = a;
  a.build({4}, {.seed = 1});
  b.build({4}, {.seed = 1});
  CHECK(a.get<0>().weight() == b.get<0>().weight());
  CHECK(a.get<0>().weight() != a.get<1>().weight());
  CHECK(a.get<0>().weight() != a.get<2>().get<0>().weight());
  b.build({4}, {.seed = 2});
  CHECK(a.get<0>().weight() != b.get<0>().weight());
}

TEST_CASE("sequential: samples that no memory holds are refused, at the entrance and behind a layer") {
  constexpr std::size_t many = std::size_t{1} << 40;
  CHECK(test::refuses([] { nn::sequential{nn::relu{}}.build({many, many}, {}); }, "than fit into memory"));
  CHECK(test::refuses(
      [] {
        nn::sequential{nn::padding_shortcut{many}}.build({1 << 12, 1 << 13, 1}, {});
      },
      "than fit into memory"));
}

}  // namespace SQWA_TEST_FILE
