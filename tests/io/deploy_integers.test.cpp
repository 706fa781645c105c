// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/deploy_integers.hpp: every layer in integers gives the codes nearest to what it gives in float.
#include <sqwa/io/deploy_integers.hpp>

#include "io/deployable.hpp"
#include "support/refuses.hpp"

#include <sqwa/io/deploy_network.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/models/mobilenet_v2.hpp>
#include <sqwa/nn/models/resnet.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;
namespace nn = sqwa::nn;
namespace deploy = sqwa::deploy;

struct both {
  io::deployed_network<deploy::floats> floats;
  io::deployed_network<deploy::integers> integers;
};

both networks_of(nn::any_model<> model, sqwa::shape const& input, int levels) {
  model.build(input, {.seed = 3});
  auto const low = test::random_numbers_of(model, levels, true, 70);
  both b{io::deploy_network(model, input, low), {}};
  b.integers =
      io::to_integers(b.floats, io::measure_ranges(b.floats, test::random_inputs(20 * input.size(), 1, false)));
  return b;
}

double number(std::int64_t code, io::activation_grid const& g) {
  return (static_cast<double>(code) - g.zero) * g.scale;
}

/// How far a layer in integers is from the layer in float on the numbers that its input codes stand for, in steps of
/// its output, at most.
double largest_error(both const& b) {
  auto const floats = b.floats.table();
  std::vector<io::activation_grid> grids{b.integers.input};
  for (auto const& l : b.integers.layers) grids.push_back(*l.grid);
  double largest = 0;
  for (std::uint64_t seed = 2; seed != 6; ++seed) {
    auto const x = test::random_inputs(b.floats.input_size(), seed, false);
    std::vector<std::vector<std::int64_t>> codes(1);
    std::vector<std::uint8_t> bytes;
    for (float v : x) {
      bytes.push_back(
          static_cast<std::uint8_t>(std::clamp(std::floor(v / grids[0].scale + 0.5) + grids[0].zero, 0.0, 255.0)));
      codes[0].push_back(bytes.back());
    }
    b.integers.run_with(bytes, [&](std::size_t, std::span<std::uint8_t> y) { codes.emplace_back(y.begin(), y.end()); });
    auto const last = b.integers.run(bytes);
    codes.back().assign(last.begin(), last.end());
    for (std::size_t i = 0; i != floats.size(); ++i) {
      auto const decoded = [&](std::size_t value) {
        std::vector<float> all;
        for (std::int64_t c : codes[value]) all.push_back(static_cast<float>(number(c, grids[value])));
        return all;
      };
      auto const from = decoded(floats[i].from), other = decoded(floats[i].other);
      std::vector<float> y(floats[i].out.size()), copy(floats[i].window_size());
      deploy::run_layer<deploy::any_operation>(floats[i], from.data(), other.data(), y.data(), copy.data());
      io::activation_grid const& g = grids[i + 1];
      bool const wide = i + 1 == floats.size() && !b.floats.layers[i].grid;
      double most = 0;
      for (float v : y) most = std::max(most, std::abs(static_cast<double>(v)) / g.scale);
      double const allowed = wide ? 0.5 + 1e-5 * most : 0.5;
      for (std::size_t k = 0; k != y.size(); ++k) {
        double exact = static_cast<double>(y[k]) / g.scale + g.zero;
        if (!wide) exact = std::clamp(exact, 0.0, static_cast<double>(g.max_code));
        largest = std::max(largest, 0.5 * std::abs(static_cast<double>(codes[i + 1][k]) - exact) / allowed);
      }
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("to_integers: each layer gives the code nearest to its number") {
  constexpr double half = 0.51;  // and the rounding of the layer in float
  for (int levels : {3, 15, 255}) {
    CHECK(largest_error(networks_of(nn::any_model<>{nn::conv2d<>{5, {.stride = 2, .padding = 1}}, nn::batch_norm<>{},
                                                    nn::relu<>{}, nn::max_pool<>{2, 1}, nn::dense<>{4}},
                                    {7, 6, 3}, levels)) < half);
    CHECK(largest_error(
              networks_of(nn::any_model<>{nn::conv2d<>{5, {.padding = 2}}, nn::average_pool<>{2}, nn::batch_norm<>{},
                                          nn::relu6<>{}, nn::global_average_pool<>{}, nn::dense<>{4}},
                          {7, 6, 3}, levels)) < half);
  }
  CHECK(largest_error(networks_of(nn::resnet<>(8, 10, {.width = 4}), {8, 8, 3}, 3)) < half);
  CHECK(largest_error(networks_of(nn::resnet<>(8, 10, {.width = 4, .shortcut = nn::shortcut::projection}), {8, 8, 3},
                                  15)) < half);
  CHECK(largest_error(networks_of(nn::mobilenet_v2<>(10, {.width = 0.25F}), {8, 8, 3}, 15)) < half);
}

TEST_CASE("to_integers: networks may end with any layer") {
  constexpr double half = 0.51;
  auto const convolved = [](auto... more) {
    return networks_of(nn::any_model<>{nn::conv2d<>{3, {.padding = 1}}, more...}, {6, 6, 2}, 7);
  };
  CHECK(largest_error(convolved(nn::relu<>{})) < half);
  CHECK(largest_error(convolved(nn::global_average_pool<>{})) < half);
  CHECK(largest_error(convolved(nn::relu<>{}, nn::batch_norm<>{})) < half);
  CHECK(largest_error(convolved(nn::max_pool<>{2})) < half);
  CHECK(largest_error(convolved(nn::relu<>{}, nn::basic_block<>{3})) < half);
}

TEST_CASE("to_integers: rounded activations have the points that training gave them") {
  nn::fake_quantize<sqwa::activation_step> const step(sqwa::activation_step{.levels = 16});
  nn::fake_quantize<sqwa::activation_step> const sides(sqwa::activation_step{.levels = 15, .is_signed = true});
  nn::fake_quantize<> const clip(sqwa::learned_clip{.levels = 256});
  both const b = networks_of(nn::any_model<>{sides, nn::conv2d<>{4}, nn::relu<>{}, step, nn::max_pool<>{2}, clip,
                                             nn::conv2d<>{3, {.kernel = 1}}, nn::max_pool<>{2, 1}, sides},
                             {8, 8, 2}, 3);
  CHECK(largest_error(b) < 0.51);
  auto const& l = b.integers.layers;
  REQUIRE(l.size() == 6);
  constexpr auto step_size = static_cast<double>(0.05F);
  CHECK(*l[0].grid == io::activation_grid{step_size, 7, 14});
  CHECK(*l[1].grid == io::activation_grid{step_size, 0, 15});
  CHECK(*l[2].grid == io::activation_grid{step_size, 0, 15});  // the largest of rounded ones
  CHECK(*l[3].grid == io::activation_grid{step_size / 255, 0, 255});
  CHECK(*l[4].grid == io::activation_grid{step_size, 7, 14});  // rounded before the largest is taken
  CHECK(b.integers.output == io::activation_grid{step_size, 7, 14});
  std::vector<std::uint8_t> const x(b.integers.input_size(), 255);
  for (auto v : b.integers.run(x)) CHECK((v >= 0 && v <= 14));
}

TEST_CASE("measure_ranges: each value from zero on, rounded where training rounds") {
  nn::any_model<> model{nn::relu<>{}, nn::fake_quantize<sqwa::activation_step>(sqwa::activation_step{.levels = 4})};
  model.add(nn::dense<>{1, {.bias = false}});
  sqwa::low_bit_model low;
  low.floats = {{"fake_quantize_2.scale", {1}, {1}}, {"dense_3.weight", {1, 2}, {-2, 1}}};
  auto const network = io::deploy_network(model, {2}, low);
  auto const ranges = io::measure_ranges(network, std::array<float, 4>{-5, 1.4F, 9, 2});
  REQUIRE(ranges.size() == 3);
  CHECK(std::pair(ranges[0].least, ranges[0].most) == std::pair(-5.0F, 9.0F));
  CHECK(std::pair(ranges[1].least, ranges[1].most) == std::pair(0.0F, 3.0F));
  CHECK(std::pair(ranges[2].least, ranges[2].most) == std::pair(-4.0F, 1.0F));
  CHECK(io::grid_of({-1, 4.1F}).zero == 50);
  CHECK(io::grid_of({2, 5.1F}) == io::activation_grid{static_cast<double>(5.1F) / 255, 0, 255});
  CHECK(io::grid_of({}) == io::activation_grid{});
  CHECK(
      test::refuses([&] { (void)io::measure_ranges(network, std::array<float, 3>{}); }, "3 numbers for samples of 2"));
  CHECK(test::refuses([&] { (void)io::measure_ranges(network, {}); }, "0 numbers"));
  CHECK(test::refuses([&] { (void)io::measure_ranges(network, std::array<float, 2>{HUGE_VALF, 0}); }, "not finite"));
}

TEST_CASE("to_integers: what integers cannot hold is refused") {
  nn::any_model<> model{nn::dense<>{2}};
  model.build({6}, {});
  auto low = test::random_numbers_of(model, 3, true, 1);
  auto const attempt = [&](char const* why, std::size_t ranges = 2) {
    auto const network = io::deploy_network(model, {6}, low);
    std::vector<io::value_range> const all(ranges, {-1, 1});
    return test::refuses([&] { (void)io::to_integers(network, all); }, why);
  };
  CHECK(attempt("3 ranges for 1 layers", 3));
  low.floats[0].values[1] = HUGE_VALF;
  CHECK(attempt("an offset that is not finite"));
  low.floats[0].values[1] = 1e30F;
  CHECK(attempt("too large"));
  low.floats.push_back({"dense_1.weight", {2, 6}, std::vector<float>(12)});
  low.weights.clear();
  low.floats[0].values[1] = 0;
  CHECK(attempt("weights in float"));

  nn::any_model<> wide{nn::dense<>{1}};
  wide.build({65'535}, {});
  low = test::random_numbers_of(wide, 255, false, 1);
  auto network = io::deploy_network(wide, {65'535}, low);
  std::vector<io::value_range> const ranges(2, {-1, 1});
  CHECK_FALSE(test::refuses([&] { (void)io::to_integers(network, ranges); }, "32 bits"));
  network.layers[0].entry.in.rows = network.layers[0].entry.window_rows = 2;  // 131,070 products of 127 * 255
  CHECK(test::refuses([&] { (void)io::to_integers(network, ranges); }, "more than 32 bits hold"));
}

TEST_CASE("to_integers: a channel of zero weights gives its offset, and a network of zeros gives zeros") {
  nn::any_model<> model{nn::conv2d<>{2, {.kernel = 1}}, nn::relu<>{}, nn::dense<>{2}};
  model.build({2, 2, 1}, {});
  auto low = test::random_numbers_of(model, 3, true, 1);
  low.weights[0].weights.scales = {0, 0};
  low.floats[0].values = {0.75F, 0};
  both b{io::deploy_network(model, {2, 2, 1}, low), {}};
  b.integers = io::to_integers(b.floats, io::measure_ranges(b.floats, test::random_inputs(40, 1, false)));
  CHECK(largest_error(b) < 0.51);
  CHECK(*b.integers.layers[0].grid == io::activation_grid{0.75 / 255, 0, 255});
  low.floats[0].values = {0, 0};
  low.floats[1].values = {0, 0};
  b.floats = io::deploy_network(model, {2, 2, 1}, low);
  b.integers = io::to_integers(b.floats, io::measure_ranges(b.floats, test::random_inputs(40, 1, false)));
  CHECK(b.integers.run(std::vector<std::uint8_t>{0, 255, 3, 4}) == std::vector<std::int32_t>{0, 0});
}

}  // namespace SQWA_TEST_FILE
