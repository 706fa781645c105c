// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/low_bit_model_view.hpp>
#include <sqwa/nn/named_tensor.hpp>

#include <doctest/doctest.h>
#include <concepts>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(model_item<named_tensor<std::vector<float>>> && model_item<named_tensor<std::span<double>> const>);
static_assert(model_item<named_tensor<std::vector<std::int64_t>>> && model_item<named_tensor<std::span<bool>>>);
static_assert(model_item<low_bit_tensor> && model_item<float_tensor const> && model_item<nn::parameter<float>>);
static_assert(model_item<low_bit_tensor_view> && model_item<float_tensor_view>);
static_assert(!model_item<std::vector<float>> && !model_item<std::pair<std::string, std::vector<float>>>);

TEST_CASE("named_tensor: contents, extents and kinds of what trainers and files hold") {
  std::vector<float> memory{1, 2, 3, 4};
  nn::parameter<float> const p{"p", {2, 2}, memory, {}, nn::role::weight};
  CHECK(detail::contents_of(p).data() == memory.data());
  CHECK(detail::extents_of(p) == shape{2, 2});
  named_tensor const n{std::string("n"), std::span(memory)};
  static_assert(std::same_as<decltype(n), named_tensor<std::span<float>> const>);
  CHECK(detail::contents_of(n).data() == memory.data());
  CHECK(detail::extents_of(n) == shape{4});
  named_tensor<std::vector<std::int64_t>> const i{"steps", {7}};
  CHECK(detail::kind_of(detail::contents_of(i)).text() == "int64");
  bool truth[3] = {};
  named_tensor const b{std::string("mask"), std::span<bool>(truth)};
  CHECK(detail::kind_of(detail::contents_of(b)).text() == "bool");
  CHECK(detail::kind_of(std::span<double>()).text() == "float64");
  CHECK(detail::kind_of(std::span<std::uint8_t>()).text() == "uint8");
  float_tensor const f{"f", {4}, memory};
  CHECK(detail::contents_of(f).size() == 4);
  CHECK(detail::kind_of(packed_view()).text() == "packed codes");
}

}  // namespace SQWA_TEST_FILE
