// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include "support/gradient_check.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

static_assert(nn::layer<nn::any_model<>> && nn::layer<nn::any_model<double>> && nn::layer<nn::any_branch<>>);
static_assert(nn::any_model<>::holds<nn::basic_block<float>> && !nn::any_model<>::holds<nn::basic_block<double>>);

}  // namespace

TEST_CASE("any_model: gradients agree with finite differences through one of every kind of layer") {
  using branch = nn::any_branch<double>;
  branch const body{nn::depthwise_conv2d<double>{{.padding = 1}}, nn::batch_norm<double>{}, nn::relu6<double>{}};
  branch const down{nn::conv2d<double>{6, {.stride = 2, .padding = 1}}, nn::relu<double>{}};
  branch const projection{nn::conv2d<double>{6, {.kernel = 1, .stride = 2}}};
  nn::any_model<double> model;
  model.add(nn::conv2d<double>{4, {.padding = 1}}).add(nn::basic_block<double>{4});
  model.add(nn::residual{body}).add(nn::residual{down, nn::padding_shortcut<double>{6, 2}});
  model.add(nn::dropout<double>{0.25F}).add(nn::grouped_conv2d<double>{6, 3, {.padding = 1}});
  model.add(nn::residual{down, projection}).add(nn::average_pool<double>{1}).add(nn::max_pool<double>{1});
  model.add(branch{nn::relu<double>{}, nn::relu6<double>{}}).add(nn::global_average_pool<double>{});
  model.add(nn::flatten<double>{}).add(nn::dense<double>{3});
  CHECK(model.size() == 13);
  test::check_gradients(model, {6, 5, 2}, 2);
}

TEST_CASE("any_model: activations of few levels are layers like any other") {
  nn::any_model<> model{nn::dense<float>{4}, nn::fake_quantize<sqwa::learned_clip, float>{},
                        nn::dense<float>{4}, nn::fake_quantize<sqwa::activation_step, float>{},
                        nn::dense<float>{4}, nn::fake_quantize<sqwa::moving_range, float>{},
                        nn::dense<float>{2}};
  model.build({3}, {.seed = 1});
  std::string kinds;
  for (auto const& p : model.parameters()) {
    if (p.name.starts_with("fake_quantize")) kinds += p.name + " ";
  }
  CHECK(kinds == "fake_quantize_2.bound fake_quantize_4.scale fake_quantize_6.bound ");
}

TEST_CASE("any_model: trains, refreshes its statistics and evaluates bit for bit as a sequential of the same layers") {
  nn::data_set set;
  set.images.resize({40, 4, 4, 1});
  set.labels.resize({40});
  set.classes = 2;
  for (std::size_t s = 0; s != 40; ++s) {
    set.labels(s) = static_cast<std::uint8_t>(s % 2);
    for (std::size_t i = 0; i != 16; ++i) {
      auto const u = sqwa::noise{.seed = 1}.below(s * 16 + i, 100);
      set.images(s, i / 4, i % 4, 0) = static_cast<std::uint8_t>(u + (i / 8 == s % 2 ? 100 : 0));
    }
  }
  auto const results = [&](auto model) {
    nn::trainer learner{model, set, {.batch = 16}};
    std::vector<double> all;
    for (int step = 0; step != 20; ++step) {
      all.push_back(static_cast<double>(learner.backward()));
      learner.update(0.1F);
    }
    learner.refresh_statistics();
    sqwa::score const s = learner.evaluate(set);
    all.insert(all.end(), {s.loss, s.accuracy});
    return all;
  };
  nn::conv2d_options const same{.padding = 1, .bias = false};
  auto const expected = results(nn::sequential{
      nn::residual{nn::sequential{nn::conv2d{4, same}, nn::batch_norm{}, nn::relu{}}, nn::padding_shortcut{4}},
      nn::dropout{0.2F}, nn::global_average_pool{}, nn::dense{2}});
  nn::any_branch<> const body{nn::conv2d<float>{4, same}, nn::batch_norm<float>{}, nn::relu<float>{}};
  CHECK(results(nn::any_model<>{nn::residual{body, nn::padding_shortcut<float>{4}}, nn::dropout<float>{0.2F},
                                nn::global_average_pool<float>{}, nn::dense<float>{2}}) == expected);
  CHECK(expected[19] < expected[0]);
}

}  // namespace SQWA_TEST_FILE
