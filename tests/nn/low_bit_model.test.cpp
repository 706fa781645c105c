// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/nn/low_bit_model.hpp.
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <doctest/doctest.h>
#include <concepts>
#include <cstddef>
#include <vector>

namespace SQWA_TEST_FILE {

static_assert(std::equality_comparable<sqwa::low_bit_model> && std::semiregular<sqwa::low_bit_model>);

namespace {

sqwa::low_bit_tensor tensor(int levels, sqwa::shape const& extents, sqwa::blocks layout) {
  sqwa::packed p{levels, layout, std::vector<float>(layout.count, 0.5F), {}};
  p.bytes.resize(sqwa::packed_bytes(p.size(), p.bits()));
  return {"w", extents, p};
}

}  // namespace

TEST_CASE("bits_per_weight: code bits and 32 for each scale, over all quantized weights; floats do not count") {
  sqwa::low_bit_model model;
  CHECK(bits_per_weight(model) == 0);
  CHECK(byte_size(model) == 0);
  model.weights.push_back(tensor(3, {4, 10}, sqwa::per_channel{}({4, 10})));
  CHECK(bits_per_weight(model) == (2 * 40 + 4 * 32) / 40.0);
  CHECK(byte_size(model) == 40 / 4 + 4 * 4);
  model.weights.push_back(tensor(15, {7}, sqwa::per_tensor{}({7})));
  CHECK(bits_per_weight(model) == (2 * 40 + 4 * 32 + 4 * 7 + 32) / 47.0);
  CHECK(byte_size(model) == 10 + 16 + 4 + 4);
  double const before = bits_per_weight(model);
  model.floats.push_back({"b", {3}, {1, 2, 3}});
  CHECK(bits_per_weight(model) == before);
  CHECK(byte_size(model) == 10 + 16 + 4 + 4 + 12);
}

TEST_CASE("low_bit_model: models differ when any name, extent, code, scale, value or note does") {
  sqwa::low_bit_model const model{{tensor(3, {2, 3}, sqwa::per_tensor{}({2, 3}))}, {{"b", {1}, {1.0F}}}, {{"k", "v"}}};
  auto const differs = [&](auto change) {
    auto other = model;
    CHECK(other == model);
    change(other);
    return !(other == model);
  };
  CHECK(differs([](auto& m) { m.weights[0].name = "v"; }));
  CHECK(differs([](auto& m) { m.weights[0].extents = {3, 2}; }));
  CHECK(differs([](auto& m) { m.weights[0].weights.bytes[0] ^= std::byte{1}; }));
  CHECK(differs([](auto& m) { m.weights[0].weights.scales[0] = 2; }));
  CHECK(differs([](auto& m) { m.weights[0].weights.layout.inner = 3; }));
  CHECK(differs([](auto& m) { m.weights[0].weights.levels = 5; }));
  CHECK(differs([](auto& m) { m.weights.clear(); }));
  CHECK(differs([](auto& m) { m.floats[0].values[0] = 2; }));
  CHECK(differs([](auto& m) { m.floats[0].name = "c"; }));
  CHECK(differs([](auto& m) { m.notes["k"] = "w"; }));
}

}  // namespace SQWA_TEST_FILE
