// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/deploy_network.hpp, deploy_layers.hpp, deploy_builder.hpp, deploy_weights.hpp and
// deployed_network.hpp: networks for microcontrollers against the layers they come from.
#include <sqwa/io/deploy_network.hpp>

#include "io/deployable.hpp"
#include "support/refuses.hpp"

#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/models/lenet5.hpp>
#include <sqwa/nn/models/mlp.hpp>
#include <sqwa/nn/models/mobilenet_v2.hpp>
#include <sqwa/nn/models/resnet.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;
namespace nn = sqwa::nn;
namespace deploy = sqwa::deploy;

/// The largest difference of the engine's outputs from the network's, over the largest output.
double distance(nn::any_model<> model, sqwa::shape const& input, int levels, bool channels) {
  std::size_t const outputs = model.build(input, {.seed = 3}).size();
  auto const low = test::random_numbers_of(model, levels, channels, 50);
  auto const network = io::deploy_network(model, input, low);
  double largest = 0, difference = 0;
  for (std::size_t seed = 1; seed != 4; ++seed) {
    auto const x = test::random_inputs(input.size(), seed, false);
    auto const y = test::inferred(model, x, outputs);
    auto const z = network.run(x);
    REQUIRE(z.size() == outputs);
    for (std::size_t i = 0; i != outputs; ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(y[i])));
      difference = std::max(difference, std::abs(static_cast<double>(y[i]) - static_cast<double>(z[i])));
    }
  }
  CHECK(largest > 0);
  return difference / largest;
}

std::size_t layers_of(nn::any_model<> model, sqwa::shape const& input) {
  model.build(input, {.seed = 3});
  auto const low = test::random_numbers_of(model, 3, false, 50);
  return io::deploy_network(model, input, low).layers.size();
}

/// A dense layer of 6 inputs and 2 outputs, with weights of these blocks.
sqwa::low_bit_model dense_numbers(int levels, sqwa::blocks const& layout) {
  return {{test::random_tensor("dense_1.weight", levels, {2, 6}, layout, 1)}, {{"dense_1.bias", {2}, {0, 0}}}, {}};
}

}  // namespace

TEST_CASE("deploy_network: the engine computes what the layers compute, up to the order of sums") {
  constexpr double close = 1e-5;
  for (int levels : {3, 7, 15, 255}) {
    for (bool channels : {false, true}) {
      CHECK(distance(nn::any_model<>{nn::conv2d<>{5, {.kernel = 3, .stride = 2, .padding = 1}}, nn::relu<>{},
                                     nn::max_pool<>{2, 1}, nn::flatten<>{}, nn::dense<>{4}},
                     {7, 6, 3}, levels, channels) < close);
      CHECK(
          distance(nn::any_model<>{nn::depthwise_conv2d<>{{.kernel = 3, .stride = 2, .padding = 2}}, nn::batch_norm<>{},
                                   nn::relu6<>{}, nn::average_pool<>{2}, nn::conv2d<>{3, {.kernel = 1}}},
                   {6, 7, 5}, levels, channels) < close);
    }
  }
  CHECK(distance(nn::mlp<>({7, 5}, 3), {3, 3, 1}, 3, true) < close);
  CHECK(distance(nn::lenet5<>(10), {28, 28, 1}, 3, false) < close);
  CHECK(distance(nn::resnet<>(8, 10, {.width = 4}), {8, 8, 3}, 3, true) < close);
  CHECK(distance(nn::resnet<>(8, 10, {.width = 4, .shortcut = nn::shortcut::projection}), {8, 8, 3}, 3, true) < close);
  CHECK(distance(nn::mobilenet_v2<>(10, {.width = 0.25F}), {8, 8, 3}, 15, true) < close);
}

TEST_CASE("deploy_network: what others look at stays as it is") {
  using branch = nn::any_branch<>;
  constexpr double close = 1e-5;
  nn::any_model<> first{nn::conv2d<>{4, {.padding = 1}}};  // the body changes what the shortcut takes
  first.add(nn::residual{branch{nn::batch_norm<>{}, nn::relu<>{}, nn::conv2d<>{4, {.padding = 1}}}});
  CHECK(distance(first, {5, 5, 2}, 3, true) < close);
  nn::any_model<> second{nn::conv2d<>{4, {.padding = 1}}, nn::relu<>{}, nn::batch_norm<>{}, nn::relu<>{}};
  second.add(nn::residual{branch{nn::conv2d<>{6, {.stride = 2, .padding = 1}}},
                          branch{nn::conv2d<>{6, {.kernel = 1, .stride = 2}}, nn::batch_norm<>{}}});
  second.add(nn::relu<>{}).add(nn::batch_norm<>{});
  CHECK(distance(second, {5, 5, 2}, 3, true) < close);
  nn::any_model<> third{nn::batch_norm<>{},  nn::max_pool<>{2},           nn::relu<>{},      nn::batch_norm<>{},
                        nn::dropout<>{0.5F}, nn::global_average_pool<>{}, nn::batch_norm<>{}};
  CHECK(distance(third, {5, 5, 2}, 3, true) < close);
  nn::any_model<> fourth{nn::relu<>{}, nn::relu<>{}};
  fourth.add(nn::residual{branch{nn::relu<>{}}, nn::padding_shortcut<>{2}});
  CHECK(distance(fourth, {3, 3, 2}, 3, true) < close);
}

