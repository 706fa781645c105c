// SPDX-License-Identifier: BSD-3-Clause
#include "support/number_text.hpp"

#include <doctest/doctest.h>
#include <limits>

namespace SQWA_TEST_FILE {

using example::number_text;

TEST_CASE("number_text: no more digits than tell a number from its neighbours, and never hundreds") {
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(0.1F) == "0.1");
  CHECK(number_text(-3) == "-3");
  CHECK(number_text(40.0) == "40");
  CHECK(number_text(1e308) == "1e+308");
  CHECK(number_text(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(number_text(std::numeric_limits<double>::lowest()) == "-1.7976931348623157e+308");
}

}  // namespace SQWA_TEST_FILE
