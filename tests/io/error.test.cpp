// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/error.hpp.
#include <sqwa/io/error.hpp>

#include <doctest/doctest.h>
#include <concepts>
#include <stdexcept>
#include <string>

namespace SQWA_TEST_FILE {

static_assert(std::derived_from<sqwa::io::error, std::runtime_error>);
static_assert(!std::derived_from<sqwa::io::error, std::logic_error>);

TEST_CASE("io::error: the message holds file, offset, what was expected and what was found") {
  sqwa::io::error const e("some/file.bin", 17, "a header", "nothing");
  CHECK(std::string(e.what()) == "some/file.bin, byte 17: expected a header, found nothing");
  CHECK(e.file() == "some/file.bin");
  CHECK(e.offset() == 17);
  CHECK(e.expected() == "a header");
}

}  // namespace SQWA_TEST_FILE
