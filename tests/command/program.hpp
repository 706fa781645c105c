// SPDX-License-Identifier: BSD-3-Clause
// Runs a program in a folder as its users do.
#ifndef SQWA_TESTS_COMMAND_PROGRAM_HPP
#define SQWA_TESTS_COMMAND_PROGRAM_HPP

#include <sqwa/io/file.hpp>
#include "io/files.hpp"

#include <sys/wait.h>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace test {

struct outcome {
  int status;  ///< -1: it did not end by itself
  std::string out;
  std::string error;
};

inline std::string text_of(std::filesystem::path const& file) {
  auto const content = sqwa::io::read_file(file);
  return {reinterpret_cast<char const*>(content.data()), content.size()};
}

inline outcome run(folder const& here, std::string const& program, std::string const& arguments) {
  std::string const command = "cd '" + here.path().string() + "' && '" + program + "' " + arguments;
  int const status = std::system((command + " > out.txt 2> error.txt").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(here / "out.txt"), text_of(here / "error.txt")};
}

}  // namespace test

#endif
