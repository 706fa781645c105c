// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/nn/data_set.hpp.
#include <sqwa/nn/data_set.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstddef>
#include <cstdint>

namespace SQWA_TEST_FILE {

namespace {

sqwa::nn::data_set sample(std::size_t n) {
  sqwa::nn::data_set set;
  set.images.resize({n, 3, 2, 1});
  set.labels.resize({n});
  for (std::size_t i = 0; i != set.images.size(); ++i) set.images.data()[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i != n; ++i) set.labels(i) = static_cast<std::uint8_t>(i % 4);
  set.classes = 4;
  return set;
}

}  // namespace

TEST_CASE("slice: holds the samples of its range, with their labels and all classes") {
  auto const set = sample(9);
  for (std::size_t first = 0; first <= 9; ++first) {
    for (std::size_t last = first; last <= 9; ++last) {
      auto const part = slice(set, first, last);
      REQUIRE(part.size() == last - first);
      CHECK(part.classes == 4);
      CHECK(part.images.shape() == std::array<std::size_t, 4>{last - first, 3, 2, 1});
      for (std::size_t i = 0; i != part.size(); ++i) {
        CHECK(part.labels(i) == set.labels(first + i));
        CHECK(part.images(i, 0, 0, 0) == set.images(first + i, 0, 0, 0));
        CHECK(part.images(i, 2, 1, 0) == set.images(first + i, 2, 1, 0));
      }
    }
  }
  CHECK(slice(set, 0, 9) == set);
  CHECK(!(slice(set, 0, 8) == set));
}

TEST_CASE("data_set: an empty set is legal, and slicing it gives an empty set") {
  sqwa::nn::data_set const none;
  CHECK(none.size() == 0);
  CHECK(slice(none, 0, 0) == none);
}

TEST_CASE("slice: a range that leaves the set, runs backwards or meets missing images is refused") {
  auto set = sample(3);
  CHECK(test::refuses([&] { (void)slice(set, 0, 4); }, "slice: samples [0, 4) of 3"));
  CHECK(test::refuses([&] { (void)slice(set, 2, 1); }, "slice: samples [2, 1) of 3"));
  set.images.resize({2, 3, 2, 1});
  CHECK(test::refuses([&] { (void)slice(set, 0, 1); }, "slice: 2 images, but 3 labels"));
}

}  // namespace SQWA_TEST_FILE
