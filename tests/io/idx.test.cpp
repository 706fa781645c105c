// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/idx.hpp, and of the digits that ship with the repository.
#include <sqwa/io/idx.hpp>

#include "io/files.hpp"
#include "support/real_data.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <numeric>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;

/// An IDX file of bytes 0, 1, 2, … with these extents.
test::bytes idx(std::initializer_list<std::uint32_t> extents) {
  test::bytes file{std::byte{0}, std::byte{0}, std::byte{8}, static_cast<std::byte>(extents.size())};
  std::size_t size = 1;
  for (std::uint32_t e : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<std::byte>(e >> shift));
    size *= e;
  }
  for (std::size_t i = 0; i != size; ++i) file.push_back(static_cast<std::byte>(i));
  return file;
}

test::bytes labels(std::initializer_list<std::uint8_t> values) {
  auto file = idx({static_cast<std::uint32_t>(values.size())});
  file.resize(8);
  for (std::uint8_t v : values) file.push_back(static_cast<std::byte>(v));
  return file;
}

/// A folder with a data set of three training and two test images of 2x3.
struct small_set : test::folder {
  explicit small_set(std::string const& name) : folder(name) {
    test::put(*this / "train-images-idx3-ubyte", idx({3, 2, 3}));
    test::put(*this / "train-labels-idx1-ubyte", labels({0, 4, 2}));
    test::put(*this / "t10k-images-idx3-ubyte", idx({2, 2, 3}));
    test::put(*this / "t10k-labels-idx1-ubyte", labels({1, 0}));
  }
};

bool refused(fs::path const& directory, std::string const& words, fs::path const& file) {
  return test::refused([&] { (void)sqwa::io::read_idx(directory); }, words, file);
}

}  // namespace

TEST_CASE("read_idx_file: every rank from one to four is read, plain and gzipped") {
  test::folder const here("idx-ranks");
  int n = 0;
  for (auto extents : {std::initializer_list<std::uint32_t>{7}, {3, 5}, {2, 3, 4}, {2, 3, 4, 3}, {0, 3, 4}}) {
    auto const file = idx(extents);
    auto const plain = here / std::to_string(n++);
    test::put(plain, file);
    test::put(here / "zipped", test::gzip(file));
    for (fs::path const& path : {plain, here / "zipped"}) {
      auto const array = sqwa::io::read_idx_file(path);
      CHECK(array.extents == sqwa::shape(extents));
      CHECK(array.values.size() == array.extents.size());
      for (std::size_t i = 0; i != array.values.size(); ++i) CHECK(array.values[i] == static_cast<std::uint8_t>(i));
    }
  }
}

TEST_CASE("read_idx_file: more than one step of inflation gives the same values") {
  test::folder const here("idx-steps");
  test::put(here / "file", test::gzip(idx({5, 1000, 700})));
  auto const array = sqwa::io::read_idx_file(here / "file");
  REQUIRE(array.values.size() == 3'500'000);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != array.values.size(); ++i) wrong += array.values[i] != static_cast<std::uint8_t>(i);
  CHECK(wrong == 0);
}

TEST_CASE("read_idx_file: every truncation and every byte too many is refused, plain and gzipped") {
  test::folder const here("idx-cut");
  auto const whole = idx({2, 3, 2});
  auto const path = here / "file";
  auto const read = [&] { (void)sqwa::io::read_idx_file(path); };
  for (std::size_t n = 0; n != whole.size(); ++n) {
    test::bytes const cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    test::put(path, cut);
    CHECK(test::refused(read, "expected", path));
    test::put(path, test::gzip(cut));
    CHECK(test::refused(read, "expected", path));
  }
  auto longer = whole;
  longer.push_back(std::byte{1});
  test::put(path, longer);
  CHECK(test::refused(read, "the end of the file, found more bytes", path));
  test::put(path, test::gzip(longer));
  CHECK(test::refused(read, "the end of the file, found more bytes", path));
}

TEST_CASE("read_idx_file: a foreign file, another type, rank and a zero extent are refused") {
  test::folder const here("idx-foreign");
  auto const path = here / "file";
  auto const read = [&] { (void)sqwa::io::read_idx_file(path); };
  auto const with = [&](std::size_t at, int value) {
    auto file = idx({2, 3, 2});
    file[at] = static_cast<std::byte>(value);
    test::put(path, file);
  };
  test::put(path, test::text("\x89PNG and so on"));
  CHECK(test::refused(read, "two zero bytes", path));
  with(2, 0x0D);
  CHECK(test::refused(read, "type 8", path));
  with(3, 0);
  CHECK(test::refused(read, "1 to 4 extents", path));
  with(3, 5);
  CHECK(test::refused(read, "1 to 4 extents", path));
  with(11, 0);
  CHECK(test::refused(read, "an extent above 0", path));
}

