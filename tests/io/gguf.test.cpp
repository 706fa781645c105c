// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/gguf.hpp; a decoder by ggml's definition opens such files in tests/foreign.
#include <sqwa/io/gguf.hpp>

#include "io/models.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;

sqwa::low_bit_model one(sqwa::low_bit_tensor t) { return {{std::move(t)}, {}, {}}; }

sqwa::low_bit_tensor fitting(sqwa::shape const& extents) {
  auto t = test::random_tensor("w", 3, extents, sqwa::per_tensor{}(extents), 1);
  t.weights.scales[0] = 0.25F;
  return t;
}

std::size_t size_of(sqwa::low_bit_model const& m, io::gguf_options const& o) {
  return io::detail::gguf_bytes(m, o).size();
}

}  // namespace

TEST_CASE("gguf: ternary blocks take their 66 or 54 bytes for 256 weights, floats four each") {
  auto const empty = [](char const* name, std::size_t rank) {  // magic, counts, keys, one tensor's description, padded
    std::size_t const n =
        24 + 8 + 20 + 4 + 8 + 4 + 8 + 17 + 4 + 4 + 8 + std::string_view(name).size() + 4 + 8 * rank + 12;
    return (n + 31) / 32 * 32;
  };
  auto const m = one(fitting({4, 512}));
  CHECK(size_of(m, {}) == empty("w", 2) + (8 * 66 + 31) / 32 * 32);
  CHECK(size_of(m, {.type = io::gguf_type::tq1_0}) == empty("w", 2) + (8 * 54 + 31) / 32 * 32);
  CHECK(size_of(m, {.type = io::gguf_type::f32}) == empty("w", 2) + 2048 * 4);
}

TEST_CASE("gguf: weights that ternary blocks cannot hold are refused with the reason, or stored as floats") {
  auto const refused = [](sqwa::low_bit_tensor t, std::string_view words) {
    auto const m = one(std::move(t));
    CHECK(size_of(m, {.float_elsewhere = true}) > m.weights[0].weights.size() * 4);
    return test::refuses([&] { (void)size_of(m, {}); }, words);
  };
  CHECK(refused(fitting({512, 4}), "a multiple of 256 weights"));
  CHECK(refused(fitting({}), "a multiple of 256 weights"));
  CHECK(refused(test::random_tensor("w", 5, {256}, sqwa::per_tensor{}({256}), 1), "three levels"));
  CHECK(refused(test::random_tensor("w", 3, {256}, sqwa::per_group{128}({256}), 1), "one scale for each 256"));
  auto t = fitting({256});
  for (float const bad : {0.1F, -0.5F, 1e30F}) {
    t.weights.scales[0] = bad;
    CHECK(refused(t, "fp16 numbers"));
  }
}

TEST_CASE("gguf: what ggml cannot name or shape breaks a precondition") {
  auto const refused = [](sqwa::float_tensor t, std::string_view words) {
    auto m = one(fitting({256}));
    m.floats.push_back(std::move(t));
    return test::refuses([&] { (void)size_of(m, {}); }, words);
  };
  CHECK(refused({"w", {1}, {0}}, "two tensors have the name w"));
  CHECK(refused({std::string(64, 'n'), {1}, {0}}, "ggml takes 63"));
  CHECK(refused({"five", {1, 1, 1, 1, 1}, {0}}, "5 extents"));
  CHECK(refused({"empty", {0}, {}}, "at least 1"));
  CHECK_FALSE(refused({std::string(63, 'n'), {1, 1, 1, 1}, {0}}, ""));
}

}  // namespace SQWA_TEST_FILE
