// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/label_board.hpp>

#include <doctest/doctest.h>
#include <vector>

namespace SQWA_TEST_FILE {

TEST_CASE("label_board: labels around one place cover neither each other nor the border; a full board gives none") {
  sqwa::detail::label_board board({0, 0, 300, 200});
  std::vector<sqwa::detail::label_box> placed;
  while (auto const b = board.place_near(150, 100, 60, 15)) {
    CHECK((b->left >= 0 && b->right <= 300 && b->top >= 0 && b->bottom <= 200));
    for (auto const& o : placed) {
      CHECK((b->left >= o.right || o.left >= b->right || b->top >= o.bottom || o.top >= b->bottom));
    }
    placed.push_back(*b);
    if (placed.size() == 100) break;
  }
  CHECK(placed.size() >= 8);
  CHECK(placed.size() < 100);
}

TEST_CASE("nice_ticks: multiples of 1, 2 or 5 inside, no more than asked") {
  CHECK(sqwa::detail::nice_ticks(-2, 6, 8) == std::vector<double>{-2, -1, 0, 1, 2, 3, 4, 5, 6});
  CHECK(sqwa::detail::nice_ticks(0.1, 42, 5) == std::vector<double>{10, 20, 30, 40});
  CHECK(sqwa::detail::nice_ticks(3, 3, 5) == std::vector<double>{3});
}

}  // namespace SQWA_TEST_FILE
