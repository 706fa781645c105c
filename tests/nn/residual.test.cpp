// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/padding_shortcut.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/residual.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class T>
auto body(std::size_t filters, std::size_t stride) {
  return nn::sequential{nn::conv2d<T>{filters, {.stride = stride, .padding = 1, .bias = false}}, nn::batch_norm<T>{},
                        nn::relu<T>{}, nn::conv2d<T>{filters, {.padding = 1, .bias = false}}, nn::batch_norm<T>{}};
}

template <class T>
auto projection(std::size_t filters, std::size_t stride) {
  return nn::sequential{nn::conv2d<T>{filters, {.kernel = 1, .stride = stride, .bias = false}}, nn::batch_norm<T>{}};
}

template <class T>
auto network() {
  return nn::sequential{nn::conv2d<T>{3, {.padding = 1}},
                        nn::residual{body<T>(3, 1)},
                        nn::relu<T>{},
                        nn::residual{body<T>(6, 2), nn::padding_shortcut<T>{6, 2}},
                        nn::relu<T>{},
                        nn::residual{body<T>(4, 2), projection<T>(4, 2)},
                        nn::relu<T>{},
                        nn::dense<T>{3}};
}

template <class... L>
concept makes_residual = requires(L... l) {
  nn::residual{l...};
};

static_assert(nn::layer<decltype(network<float>())> && nn::layer<decltype(network<double>())>);
static_assert(std::same_as<decltype(nn::residual{nn::relu{}})::scalar, float>);
static_assert(makes_residual<nn::relu<float>, nn::dense<float>>);
static_assert(!makes_residual<nn::relu<float>, nn::dense<double>> && !makes_residual<int>);

}  // namespace

TEST_CASE("residual: gradients agree with finite differences, for every kind of shortcut") {
  test::check_gradients_everywhere(nn::residual{body<double>(3, 1)}, {4, 5, 3}, 2);
  test::check_gradients_everywhere(nn::residual{body<double>(5, 2), nn::padding_shortcut<double>{5, 2}}, {5, 4, 2}, 3);
  test::check_gradients_everywhere(nn::residual{body<double>(4, 2), projection<double>(4, 2)}, {5, 4, 3}, 9);
  test::check_gradients(nn::residual{nn::max_pool<double>{2}, nn::conv2d<double>{2, {.kernel = 2, .stride = 2}}},
                        {5, 4, 2}, 2);
  test::check_gradients(nn::residual{nn::residual{nn::dense<double>{4}}, nn::dense<double>{4}}, {4}, 2);
}

TEST_CASE("residual: layers that work in place may be body or shortcut, and stand before and behind") {
  test::check_gradients(nn::residual{nn::relu<double>{}}, {4}, 2);
  test::check_gradients(nn::residual{nn::dense<double>{4}, nn::relu<double>{}}, {4}, 2);
  test::check_gradients(nn::residual{nn::sequential{nn::relu<double>{}, nn::relu<double>{}}, nn::flatten<double>{}},
                        {4}, 2);
  test::check_gradients(
      nn::sequential{nn::dense<double>{4}, nn::relu<double>{},
                     nn::residual{nn::sequential{nn::relu<double>{}, nn::dense<double>{4}, nn::relu<double>{}}},
                     nn::relu<double>{}},
      {3}, 3);
}

TEST_CASE("residual: gradients agree with finite differences through a network of blocks") {
  test::check_gradients_everywhere(network<double>(), {5, 6, 2}, 3);
}

TEST_CASE("residual: every backend gives the same bits") {
  auto const expected = test::training_pass(network<float>(), {9, 7, 3}, 41, sqwa::backend<>{});
  test::every_backend([&](auto where) {
    CHECK(test::training_pass(network<float>(), {9, 7, 3}, 41, where) == expected);
  });
}

TEST_CASE("residual: the sum of body and shortcut, and of their errors") {
  nn::residual<nn::dense<float>, nn::dense<float>> layer{nn::dense<float>{1}, nn::dense<float>{1}};
  CHECK(layer.build({2}, {.seed = 1}) == sqwa::shape{1});
  layer.reserve(1);
  auto const all = layer.parameters();
  std::ranges::copy(std::vector<float>{2, 3}, all[0].value.begin());
  std::ranges::copy(std::vector<float>{-1, 5}, all[2].value.begin());
  std::vector<float> const x{10, 100}, dy{2};
  std::vector<float> y(1), dx(2);
  layer.forward(std::span<float const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<float>{2 * 10 + 3 * 100 - 10 + 5 * 100});
  layer.backward(std::span<float const>(x), std::span<float const>(dy), std::span(dx), 1, sqwa::backend<>{});
  CHECK(dx == std::vector<float>{2 * (2 - 1), 2 * (3 + 5)});
}

