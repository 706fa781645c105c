// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/npz_model.hpp; NumPy itself opens such files in tests/foreign.
#include <sqwa/io/npz_model.hpp>

#include "io/files.hpp"
#include "io/models.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;

std::vector<io::npz_member> members() { return io::detail::npz_members("file", test::snapshot(1)); }

template <class F>
bool altered_refused(F alter, std::string_view words) {
  auto all = members();
  alter(all);
  return test::refused([&] { (void)io::detail::npz_model("file", all); }, words, "file");
}

}  // namespace

TEST_CASE("npz_model: what is read equals what was written") {
  test::folder const dir("npz_model");
  auto model = test::snapshot(3);
  model.weights.push_back(test::random_tensor("groups", 255, {6, 5}, sqwa::per_group{4}({6, 5}), 6));
  model.weights.push_back(test::random_tensor("wide", 4095, {9}, sqwa::per_tensor{}({9}), 7));
  model.floats.push_back({"number", {}, {-0.0F}});
  for (auto const& m : {model, sqwa::low_bit_model{}}) {
    io::write_npz_model(dir / "a", m);
    CHECK(io::read_npz_model(dir / "a") == m);
  }
}

TEST_CASE("npz_model: scales have extents that meet their codes") {
  sqwa::shape const extents{3, 4, 5};
  CHECK(io::detail::npy_scale_extents(extents, sqwa::per_tensor{}(extents)) == sqwa::shape{});
  CHECK(io::detail::npy_scale_extents(extents, sqwa::per_channel{1}(extents)) == sqwa::shape{1, 4, 1});
  CHECK(io::detail::npy_scale_extents(extents, sqwa::per_group{7}(extents)) == sqwa::shape{9});
}

TEST_CASE("npz_model: arrays that are missing, too many or others, and codes beyond their levels, are refused") {
  CHECK_FALSE(altered_refused([](auto& all) { std::ranges::reverse(all); }, ""));
  for (std::size_t i = 0; i != members().size(); ++i) {
    CHECK(
        altered_refused([&](auto& all) { all.erase(all.begin() + static_cast<std::ptrdiff_t>(i)); }, "no such array"));
    CHECK(altered_refused([&](auto& all) { all[i].array.type = ">f8"; }, "another array"));
  }
  CHECK(altered_refused([](auto& all) { all.push_back({"more", all[0].array}); }, "6 arrays"));
  CHECK(altered_refused([](auto& all) { all[1].array.bytes[4] = std::byte{2}; }, "codes of 3 levels"));
  CHECK(altered_refused([](auto& all) { all[2].array.bytes[3] = all[2].array.bytes[2] = std::byte{0xFF}; },
                        "finite scales"));
}

}  // namespace SQWA_TEST_FILE
