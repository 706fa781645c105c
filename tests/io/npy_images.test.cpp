// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/npy_images.hpp>

#include "io/files.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;

/// Bytes 0, 1, 2, … as an array of these extents.
io::npy_array images(sqwa::shape const& extents, std::string const& type = "|u1", bool fortran = false) {
  io::npy_array a{type, extents, fortran, test::bytes(extents.size() * io::detail::npy_size(type))};
  for (std::size_t i = 0; i != a.bytes.size(); ++i) a.bytes[i] = static_cast<std::byte>(i);
  return a;
}

/// Labels as integers of this type, rank 1 or (n, 1).
io::npy_array labels(std::vector<std::int64_t> const& values, std::string const& type = "|u1", bool column = false) {
  io::npy_array a{type, column ? sqwa::shape{values.size(), 1} : sqwa::shape{values.size()}, false, {}};
  auto const each = static_cast<int>(io::detail::npy_size(type));
  for (std::int64_t v : values) {
    for (int i = 0; i != each; ++i) {
      int const shift = 8 * (type[0] == '>' ? each - 1 - i : i);
      a.bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(v) >> shift));
    }
  }
  return a;
}

struct folder : test::folder {
  using test::folder::folder;

  [[nodiscard]] sqwa::nn::data_set read(io::npy_array const& x, io::npy_array const& y, std::size_t classes = 0) const {
    test::put(*this / "x.npy", io::npy_file_bytes(x));
    test::put(*this / "y.npy", io::npy_file_bytes(y));
    return io::read_npy_images(*this / "x.npy", *this / "y.npy", classes);
  }
  [[nodiscard]] bool refuses_images(io::npy_array const& x, std::string const& words) const {
    return test::refused([&] { (void)read(x, labels({1, 2})); }, words, *this / "x.npy");
  }
  [[nodiscard]] bool refuses_labels(io::npy_array const& y, std::string const& words, std::size_t classes = 0) const {
    return test::refused([&] { (void)read(images({2, 2, 3}), y, classes); }, words, *this / "y.npy");
  }
};

}  // namespace

TEST_CASE("read_npy_images: images with and without channels, labels of every type of integer in either byte order") {
  folder const here("npy-images");
  for (std::string const type : {"|u1", "|i1", "<u2", ">u2", "<i2", "<i4", ">i4", "<i8", ">i8", "<u8"}) {
    for (bool column : {false, true}) {
      auto const set = here.read(images({3, 2, 2, 3}), labels({4, 0, 100}, type, column));
      CHECK(set.images.shape() == std::array<std::size_t, 4>{3, 2, 2, 3});
      CHECK(set.images(2, 1, 0, 1) == 24 + 6 + 1);
      CHECK(std::ranges::equal(set.labels, std::vector{4, 0, 100}));
      CHECK(set.classes == 101);
    }
  }
  auto const grey = here.read(images({2, 4, 3}), labels({255, 0}));
  CHECK(grey.images.shape() == std::array<std::size_t, 4>{2, 4, 3, 1});
  CHECK(grey.images(1, 3, 2, 0) == 23);
  CHECK(grey.classes == 256);
  CHECK(here.read(images({2, 4, 3}), labels({2, 0}), 10).classes == 10);
  CHECK(here.read(images({0, 4, 3}), labels({})).size() == 0);
}

TEST_CASE("read_npz_images: two members of an archive, whatever else it holds") {
  folder const here("npz-images");
  std::vector<io::npz_member> const members{{"x_test", images({1, 2, 2})},
                                            {"y_test", labels({1})},
                                            {"x_train", images({2, 2, 2, 3})},
                                            {"y_train", labels({7, 3}, "<i8")}};
  auto const path = here / "set.npz";
  io::write_npz(path, members);
  auto const set = io::read_npz_images(path, "x_train", "y_train");
  CHECK(set == here.read(members[2].array, members[3].array));
  CHECK(set.size() == 2);
  CHECK(io::read_npz_images(path, "x_test", "y_test", 10).classes == 10);
  CHECK(test::refused([&] { (void)io::read_npz_images(path, "x", "y_train"); },
                      "expected a member x.npy, found only x_test.npy", path));
  CHECK(test::refused([&] { (void)io::read_npz_images(path, "x_train", "y_test"); }, "one label for each image, (2)",
                      path / "y_test.npy"));
  io::write_npz(path, {});
  CHECK(test::refused([&] { (void)io::read_npz_images(path, "x", "y"); }, "found none", path));
}

