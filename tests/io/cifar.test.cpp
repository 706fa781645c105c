// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/cifar.hpp, and of the published files where SQWA_DATA names their directory.
#include <sqwa/io/cifar.hpp>

#include "io/files.hpp"
#include "support/real_data.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;
namespace io = sqwa::io;

/// The byte of sample `s` at this place, as the test's files hold it.
std::uint8_t pixel(std::size_t s, std::size_t channel, std::size_t row, std::size_t column) {
  return static_cast<std::uint8_t>(s * 11 + channel * 83 + row * 7 + column);
}

/// One record: its labels, then its planes.
test::bytes record(std::size_t s, std::initializer_list<int> labels) {
  test::bytes file;
  for (int label : labels) file.push_back(static_cast<std::byte>(label));
  for (std::size_t c = 0; c != 3; ++c) {
    for (std::size_t y = 0; y != 32; ++y) {
      for (std::size_t x = 0; x != 32; ++x) file.push_back(static_cast<std::byte>(pixel(s, c, y, x)));
    }
  }
  return file;
}

test::bytes operator+(test::bytes a, test::bytes const& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

bool holds(sqwa::nn::data_set const& set, std::size_t at, std::size_t s) {
  for (std::size_t c = 0; c != 3; ++c) {
    for (std::size_t y = 0; y != 32; ++y) {
      for (std::size_t x = 0; x != 32; ++x) {
        if (set.images(at, y, x, c) != pixel(s, c, y, x)) return false;
      }
    }
  }
  return true;
}

void check_set(sqwa::nn::data_set const& set, std::size_t classes, std::vector<int> const& labels) {
  CHECK(set.classes == classes);
  CHECK(set.images.shape() == std::array<std::size_t, 4>{labels.size(), 32, 32, 3});
  CHECK(std::ranges::equal(set.labels, labels));
}

bool refused10(fs::path const& file, std::string const& words) {
  return test::refused([&] { (void)io::read_cifar10_files({file}); }, words, file);
}
bool refused100(fs::path const& file, std::string const& words) {
  return test::refused([&] { (void)io::read_cifar100_files({file}, io::cifar100_labels::coarse); }, words, file);
}

}  // namespace

TEST_CASE("read_cifar10_files: labels and planes become classes and pixels, in the order of the files") {
  test::folder const here("cifar10");
  test::put(here / "a", record(0, {3}) + record(1, {9}));
  test::put(here / "b", record(2, {0}));
  auto const set = io::read_cifar10_files({here / "a", here / "b"});
  check_set(set, 10, {3, 9, 0});
  for (std::size_t i = 0; i != 3; ++i) CHECK(holds(set, i, i));
  auto const other = io::read_cifar10_files({here / "b", here / "a"});
  check_set(other, 10, {0, 3, 9});
  CHECK(holds(other, 0, 2));
}

TEST_CASE("read_cifar100_files: fine or coarse labels, as asked") {
  test::folder const here("cifar100");
  test::put(here / "a", record(0, {19, 99}) + record(1, {0, 7}) + record(2, {19, 99}));
  check_set(io::read_cifar100_files({here / "a"}), 100, {99, 7, 99});
  auto const coarse = io::read_cifar100_files({here / "a"}, io::cifar100_labels::coarse);
  check_set(coarse, 20, {19, 0, 19});
  for (std::size_t i = 0; i != 3; ++i) CHECK(holds(coarse, i, i));
}

TEST_CASE("read_cifar10 and read_cifar100: the usual names of a directory") {
  test::folder const here("cifar-names");
  for (int batch = 1; batch != 12; ++batch) {
    test::put(here / ("data_batch_" + std::to_string(batch) + ".bin"), record(0, {batch % 10}));
  }
  test::put(here / "data_batch_x.bin", test::text("none of ours"));
  test::put(here / "test_batch.bin", record(1, {5}));
  auto const ten = io::read_cifar10(here.path());
  check_set(ten.train, 10, {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1});  // the tenth batch behind the ninth
  check_set(ten.test, 10, {5});
  test::put(here / "train.bin", record(0, {1, 2}));
  test::put(here / "test.bin", record(1, {3, 4}));
  auto const hundred = io::read_cifar100(here.path());
  check_set(hundred.train, 100, {2});
  check_set(hundred.test, 100, {4});
  check_set(io::read_cifar100(here.path(), io::cifar100_labels::coarse).test, 20, {3});
}

TEST_CASE("read_cifar10 and read_cifar100: missing files, gaps in the batches and missing directories are refused") {
  test::folder const here("cifar-missing");
  auto const ten = [&] { (void)io::read_cifar10(here.path()); };
  CHECK(test::refused(ten, "data_batch_1.bin", here.path()));
  test::put(here / "data_batch_1.bin", record(0, {1}));
  CHECK(test::refused(ten, "No such file", here / "test_batch.bin"));
  test::put(here / "test_batch.bin", record(0, {1}));
  test::put(here / "data_batch_3.bin", record(0, {1}));
  CHECK(test::refused(ten, "expected data_batch_2.bin, found data_batch_3.bin", here.path()));
  CHECK(test::refused([&] { (void)io::read_cifar100(here.path()); }, "No such file", here / "train.bin"));
  CHECK(test::refused([&] { (void)io::read_cifar10("io-test-none"); }, "a directory", "io-test-none"));
  CHECK(test::refuses([] { (void)io::read_cifar10_files({}); }, "no files"));
}

