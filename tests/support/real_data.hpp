// SPDX-License-Identifier: BSD-3-Clause
// Published data sets, which are too large to come with the tests.
#ifndef SQWA_TESTS_SUPPORT_REAL_DATA_HPP
#define SQWA_TESTS_SUPPORT_REAL_DATA_HPP

#include <doctest/doctest.h>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace test {

/// The folder `name` in the directory that the environment variable SQWA_DATA names; without one, says so and gives
/// nothing.
inline std::filesystem::path real_data(std::string const& name) {
  char const* const root = std::getenv("SQWA_DATA");
  if (root != nullptr && std::filesystem::is_directory(std::filesystem::path(root) / name)) {
    return std::filesystem::path(root) / name;
  }
  MESSAGE("skipped: SQWA_DATA names no directory that holds " << name);
  return {};
}

}  // namespace test

#endif