TEST_CASE("read_npy_images: other types, extents and orders are refused, and the message names the file at fault") {
  folder const here("npy-images-bad");
  CHECK(here.refuses_images(images({2, 2, 3}, "<f4"), "images of type u1, found <f4"));
  CHECK(here.refuses_images(images({2, 2, 3}, "|i1"), "images of type u1, found |i1"));
  CHECK(here.refuses_images(images({2, 2, 3}, "<u2"), "images of type u1"));
  CHECK(here.refuses_images(images({2, 2, 3}, "|u1", true), "C order"));
  for (sqwa::shape const& extents : {sqwa::shape{}, {2}, {2, 4}, {2, 1, 1, 1, 1}, {2, 0, 4}, {2, 4, 4, 0}}) {
    CHECK(here.refuses_images(images(extents), "extents (n, rows, columns)"));
  }
  CHECK(here.refuses_labels(labels({1, 2, 3}), "one label for each image, (2), found (3)"));
  CHECK(here.refuses_labels(images({2, 2}), "one label for each image, (2), found (2, 2)"));
  CHECK(here.refuses_labels(images({}), "one label for each image, (2), found ()"));
  CHECK(here.refuses_labels(images({2}, "<f8"), "labels that are integers, found <f8"));
  CHECK(here.refuses_labels(images({2}, "|b1"), "labels that are integers, found |b1"));
}

TEST_CASE("read_npy_images: a label that is no class is refused where it stands") {
  folder const here("npy-images-labels");
  CHECK(here.refuses_labels(labels({0, 256}, "<i4"), ", byte 132: expected a label from 0 to 255, found 256"));
  CHECK(here.refuses_labels(labels({-1, 0}, "<i4"), ", byte 128: expected a label from 0 to 255, found -1"));
  CHECK(here.refuses_labels(labels({0, -1}, "|i1"), ", byte 129: expected a label from 0 to 255, found -1"));
  CHECK(here.refuses_labels(labels({0, 1 << 8}, ">i8"), ", byte 136: expected a label from 0 to 255, found 256"));
  CHECK(here.refuses_labels(labels({9, 10}), ", byte 129: expected a label from 0 to 9, found 10", 10));
  CHECK(test::refuses([&] { (void)here.read(images({2, 2, 3}), labels({1, 2}), 257); }, "257 classes"));
  CHECK(test::refuses([] { (void)io::read_npz_images("a", "x", "y", 300); }, "300 classes"));
}

TEST_CASE("read_npy_images: every truncation of either file is refused") {
  folder const here("npy-images-cut");
  auto const x = io::npy_file_bytes(images({2, 2, 3})), y = io::npy_file_bytes(labels({1, 2}));
  test::put(here / "x.npy", x);
  test::put(here / "y.npy", y);
  auto const read = [&] { (void)io::read_npy_images(here / "x.npy", here / "y.npy"); };
  read();
  for (auto const& [name, whole] : {std::pair("x.npy", x), std::pair("y.npy", y)}) {
    for (std::size_t n = 0; n != whole.size(); ++n) {
      test::put(here / name, test::bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
      CHECK(test::refused(read, "expected", here / name));
    }
    auto longer = whole;
    longer.push_back(std::byte{0});
    test::put(here / name, longer);
    CHECK(test::refused(read, "values that fill the file", here / name));
    test::put(here / name, whole);
  }
}

}  // namespace SQWA_TEST_FILE
