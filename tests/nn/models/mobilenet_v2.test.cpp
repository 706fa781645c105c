// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/models/mobilenet_v2.hpp>
#include "golden/models.hpp"
#include "support/model_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

TEST_CASE("mobilenet_v2: outputs and gradients are torch's") {
  test::check_model(nn::mobilenet_v2<double>(5, {.width = 0.25F}), {32, 32, 3}, golden::mobilenet_v2_outputs,
                    golden::mobilenet_v2_gradients);
}

TEST_CASE("mobilenet_v2: as many parameters as torchvision's with 100 classes, for every width") {
  auto const parameters = [](float width) {
    auto model = nn::mobilenet_v2(100, {.width = width});
    CHECK(model.build({32, 32, 3}, {.seed = 1}) == sqwa::shape{100});
    return test::trained_numbers(model);
  };
  CHECK(parameters(1) == 3'504'872 - 900 * 1'281);  // torchvision's has 1000 classes
  CHECK(parameters(0.5F) == 1'968'680 - 900 * 1'281);
  CHECK(parameters(1.4F) == 6'108'776 - 900 * 1'793);
}

TEST_CASE("mobilenet_v2: the numbers of parameters follow from table 2") {
  struct stage {
    std::size_t t, c, n;
  };
  std::size_t channels = 32, count = 27 * channels + 2 * channels;
  for (stage const s : {stage{1, 16, 1}, {6, 24, 2}, {6, 32, 3}, {6, 64, 4}, {6, 96, 3}, {6, 160, 3}, {6, 320, 1}}) {
    for (std::size_t i = 0; i != s.n; ++i) {
      std::size_t const hidden = s.t * channels;
      if (s.t != 1) count += channels * hidden + 2 * hidden;
      count += 9 * hidden + 2 * hidden + hidden * s.c + 2 * s.c;
      channels = s.c;
    }
  }
  count += channels * 1280 + 2 * 1280 + 1281 * 100;
  CHECK(count == 2'351'972);
  auto model = nn::mobilenet_v2(100);
  model.build({32, 32, 3}, {.seed = 1});
  CHECK(test::trained_numbers(model) == count);
  auto ten = nn::mobilenet_v2(10);
  ten.build({32, 32, 3}, {.seed = 1});
  CHECK(test::trained_numbers(ten) == count - 90 * 1281);
}

TEST_CASE("mobilenet_v2: names say where a tensor belongs, and none occurs twice") {
  auto model = nn::mobilenet_v2(10, {.dropout = 0.2F});
  model.build({32, 32, 3}, {.seed = 1});
  std::vector<std::string> names;
  for (auto const& p : model.parameters()) names.push_back(p.name);
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
  for (char const* name : {"conv2d_1.weight", "stack_4.depthwise_conv2d_1.weight", "residual_6.body.conv2d_1.weight",
                           "residual_6.body.batch_norm_8.running_var", "dense_26.bias"}) {
    CHECK_MESSAGE(std::ranges::binary_search(names, std::string(name)), name);
  }
  int dropouts = 0;
  model.visit_layers([&](auto& l) { dropouts += l.name == std::string("dropout"); });
  CHECK(dropouts == 1);
}

TEST_CASE("mobilenet_v2: channels are rounded to multiples of eight, not below nine tenths") {
  CHECK(nn::detail::scaled_channels(32, 1) == 32);
  CHECK(nn::detail::scaled_channels(16, 0.25F) == 8);
  CHECK(nn::detail::scaled_channels(24, 0.75F) == 24);  // 18 would become 16, less than nine tenths of it
  CHECK(nn::detail::scaled_channels(32, 1.4F) == 48);
  CHECK(nn::detail::scaled_channels(320, 0.35F) == 112);
}

TEST_CASE("mobilenet_v2: widths without meaning are refused") {
  for (float const width : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(test::refuses([&] { static_cast<void>(nn::mobilenet_v2(10, {.width = width})); }, "width"));
  }
}

}  // namespace SQWA_TEST_FILE