TEST_CASE("read_cifar: every file that is no whole number of records is refused at the record that is not whole") {
  test::folder const here("cifar-cut");
  auto const whole = record(0, {3}) + record(1, {9});
  for (std::size_t n : {0U, 1U, 3072U, 3074U, 6145U, 6147U}) {
    auto file = whole;
    file.resize(n);
    test::put(here / "a", file);
    std::size_t const last = n / 3073 * 3073;
    CHECK(refused10(here / "a", ", byte " + std::to_string(last) + ": expected records of 3073 bytes"));
    if (n != 3074) CHECK(refused100(here / "a", "records of 3074 bytes"));
  }
  test::put(here / "a", record(0, {3, 4}));
  CHECK(refused10(here / "a", "3074 bytes, as a file of CIFAR-100 may have"));
  test::put(here / "a", record(0, {3}));
  CHECK(refused100(here / "a", "3073 bytes, as a file of CIFAR-10 may have"));
}

TEST_CASE("read_cifar: labels out of range, and fine labels of two coarse ones, are refused where they stand") {
  test::folder const here("cifar-labels");
  test::put(here / "a", record(0, {9}) + record(1, {10}));
  CHECK(refused10(here / "a", ", byte 3073: expected a label below 10 of CIFAR-10, found 10"));
  test::put(here / "a", record(0, {19, 99}) + record(1, {20, 5}));
  CHECK(refused100(here / "a", ", byte 3074: expected a label below 20 of CIFAR-100, found 20"));
  test::put(here / "a", record(0, {19, 99}) + record(1, {1, 100}));
  CHECK(refused100(here / "a", ", byte 3075: expected a label below 100 of CIFAR-100, found 100"));
  test::put(here / "a", record(0, {19, 99}));
  test::put(here / "b", record(0, {2, 3}) + record(1, {18, 99}));
  CHECK(test::refused(
      [&] {
        (void)io::read_cifar100_files({here / "a", here / "b"});
      },
      ", byte 3074: expected the coarse label 19, as for other images of the fine label 99, found 18", here / "b"));
}

TEST_CASE("read_cifar100: a file of CIFAR-10 is refused by its labels even where its size fits") {
  test::folder const here("cifar-foreign");
  test::bytes file;
  for (std::size_t s = 0; s != 3074; ++s) file = std::move(file) + record(s, {static_cast<int>(s % 10)});
  test::put(here / "a", file);
  CHECK(refused100(here / "a", "label"));
  CHECK(io::read_cifar10_files({here / "a"}).size() == 3074);
}

TEST_CASE("CIFAR-10: the published files hold the counts and values that are known of them") {
  fs::path const where = test::real_data("cifar10");
  if (where.empty()) return;
  auto const set = io::read_cifar10_files({where / "data_batch_1.bin"});
  std::array<int, 10> counts{};
  for (std::uint8_t label : set.labels) ++counts[label];
  CHECK(counts == std::array<int, 10>{1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981});
  CHECK(set.labels(0) == 6);  // a frog
  CHECK(set.images(0, 0, 0, 0) == 59);
  CHECK(io::read_cifar10(where).test.size() == 10'000);
  CHECK(test::refused([&] { (void)io::read_cifar100_files({where / "data_batch_1.bin"}); }, "as a file of CIFAR-10",
                      where / "data_batch_1.bin"));
}

TEST_CASE("CIFAR-100: the published files hold the counts, means and deviations that are known of them") {
  fs::path const where = test::real_data("cifar100");
  if (where.empty()) return;
  auto const [train, test] = io::read_cifar100(where);
  for (auto const& [set, each] : {std::pair(&train, 500), std::pair(&test, 100)}) {
    std::array<int, 100> counts{};
    for (std::uint8_t label : set->labels) ++counts[label];
    CHECK(std::ranges::count(counts, each) == 100);
  }
  std::array<double, 3> sum{}, squares{};
  for (std::size_t i = 0; i != train.images.size(); ++i) {
    double const x = train.images.data()[i] / 255.0;
    sum[i % 3] += x;
    squares[i % 3] += x * x;
  }
  std::array const means{0.50707516, 0.48654887, 0.44091784}, deviations{0.26733429, 0.25643846, 0.27615047};
  for (std::size_t c = 0; c != 3; ++c) {
    double const n = static_cast<double>(train.images.size() / 3), mean = sum[c] / n;
    CHECK(mean == doctest::Approx(means[c]).epsilon(1e-7));
    CHECK(std::sqrt(squares[c] / n - mean * mean) == doctest::Approx(deviations[c]).epsilon(1e-7));
  }
  CHECK(io::read_cifar100(where, io::cifar100_labels::coarse).train.classes == 20);
}

}  // namespace SQWA_TEST_FILE
