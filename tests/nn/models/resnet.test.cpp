// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/models/resnet.hpp>
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class Model>
std::size_t trained_numbers(Model model, sqwa::shape const& input) {
  model.build(input, {.seed = 1});
  std::size_t n = 0;
  for (auto const& p : model.parameters()) n += p.gradient.size();
  return n;
}

}  // namespace

TEST_CASE("resnet: as many trained numbers as the source counts, in tensors of speaking names") {
  // 3*16*9 + 32; per stage n blocks of two 3 x 3 convolutions and four vectors of batch-norm; the dense layer.
  CHECK(trained_numbers(nn::resnet(20, 10), {32, 32, 3}) == 269'722);  // 0.27 M
  CHECK(trained_numbers(nn::resnet(32, 10), {32, 32, 3}) == 464'154);  // 0.46 M
  CHECK(trained_numbers(nn::resnet(56, 10), {32, 32, 3}) == 853'018);  // 0.85 M
  CHECK(trained_numbers(nn::resnet(20, 100), {32, 32, 3}) == 269'722 + 90 * 65);
  CHECK(trained_numbers(nn::resnet(20, 10, {.shortcut = nn::shortcut::projection}), {32, 32, 3}) ==
        269'722 + 16 * 32 + 32 * 64 + 2 * (32 + 64));
  auto model = nn::resnet(8, 10, {.width = 4});
  CHECK(model.build({8, 8, 1}, {}) == sqwa::shape{10});
  std::vector<std::string> names;
  for (auto const& p : model.parameters()) names.push_back(p.name);
  CHECK(names.front() == "conv2d_1.weight");
  CHECK(names[5] == "basic_block_4.conv1.weight");
  CHECK(names.back() == "dense_8.bias");
}

TEST_CASE("resnet: gradients of the whole network agree with finite differences") {
  test::check_gradients(nn::resnet<double>(8, 2, {.width = 2}), {4, 5, 1}, 3);
}

TEST_CASE("resnet: depths that no such network has are refused") {
  CHECK(test::refuses([] { nn::resnet(18, 10); }, "depth of 18"));
  CHECK(test::refuses([] { nn::resnet(2, 10); }, "depth of 2"));
  CHECK(test::refuses([] { nn::resnet(20, 0); }, "0 classes"));
}

}  // namespace SQWA_TEST_FILE