TEST_CASE("read_idx_file: a header that asks for more than the file can hold is refused before anything is allocated") {
  test::folder const here("idx-greedy");
  auto const path = here / "file";
  auto const read = [&] { (void)sqwa::io::read_idx_file(path); };
  for (auto greedy : {std::vector<int>{4, 5, 6, 7}, {4, 8, 12, 16}, {4, 5, 6, 7, 8, 9, 10, 11}}) {
    auto file = idx({1, 1, 1, 1});
    for (int at : greedy) file[static_cast<std::size_t>(at)] = std::byte{0xFF};  // up to 2^128 values
    test::put(path, file);
    CHECK(test::refused(read, "extents that fit in the file", path));
    test::put(path, test::gzip(file));
    CHECK(test::refused(read, "extents that fit in the file", path));
  }
  auto none = idx({0, 1, 1, 1});  // no image of 2^96 values
  for (std::size_t at = 8; at != 20; ++at) none[at] = std::byte{0xFF};
  test::put(path, none);
  CHECK(test::refused(read, "extents that fit in the file", path));
}

TEST_CASE("read_idx: images, labels and classes come as they are in the files, in whatever mixture of gzip") {
  small_set const here("idx-set");
  for (bool zipped : {false, true}) {
    if (zipped) {
      fs::remove(here / "train-images-idx3-ubyte");
      test::put(here / "train-images-idx3-ubyte.gz", test::gzip(idx({3, 2, 3})));
    }
    auto const [train, test] = sqwa::io::read_idx(here.path());
    CHECK(train.size() == 3);
    CHECK(train.images.shape() == std::array<std::size_t, 4>{3, 2, 3, 1});
    CHECK(train.images(2, 1, 0, 0) == 15);
    CHECK(train.labels(1) == 4);
    CHECK(test.size() == 2);
    CHECK(train.classes == 5);
    CHECK(test.classes == 5);
  }
}

TEST_CASE("read_idx: images with channels are read from rank four") {
  small_set const here("idx-channels");
  fs::remove(here / "train-images-idx3-ubyte");
  fs::remove(here / "t10k-images-idx3-ubyte");
  test::put(here / "train-images-idx4-ubyte", idx({3, 2, 2, 3}));
  test::put(here / "t10k-images-idx4-ubyte", idx({2, 2, 2, 3}));
  auto const sets = sqwa::io::read_idx(here.path());
  CHECK(sets.train.images(1, 1, 0, 2) == 12 + 6 + 2);
}

TEST_CASE("read_idx: a missing directory or file is refused, and the message names what was looked for") {
  CHECK(refused("io-test-no-such", "train-images-idx3-ubyte.gz", "io-test-no-such"));
  for (std::string const name :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    small_set const here("idx-missing");
    fs::remove(here / name);
    CHECK(refused(here.path(), name + ".gz", here.path()));
  }
}

TEST_CASE("read_idx: mislabelled files, differing counts and differing image sizes are refused") {
  small_set const here("idx-mislabelled");
  test::put(here / "train-labels-idx1-ubyte", idx({3, 2, 3}));
  CHECK(refused(here.path(), "labels: 1 extent", here / "train-labels-idx1-ubyte"));
  test::put(here / "train-labels-idx1-ubyte", labels({0, 4}));
  CHECK(refused(here.path(), "as many labels as there are images, 3", here / "train-labels-idx1-ubyte"));
  test::put(here / "train-labels-idx1-ubyte", labels({0, 4, 2}));
  test::put(here / "t10k-images-idx3-ubyte", labels({0, 4}));
  CHECK(refused(here.path(), "3 or 4 extents", here / "t10k-images-idx3-ubyte"));
  test::put(here / "t10k-images-idx3-ubyte", idx({2, 3, 2}));
  CHECK(refused(here.path(), "2x3x1", here.path()));
}

TEST_CASE("digits: the files in the repository hold the classes, counts and values that their origin states") {
  auto const sets = sqwa::io::read_idx(fs::path(SQWA_TEST_SOURCE_DIR) / "examples/data/digits");
  using counts = std::array<std::size_t, 10>;
  auto const check = [](sqwa::nn::data_set const& set, std::size_t size, counts const& expected, unsigned sum) {
    CHECK(set.size() == size);
    CHECK(set.classes == 10);
    CHECK(set.images.shape() == std::array<std::size_t, 4>{size, 8, 8, 1});
    counts found{};
    for (std::uint8_t label : set.labels) ++found[label];
    CHECK(found == expected);
    CHECK(std::accumulate(set.images.begin(), set.images.end(), 0U) == sum);
    CHECK(*std::max_element(set.images.begin(), set.images.end()) == 16);
  };
  check(sets.train, 1200, {119, 121, 117, 121, 120, 123, 120, 118, 119, 122}, 376'421);
  check(sets.test, 597, {59, 61, 60, 62, 61, 59, 61, 61, 55, 58}, 185'297);
}

TEST_CASE("MNIST: the published files hold the counts that are known of them") {
  fs::path const where = test::real_data("mnist");
  if (where.empty()) return;
  auto const sets = sqwa::io::read_idx(where);
  std::array<int, 10> counts{};
  for (std::uint8_t label : sets.train.labels) ++counts[label];
  CHECK(counts == std::array<int, 10>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
  CHECK(sets.train.images.shape() == std::array<std::size_t, 4>{60'000, 28, 28, 1});
  CHECK(sets.test.size() == 10'000);
}

}  // namespace SQWA_TEST_FILE