TEST_CASE("deploy_network: batch-norm and relu take no layer of their own where one is before them") {
  CHECK(layers_of(nn::any_model<>{nn::conv2d<>{4}, nn::batch_norm<>{}, nn::relu<>{}, nn::global_average_pool<>{}},
                  {5, 5, 2}) == 2);
  CHECK(layers_of(nn::any_model<>{nn::conv2d<>{4}, nn::relu<>{}, nn::batch_norm<>{}}, {5, 5, 2}) == 2);
  CHECK(layers_of(nn::any_model<>{nn::dense<>{4}, nn::dropout<>{}, nn::batch_norm<>{}, nn::batch_norm<>{}}, {5}) == 1);
}

TEST_CASE("deploy_network: pixels are normalized by the network, and padded with the mean") {
  nn::any_model<> model{nn::conv2d<>{4, {.padding = 1}}, nn::relu<>{}, nn::global_average_pool<>{}, nn::dense<>{3}};
  sqwa::shape const input{4, 4, 2};
  model.build(input, {});
  auto const low = test::random_numbers_of(model, 3, true, 9);
  nn::normalization const how(std::array<double, 2>{100, 50}, std::array<double, 2>{60, 20});
  auto const network = io::deploy_network(model, input, low, how);
  auto const bytes = test::random_inputs(input.size(), 4, true);
  std::vector<float> x = bytes;
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = i % 2 == 0 ? (x[i] - 100) / 60 : (x[i] - 50) / 20;
  auto const y = test::inferred(model, x, 3);
  auto const z = network.run(bytes);
  for (std::size_t i = 0; i != 3; ++i) CHECK(z[i] == doctest::Approx(y[i]).epsilon(1e-4));
  CHECK(test::refuses([&] { (void)io::deploy_network(model, {4, 4, 3}, low, how); }, "normalization of 2 channels"));
}

TEST_CASE("deploy_network: weights in float stay in float") {
  nn::any_model<> model{nn::depthwise_conv2d<>{}, nn::conv2d<>{3}, nn::dense<>{2}};
  sqwa::shape const input{5, 5, 2};
  model.build(input, {.seed = 8});
  sqwa::low_bit_model low;
  for (auto const& p : model.parameters()) {
    low.floats.push_back({p.name, p.extents, {p.value.begin(), p.value.end()}});
  }
  auto const x = test::random_inputs(input.size(), 4, false);
  auto const y = test::inferred(model, x, 2);
  auto const z = io::deploy_network(model, input, low).run(x);
  for (std::size_t i = 0; i != 2; ++i) CHECK(z[i] == doctest::Approx(y[i]).epsilon(1e-4));
}

TEST_CASE("deploy_network: what the engine lacks is refused by its name") {
  auto const refused = [](nn::any_model<> model, sqwa::shape const& input, char const* why) {
    model.build(input, {});
    auto const low = test::random_numbers_of(model, 3, false, 1);
    return test::refuses([&] { (void)io::deploy_network(model, input, low); }, why);
  };
  CHECK(
      refused(nn::any_model<>{nn::grouped_conv2d<>{4, 2}}, {5, 5, 4}, "grouped_conv2d_1. is a convolution in groups"));
  CHECK(refused(nn::any_model<>{nn::flatten<>{}}, {5, 5, 4}, "without layers"));
  nn::any_model<> model{nn::dense<>{2}};
  model.build({6}, {});
  sqwa::shape const e{2, 6};
  auto const attempt = [&](sqwa::low_bit_model const& low, char const* why, sqwa::shape const& input = {6}) {
    return test::refuses([&] { (void)io::deploy_network(model, input, low); }, why);
  };
  auto const good = dense_numbers(3, sqwa::per_tensor{}(e));
  CHECK(attempt(dense_numbers(3, sqwa::per_channel{1}(e)), "dense_1.weight has 6 scales"));
  CHECK(attempt(dense_numbers(3, sqwa::per_group{4}(e)), "has 3 scales"));
  CHECK(attempt(dense_numbers(257, sqwa::per_tensor{}(e)), "has 257 levels"));
  CHECK(attempt(good, "does not fit 5 inputs", {5}));
  CHECK(attempt(good, "has 2 extents", {2, 3}));
  auto low = good;
  low.floats.push_back({"other", {1}, {0}});
  CHECK(attempt(low, "no layer has a tensor other"));
  low.floats.back() = good.floats[0];
  CHECK(attempt(low, "two tensors have the name dense_1.bias"));
  low = good;
  low.weights.clear();
  CHECK(attempt(low, "no tensor dense_1.weight"));
  low = good;
  low.floats[0] = {"dense_1.bias", {3}, {0, 0, 0}};
  CHECK(attempt(low, "dense_1.bias has 3 elements, not 2"));
  CHECK(test::refuses([&] { (void)io::deploy_network(model, {6}, good).run(std::vector<float>(5)); }, "input of 5"));
}

}  // namespace SQWA_TEST_FILE
