// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/deploy/memory_plan.hpp.
#include <sqwa/deploy/memory_plan.hpp>

#include "deploy/random.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace deploy = sqwa::deploy;
using deploy::memory_piece;
using deploy::operation;

bool overlap(memory_piece const& a, memory_piece const& b) {
  return a.size != 0 && b.size != 0 && a.place < b.place + b.size && b.place < a.place + a.size;
}

}  // namespace

TEST_CASE("memory plan: no two pieces in use at one time share a value, and none lies outside") {
  test::random_numbers r(1);
  for (int k = 0; k != 300; ++k) {
    std::vector<memory_piece> pieces(r.size(1, 14));
    std::size_t most_at_once = 0, all = 0;
    for (memory_piece& p : pieces) {
      p.size = r.size(0, 50);
      p.first = r.size(0, 10);
      p.last = p.first + r.size(0, 3);
      all += p.size;
    }
    std::size_t const total = deploy::place_memory(pieces.data(), pieces.size());
    for (std::size_t t = 0; t != 14; ++t) {
      std::size_t now = 0;
      for (memory_piece const& p : pieces) now += p.first <= t && t <= p.last ? p.size : 0;
      most_at_once = std::max(most_at_once, now);
    }
    CHECK(total >= most_at_once);
    CHECK(total <= all);
    for (std::size_t i = 0; i != pieces.size(); ++i) {
      CHECK(pieces[i].place + pieces[i].size <= total);
      for (std::size_t j = 0; j != i; ++j) {
        bool const together = pieces[i].first <= pieces[j].last && pieces[j].first <= pieces[i].last;
        CHECK_FALSE((together && overlap(pieces[i], pieces[j])));
      }
    }
  }
}

TEST_CASE("memory plan: values live until the last layer that reads them; windows where they are copied") {
  constexpr deploy::extents image{4, 4, 3}, wide{4, 4, 5};
  std::array<deploy::layer<deploy::integers>, 4> const layers{{
      {.what = operation::convolution, .in = image, .out = wide, .window_rows = 3, .window_columns = 3, .padding = 1},
      {.what = operation::convolution, .in = wide, .out = wide, .from = 1},
      {.what = operation::add, .in = wide, .out = wide, .from = 2, .other = 1},
      {.what = operation::convolution, .in = {1, 1, 80}, .out = {1, 1, 10}, .from = 3},
  }};
  std::array<memory_piece, 8> pieces;
  deploy::describe_memory(layers.data(), layers.size(), pieces.data());
  auto const is = [&](std::size_t i, std::size_t size, std::size_t first, std::size_t last) {
    return pieces[i].size == size && pieces[i].first == first && pieces[i].last == last;
  };
  CHECK(is(0, 80, 0, 2));  // for the add
  CHECK(is(1, 80, 1, 2));
  CHECK(is(2, 80, 2, 3));
  CHECK(is(3, 0, 3, 3));   // the output lies elsewhere
  CHECK(is(4, 28, 0, 0));  // 27 values of a window
  CHECK(is(5, 0, 1, 1));
  CHECK(is(7, 0, 3, 3));
  CHECK(deploy::place_memory(pieces.data(), pieces.size()) == 240);
}

TEST_CASE("memory plan: the values of a chain need no more than its largest two neighbours") {
  for (auto const& sizes : {std::vector<std::size_t>{64, 512, 128, 256, 64, 64, 16},
                            {5, 5, 5},
                            {1, 2, 3, 4, 5},
                            {100, 1, 100, 1, 100},
                            {7}}) {
    std::vector<memory_piece> pieces;
    std::size_t largest = 0;
    for (std::size_t i = 0; i != sizes.size(); ++i) {
      pieces.push_back({.size = sizes[i], .first = i, .last = i + 1});
      largest = std::max(largest, sizes[i] + (i > 0 ? sizes[i - 1] : 0));
    }
    CHECK(deploy::place_memory(pieces.data(), pieces.size()) == largest);
  }
}

}  // namespace SQWA_TEST_FILE
