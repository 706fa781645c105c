// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/onnx.hpp, onnx_graph.hpp and onnx_layers.hpp: what is refused, and the bytes of codes; onnxruntime
// runs networks of all layers in tests/foreign.
#include <sqwa/io/onnx.hpp>

#include "io/models.hpp"
#include "support/refuses.hpp"

#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/sequential.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;
namespace nn = sqwa::nn;

sqwa::low_bit_model weights_of(int levels, sqwa::blocks const& layout) {
  return {{test::random_tensor("dense_1.weight", levels, {2, 6}, layout, 1)}, {{"dense_1.bias", {2}, {0, 0}}}, {}};
}

std::string exported(sqwa::low_bit_model const& low, io::onnx_options const& options = {},
                     sqwa::shape const& input = {6}) {
  nn::sequential model{nn::dense<>{2}};
  auto const bytes = io::detail::onnx_bytes(model, input, low, options);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("onnx: codes are packed in two's complement, the first of a byte in its lowest bits") {
  std::array<std::int8_t, 5> const codes{1, -1, 0, -1, 1};
  auto const packed = [&](int bits) {
    io::detail::onnx_graph graph;
    graph.codes("w", {5}, codes, bits);
    auto const file = graph.file("x", {5}, "y", {5}, {});
    return std::string(reinterpret_cast<char const*>(file.data()), file.size());
  };
  using namespace std::string_literals;
  CHECK(packed(2).find("\x42\x01w\x4A\x02\xCD\x01"s) !=
        std::string::npos);  // 01 11 00 11 from the lowest bits on, then 01
  CHECK(packed(4).find("\x42\x01w\x4A\x03\xF1\xF0\x01"s) != std::string::npos);
  CHECK(packed(8).find("\x42\x01w\x4A\x05\x01\xFF\x00\xFF\x01"s) != std::string::npos);
  CHECK(packed(2).find("\x42\x04\x0A\x00\x10\x19"s) != std::string::npos);  // opset 25, 21, 13
  CHECK(packed(4).find("\x42\x04\x0A\x00\x10\x15"s) != std::string::npos);
  CHECK(packed(8).find("\x42\x04\x0A\x00\x10\x0D"s) != std::string::npos);
}

TEST_CASE("onnx: scales that DequantizeLinear cannot take are refused, or the weight is written as floats") {
  sqwa::shape const e{2, 6};
  for (auto const& layout : {sqwa::per_tensor{}(e), sqwa::per_channel{0}(e), sqwa::per_channel{1}(e)}) {
    CHECK(exported(weights_of(3, layout)).find("DequantizeLinear") != std::string::npos);
  }
  for (auto const& low : {weights_of(3, sqwa::per_group{4}(e)), weights_of(257, sqwa::per_tensor{}(e))}) {
    CHECK(test::refuses([&] { (void)exported(low); }, "DequantizeLinear takes"));
    CHECK(exported(low, {.float_elsewhere = true}).find("DequantizeLinear") == std::string::npos);
  }
}

TEST_CASE("onnx: tensors that are missing, too many, double or of other extents break a precondition") {
  auto const good = weights_of(3, sqwa::per_tensor{}({2, 6}));
  auto low = good;
  low.floats.push_back({"other", {1}, {0}});
  CHECK(test::refuses([&] { (void)exported(low); }, "no layer has a tensor other"));
  low.floats.back() = good.floats[0];
  CHECK(test::refuses([&] { (void)exported(low); }, "two tensors have the name dense_1.bias"));
  low = good;
  low.weights.clear();
  CHECK(test::refuses([&] { (void)exported(low); }, "no tensor dense_1.weight"));
  CHECK(test::refuses([&] { (void)exported(good, {}, {5}); }, "does not fit 5 inputs"));
  CHECK_FALSE(exported(good, {}, {2, 3}).empty());
}

TEST_CASE("onnx: activations of few levels have no nodes, and a convolution needs an image") {
  nn::sequential rounding{nn::fake_quantize<>{}};
  CHECK(test::refuses([&] { (void)io::detail::onnx_bytes(rounding, {6}, {}, {}); }, "rounds activations"));
  nn::sequential convolving{nn::conv2d<>{2}};
  CHECK(test::refuses([&] { (void)io::detail::onnx_bytes(convolving, {6}, {}, {}); }, "where an image has 3"));
}

}  // namespace SQWA_TEST_FILE