TEST_CASE("residual: relu behind a sum is what basic_block computes, bit for bit") {
  sqwa::shape const input{7, 6, 3};
  std::size_t const batch = 19;
  auto const compare = [&](auto layers, nn::basic_block_options options) {
    nn::basic_block<float> block{5, options};
    sqwa::shape const output = block.build(input, {.seed = 3});
    CHECK(layers.build(input, {.seed = 4}) == output);
    std::vector<std::vector<float>> tensors;
    std::uint64_t seed = 0;
    block.visit([&](nn::parameter<float> const& p) {
      if (p.kind == nn::role::norm) std::ranges::copy(test::uniform<float>(p.value.size(), ++seed), p.value.begin());
      tensors.emplace_back(p.value.begin(), p.value.end());
    });
    std::size_t i = 0;
    layers.visit([&](nn::parameter<float> const& p) { std::ranges::copy(tensors.at(i++), p.value.begin()); });
    CHECK(i == tensors.size());
    block.reserve(batch);
    layers.reserve(batch);
    auto const x = test::uniform<float>(batch * input.size(), 1);
    auto const w = test::uniform<float>(batch * output.size(), 2);
    std::vector<float> y(w.size()), expected(w.size()), dx(x.size()), expected_dx(x.size());
    block.forward(std::span<float const>(x), std::span(expected), batch, nn::pass::train, sqwa::backend<>{});
    layers.forward(std::span<float const>(x), std::span(y), batch, nn::pass::train, sqwa::backend<>{});
    CHECK(y == expected);
    block.backward(std::span<float const>(x), std::span<float const>(w), std::span(expected_dx), batch,
                   sqwa::backend<>{});
    layers.backward(std::span<float const>(x), std::span<float const>(w), std::span(dx), batch, sqwa::backend<>{});
    for (std::size_t k = 0; k != x.size(); ++k) CHECK(dx[k] == doctest::Approx(expected_dx[k]).epsilon(1e-4).scale(1));
  };
  compare(nn::sequential{nn::residual{body<float>(5, 2), nn::padding_shortcut<float>{5, 2}}, nn::relu<float>{}},
          {.stride = 2});
  compare(nn::sequential{nn::residual{body<float>(5, 2), projection<float>(5, 2)}, nn::relu<float>{}},
          {.stride = 2, .shortcut = nn::shortcut::projection});
}

TEST_CASE("residual: names say where a tensor belongs, and none occurs twice") {
  auto model = network<float>();
  model.build({8, 8, 3}, {.seed = 1});
  std::vector<std::string> names;
  for (auto const& p : model.parameters()) names.push_back(p.name);
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
  for (char const* name : {"residual_2.body.conv2d_1.weight", "residual_2.body.batch_norm_5.running_var",
                           "residual_6.shortcut.conv2d_1.weight", "residual_6.shortcut.batch_norm_2.scale"}) {
    CHECK_MESSAGE(std::ranges::binary_search(names, std::string(name)), name);
  }
  std::size_t seen = 0;
  model.visit([&](nn::parameter<float> const&) { ++seen; });
  CHECK(seen == names.size());
}

TEST_CASE("residual: a refresh of statistics reaches the normalizations of body and shortcut") {
  nn::residual block{body<float>(4, 1), projection<float>(4, 1)};
  block.build({4, 4, 3}, {.seed = 1});
  block.reserve(8);
  auto const x = test::uniform<float>(8 * 4 * 4 * 3, 1);
  std::vector<float> y(8 * 4 * 4 * 4);
  block.begin_refresh();
  block.forward(std::span<float const>(x), std::span(y), 8, nn::pass::refresh, sqwa::backend<>{});
  block.end_refresh();
  int measured = 0;
  for (auto const& p : block.parameters()) {
    if (p.name.find("running_mean") == std::string::npos) continue;
    ++measured;
    for (float const mean : p.value) CHECK(mean != 0);
  }
  CHECK(measured == 3);
  std::vector<float> inferred(y.size());  // with statistics of this very batch, inference is the same function, nearly
  block.forward(std::span<float const>(x), std::span(inferred), 8, nn::pass::infer, sqwa::backend<>{});
  for (std::size_t i = 0; i != y.size(); ++i) CHECK(inferred[i] == doctest::Approx(y[i]).epsilon(0.02).scale(1));
}

TEST_CASE("residual: body and shortcut begin with different weights") {
  nn::residual block{nn::dense{4}, nn::dense{4}};
  block.build({4}, {.seed = 1});
  CHECK(block.body().weight() != block.shortcut().weight());
}

TEST_CASE("residual: what cannot be added is refused") {
  CHECK(test::refuses([] { nn::residual{nn::dense{3}}.build({4}, {}); },
                      "extent 0 of the output is 3 of the body, 4 of the shortcut"));
  CHECK(test::refuses([] { nn::residual{nn::flatten{}}.build({4, 1}, {}); }, "1 extents of the body, 2 of"));
}

}  // namespace SQWA_TEST_FILE
