// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class Model>
std::map<std::string, std::vector<float>> tensors(Model& model, bool gradients) {
  std::map<std::string, std::vector<float>> all;
  auto const keep = [&](nn::parameter<float> const& p) {
    auto const values = gradients ? p.gradient : p.value;
    all[p.name].assign(values.begin(), values.end());
  };
  if constexpr (requires { model.parameters(); }) {
    for (auto const& p : model.parameters()) keep(p);
  } else {
    model.visit(keep);
  }
  return all;
}

/// A block beside conv2d, batch_norm, relu, conv2d and batch_norm with the same weights and the sum written out.
template <class Backend>
void compare_with_layers(std::size_t channels, Backend where) {
  std::size_t const batch = 19;
  sqwa::shape const input{6, 5, channels};
  nn::basic_block<float> block(channels);
  nn::conv2d_options const same{.kernel = 3, .padding = 1, .bias = false};
  nn::sequential body{nn::conv2d(channels, same), nn::batch_norm(), nn::relu(), nn::conv2d(channels, same),
                      nn::batch_norm()};
  block.build(input, {.seed = 3});
  body.build(input, {.seed = 4});
  std::map<std::string, std::string> const name_in_body{{"conv1.weight", "conv2d_1.weight"},
                                                        {"norm1.scale", "batch_norm_2.scale"},
                                                        {"norm1.shift", "batch_norm_2.shift"},
                                                        {"norm1.running_mean", "batch_norm_2.running_mean"},
                                                        {"norm1.running_var", "batch_norm_2.running_var"},
                                                        {"conv2.weight", "conv2d_4.weight"},
                                                        {"norm2.scale", "batch_norm_5.scale"},
                                                        {"norm2.shift", "batch_norm_5.shift"},
                                                        {"norm2.running_mean", "batch_norm_5.running_mean"},
                                                        {"norm2.running_var", "batch_norm_5.running_var"}};
  std::uint64_t seed = 0;
  for (auto const& p : block.parameters()) {
    if (p.kind == nn::role::norm) std::ranges::copy(test::uniform<float>(p.value.size(), ++seed), p.value.begin());
    for (auto const& q : body.parameters()) {
      if (q.name == name_in_body.at(p.name)) std::ranges::copy(p.value, q.value.begin());
    }
  }
  block.reserve(batch);
  body.reserve(batch);
  auto const x = test::uniform<float>(batch * input.size(), 1);
  auto const w = test::uniform<float>(batch * input.size(), 2);
  std::vector<float> y(x.size()), expected(x.size()), error(x.size()), dx(x.size()), expected_dx(x.size());
  for (nn::pass const what : {nn::pass::infer, nn::pass::refresh, nn::pass::train}) {
    block.forward(std::span<float const>(x), std::span(y), batch, what, where);
    body.forward(std::span<float const>(x), std::span(expected), batch, what, where);
    for (std::size_t i = 0; i != x.size(); ++i) {
      float const sum = expected[i] + x[i];
      expected[i] = sum < 0 ? 0.0F : sum;
    }
    CHECK(y == expected);
  }
  block.backward(std::span<float const>(x), std::span<float const>(w), std::span(dx), batch, where);
  for (std::size_t i = 0; i != x.size(); ++i) error[i] = expected[i] > 0 ? w[i] : 0.0F;
  body.backward(std::span<float const>(x), std::span<float const>(error), std::span(expected_dx), batch, where);
  for (std::size_t i = 0; i != x.size(); ++i) {
    CHECK(dx[i] == doctest::Approx(expected_dx[i] + error[i]).epsilon(1e-4).scale(1.0));
  }
  for (bool const gradients : {false, true}) {
    auto const ours = tensors(block, gradients), theirs = tensors(body, gradients);
    REQUIRE(ours.size() == name_in_body.size());
    for (auto const& [name, values] : ours) CHECK_MESSAGE(values == theirs.at(name_in_body.at(name)), name);
  }
}

}  // namespace

TEST_CASE("basic_block: gradients agree with finite differences, for every shortcut") {
  using block = nn::basic_block<double>;
  test::check_gradients_everywhere(block{4}, {4, 5, 4}, 2);
  test::check_gradients_everywhere(block{4, {.stride = 2}}, {5, 6, 2}, 3);
  test::check_gradients_everywhere(block{5}, {3, 3, 2}, 2);  // one channel in front, two behind
  test::check_gradients_everywhere(block{4, {.stride = 2, .shortcut = nn::shortcut::projection}}, {5, 4, 3}, 3);
  test::check_gradients_everywhere(block{4, {.shortcut = nn::shortcut::projection}}, {3, 4, 3}, 9);  // two pieces
}

TEST_CASE("basic_block: bit for bit the same layers one after the other") {
  compare_with_layers(3, sqwa::backend<>{});
  compare_with_layers(8, sqwa::backend<>{});
  test::every_fused_backend([](auto where) {
    compare_with_layers(3, where);
    compare_with_layers(8, where);
  });
}

TEST_CASE("basic_block: the same bits on every backend, the fused ones among themselves") {
  for (nn::shortcut const how : {nn::shortcut::padding, nn::shortcut::projection}) {
    nn::basic_block const layer{8, {.stride = 2, .shortcut = how}};
    auto const expected = test::training_pass(layer, {7, 6, 4}, 17, sqwa::backend<>{});
    test::every_backend([&](auto where) { CHECK(test::training_pass(layer, {7, 6, 4}, 17, where) == expected); });
    std::vector<float> first;
    test::every_fused_backend([&](auto where) {
      auto const pass = test::training_pass(layer, {7, 6, 4}, 17, where);
      if (first.empty()) first = pass;
      CHECK(pass == first);
    });
  }
}

TEST_CASE("basic_block: the padding shortcut keeps every second pixel and its channels in the middle") {
  nn::basic_block<double> block{4, {.stride = 2}};
  CHECK(block.build({3, 4, 2}, {.seed = 1}) == sqwa::shape{2, 2, 4});
  block.reserve(1);
  for (auto const& p : block.parameters()) {
    if (p.name == "norm2.scale") std::ranges::fill(p.value, 0.0);  // only the shortcut is left
  }
  std::vector<double> x(3 * 4 * 2), y(2 * 2 * 4);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<double>(i + 1);
  block.forward(std::span<double const>(x), std::span(y), 1, nn::pass::train, sqwa::backend<>{});
  CHECK(y == std::vector<double>{0, 1, 2, 0, 0, 5, 6, 0, 0, 17, 18, 0, 0, 21, 22, 0});
}

TEST_CASE("basic_block: refuses what it cannot add") {
  nn::basic_block<float> narrow{2, {.stride = 2}};
  CHECK(test::refuses([&] { narrow.build({4, 4, 3}, {}); }, "3 channels do not fit into 2"));
  CHECK(test::refuses([&] { narrow.build({4, 4}, {}); }, "2 extents"));
}

}  // namespace SQWA_TEST_FILE
