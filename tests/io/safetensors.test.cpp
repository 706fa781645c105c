// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/safetensors.hpp and sqwa/io/model_description.hpp; foreign readers are in tests/foreign.
#include <sqwa/io/safetensors.hpp>

#include "io/files.hpp"
#include "io/models.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;

/// A file with this header and `payload` bytes.
test::bytes file_of(std::string const& header, std::size_t payload) {
  sqwa::byte_writer out;
  out.put_text(header);
  out.bytes.resize(out.bytes.size() + payload);
  return out.bytes;
}

bool header_refused(std::string const& header, std::size_t payload, std::string_view words) {
  auto const file = file_of(header, payload);
  return test::refused([&] { (void)io::detail::view_safetensors("file", file); }, words, "file");
}

}  // namespace

TEST_CASE("safetensors: what is read equals what was written, and the same model gives the same bytes") {
  test::folder const dir("safetensors");
  auto model = test::snapshot(3);
  model.weights.push_back(test::random_tensor("groups", 255, {6, 5}, sqwa::per_group{4}({6, 5}), 6));
  model.weights.push_back(test::random_tensor("wide", 4095, {9}, sqwa::per_tensor{}({9}), 7));
  model.weights.push_back({"none", {0, 3}, {3, sqwa::per_tensor{}({0, 3}), {0.5F}, {}}});
  model.floats.push_back({"number", {}, {-0.0F}});
  for (auto const& m : {model, sqwa::low_bit_model{}}) {
    io::write_safetensors(dir / "a", m);
    CHECK(io::read_safetensors(dir / "a") == m);
    auto const first = io::read_file(dir / "a");
    io::write_safetensors(dir / "a", m);
    CHECK(io::read_file(dir / "a") == first);
  }
}

TEST_CASE("safetensors: a file cut anywhere or with a byte more is refused") {
  auto const whole = io::detail::safetensors_bytes("file", test::snapshot(1));
  auto const read = [](test::bytes const& file) { (void)io::detail::safetensors_model("file", file); };
  for (std::size_t n = 0; n != whole.size(); ++n) {
    CHECK(test::refused([&] { read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}); }, "", "file"));
  }
  auto more = whole;
  more.push_back({});
  CHECK(test::refused([&] { read(more); }, "arrays that fill the file", "file"));
}

TEST_CASE("safetensors: headers that lie are refused") {
  auto const array = [](char const* rest) { return R"({"a": {"dtype": "F32", )" + std::string(rest) + "}}"; };
  CHECK_FALSE(header_refused(array(R"("shape": [2], "data_offsets": [0, 8])"), 8, ""));
  CHECK(header_refused(array(R"("shape": [2], "data_offsets": [0, 8])"), 9, "arrays that fill the file"));
  CHECK(header_refused(array(R"("shape": [2], "data_offsets": [0, 8])"), 7, "offsets inside the file"));
  CHECK(header_refused(array(R"("shape": [3], "data_offsets": [0, 8])"), 8, "as far apart"));
  CHECK(header_refused(array(R"("shape": [2], "data_offsets": [8, 0])"), 8, "offsets inside the file"));
  CHECK(header_refused(array(R"("shape": [2], "data_offsets": [-8, 0])"), 8, "two offsets"));
  CHECK(header_refused(array(R"("shape": [4611686018427387905, 4], "data_offsets": [0, 16])"), 16, "extents that fit"));
  CHECK(header_refused(R"({"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 1]}})", 1, "a type of whole bytes"));
  CHECK(header_refused(R"({"a": 1, "a": 2})", 0, "a again"));
  CHECK(header_refused(R"({"a": 1})", 0, "a header of safetensors"));
  CHECK(header_refused("[]", 0, "begins with {"));
  std::string const u8 = R"({"dtype": "U8", "shape": [4], "data_offsets": )";
  CHECK_FALSE(header_refused(R"({"b": )" + u8 + R"([4, 8]}, "a": )" + u8 + "[0, 4]}}", 8, ""));
  CHECK(header_refused(R"({"a": )" + u8 + R"([0, 4]}, "b": )" + u8 + "[3, 7]}}", 7, "begins at offset 4"));
  CHECK(header_refused(R"({"a": )" + u8 + R"([0, 4]}, "b": )" + u8 + "[5, 9]}}", 9, "begins at offset 4"));
  auto long_header = file_of("{}", 0);
  long_header[7] = std::byte{0xFF};
  CHECK(
      test::refused([&] { (void)io::detail::view_safetensors("file", long_header); }, "ends inside the file", "file"));
}

TEST_CASE("safetensors: a file without description, or whose arrays are others than described, is refused") {
  auto const refused = [](std::string const& header, std::size_t payload, std::string_view words) {
    auto const file = file_of(header, payload);
    return test::refused([&] { (void)io::detail::safetensors_model("file", file); }, words, "file");
  };
  std::string const described =
      R"({"__metadata__": {"sqwa": "{\"version\":1,\"weights\":[],\"floats\":[{\"name\":\"a\",\"extents\":[1]}],\"notes\":{}}"}, )";
  std::string const array = R"({"dtype": "F32", "shape": [1], "data_offsets": )";
  CHECK_FALSE(refused(described + R"("a": )" + array + "[0, 4]}}", 4, ""));
  CHECK(refused(described + R"("b": )" + array + "[0, 4]}}", 4, "no such array"));
  CHECK(refused(described + R"("a": )" + array + R"([0, 4]}, "b": )" + array + "[4, 8]}}", 8, "2 arrays instead of 1"));
  CHECK(refused(described + R"("a": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]}})", 4, "another array"));
  CHECK(refused("{}", 0, "the description of a low-bit model"));
}

TEST_CASE("safetensors: two arrays of one name and unsound models break a precondition") {
  auto model = test::snapshot(1);
  model.floats.push_back({"first.codes", {1}, {0.0F}});
  CHECK(test::refuses([&] { (void)io::detail::safetensors_bytes("file", model); }, "the name first.codes"));
  model.floats.back() = {"sqwa", {1}, {0.0F}};
  CHECK(test::refuses([&] { (void)io::detail::safetensors_bytes("file", model); }, "the name sqwa"));
  model.floats.back() = {"short", {2}, {0.0F}};
  CHECK(test::refuses([&] { (void)io::detail::safetensors_bytes("file", model); }, "short has 1 values"));
}

TEST_CASE("scaled_axis: the axis of per_channel, and none for other blocks") {
  sqwa::shape const extents{3, 4, 5};
  for (std::size_t axis : {0U, 1U, 2U}) {
    CHECK(io::detail::scaled_axis(extents, sqwa::per_channel{axis}(extents)) == axis);
  }
  CHECK_FALSE(io::detail::scaled_axis(extents, sqwa::per_tensor{}(extents)));
  CHECK_FALSE(io::detail::scaled_axis(extents, sqwa::per_group{6}(extents)));
}

}  // namespace SQWA_TEST_FILE
