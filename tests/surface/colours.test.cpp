// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/colours.hpp>

#include <doctest/doctest.h>
#include <cmath>

namespace SQWA_TEST_FILE {

TEST_CASE("viridis_text: ends, the middle, between two, outside") {
  using sqwa::detail::viridis_text;
  CHECK(viridis_text(0) == "#440154");
  CHECK(viridis_text(0.5) == "#21918c");
  CHECK(viridis_text(1) == "#fde725");
  CHECK(viridis_text(0.0625) == "#461768");
  CHECK(viridis_text(2) == "#fde725");
  CHECK(viridis_text(-1) == viridis_text(std::nan("")));
}

}  // namespace SQWA_TEST_FILE
