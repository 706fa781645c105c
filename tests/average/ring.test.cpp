// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/average/ring.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>

namespace SQWA_TEST_FILE {

TEST_CASE("ring: it holds the last few, oldest first, for any length") {
  for (std::size_t length : {1U, 2U, 3U, 7U}) {
    sqwa::detail::ring<int> ring(length);
    for (int n = 0; n != 30; ++n) {
      ring.next() = n;
      std::size_t const held = std::min(static_cast<std::size_t>(n) + 1, length);
      CHECK(ring.size() == held);
      for (std::size_t i = 0; i != held; ++i) CHECK(ring[i] == n - static_cast<int>(held - 1 - i));
    }
  }
}

}  // namespace SQWA_TEST_FILE
