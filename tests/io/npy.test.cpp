// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/npy.hpp.
#include <sqwa/io/npy.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace SQWA_TEST_FILE {

static_assert(sqwa::io::npy_number<float> && sqwa::io::npy_number<std::uint8_t>);
static_assert(!sqwa::io::npy_number<long double> && !sqwa::io::npy_number<std::string> && !sqwa::io::npy_number<bool>);

namespace {

/// A version-1 file with this dictionary, padded to `header` bytes, and `values` zero bytes behind it.
test::bytes npy(std::string dictionary, std::size_t values, std::size_t header = 118, char version = 1) {
  dictionary.resize(header - 1, ' ');
  dictionary += '\n';
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  file += static_cast<char>(header & 0xFF);
  file += static_cast<char>(header >> 8);
  if (version != 1) file += std::string(2, '\0');
  return test::text(file + dictionary + std::string(values, '\0'));
}

std::string const matrix = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

}  // namespace

TEST_CASE_TEMPLATE("npy: an array of any type comes back bit for bit", T, float, double, std::uint8_t, std::int16_t,
                   std::uint64_t) {
  test::folder const here("npy-round-trip");
  xt::xtensor<T, 3> a({2, 3, 4});
  for (std::size_t i = 0; i != a.size(); ++i) a.data()[i] = static_cast<T>(static_cast<T>(i * i) / T{3});
  if constexpr (std::numeric_limits<T>::has_quiet_NaN) a(1, 1, 1) = std::numeric_limits<T>::quiet_NaN();
  sqwa::io::save_npy(here / "a.npy", a);
  auto const b = sqwa::io::load_npy<T, 3>(here / "a.npy");
  CHECK(b.shape() == a.shape());
  CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

TEST_CASE("npy: empty arrays, scalars and expressions are saved and loaded") {
  test::folder const here("npy-empty");
  xt::xtensor<float, 2> const none({3, 0});
  sqwa::io::save_npy(here / "none.npy", none);
  CHECK(sqwa::io::load_npy<float, 2>(here / "none.npy").shape() == std::array<std::size_t, 2>{3, 0});
  xt::xtensor<double, 1> const one{1.5, 2.5};
  sqwa::io::save_npy(here / "twice.npy", 2 * one);
  CHECK(sqwa::io::load_npy<double, 1>(here / "twice.npy") == xt::xtensor<double, 1>{3, 5});
  test::put(here / "scalar.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4));
  CHECK(sqwa::io::load_npy<float, 0>(here / "scalar.npy")() == 0);
}

TEST_CASE("npy: headers of every version, any length and any order of keys are read") {
  test::folder const here("npy-headers");
  for (std::size_t length : {64U, 118U, 128U, 182U, 1000U}) {
    for (char const version : {'\1', '\2', '\3'}) {
      test::put(here / "a.npy", npy(matrix, 24, length, version));
      CHECK(sqwa::io::load_npy<float, 2>(here / "a.npy").size() == 6);
    }
  }
  test::put(here / "a.npy", npy("{'shape': (2,3), 'fortran_order':False, 'descr':'<f4'}", 24));
  CHECK(sqwa::io::load_npy<float, 2>(here / "a.npy").size() == 6);
}

TEST_CASE("npy: every truncation and every byte too many is refused") {
  test::folder const here("npy-cut");
  auto const whole = npy(matrix, 24);
  auto const read = [&] { (void)sqwa::io::load_npy<float, 2>(here / "a.npy"); };
  for (std::size_t n = 0; n != whole.size(); ++n) {
    test::put(here / "a.npy", test::bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    CHECK(test::refused(read, "expected", here / "a.npy"));
  }
  test::put(here / "a.npy", npy(matrix, 25));
  CHECK(test::refused(read, "values that fill the file", here / "a.npy"));
}

TEST_CASE("npy: another type, order, rank, an overflowing shape and broken headers are refused") {
  test::folder const here("npy-foreign");
  auto const refused = [&](std::string const& dictionary, std::string const& words) {
    test::put(here / "a.npy", npy(dictionary, 24));
    return test::refused([&] { (void)sqwa::io::load_npy<float, 2>(here / "a.npy"); }, words, here / "a.npy");
  };
  auto const shaped = [](std::string const& s) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + s + ", }";
  };
  CHECK(refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }", "values of type '<f4'"));
  CHECK(refused("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "values of type '<f4'"));
  CHECK(refused("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", "values of type '<f4'"));
  CHECK(refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "C order"));
  CHECK(refused("{'descr': '<f4', 'shape': (2, 3), }", "fortran_order"));
  CHECK(refused("{}", "the key 'descr'"));
  CHECK(refused(shaped("(6,)"), "2 extents"));
  CHECK(refused(shaped("(1, 2, 3)"), "2 extents"));
  CHECK(refused(shaped("(-2, 3)"), "whole numbers"));
  CHECK(refused(shaped("(2x3)"), "commas"));
  CHECK(refused(shaped("2, 3"), "a tuple"));
  CHECK(refused(shaped("(4294967296, 4294967296)"), "values that fill the file"));
  CHECK(refused(shaped("(99999999999999999999, 1)"), "whole numbers"));
  CHECK(refused(shaped("(0, 3)"), "values that fill the file"));
  test::put(here / "a.npy", test::text("not an array at all"));
  CHECK(test::refused([&] { (void)sqwa::io::load_npy<float, 2>(here / "a.npy"); }, "NumPy array", here / "a.npy"));
  test::put(here / "a.npy", npy(matrix, 24, 118, 4));
  CHECK(test::refused([&] { (void)sqwa::io::load_npy<float, 2>(here / "a.npy"); }, "format version", here / "a.npy"));
}

}  // namespace SQWA_TEST_FILE
