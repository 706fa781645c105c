// SPDX-License-Identifier: BSD-3-Clause
// What every reader and writer of files throws: the file, the place in it, and what was expected there.
#ifndef SQWA_IO_ERROR_HPP
#define SQWA_IO_ERROR_HPP

#include <sqwa/core/config.hpp>

#ifndef __cpp_exceptions
#error "sqwa/io needs exceptions"
#endif

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// A file is not what it should be, or the machine could not read or write it.
///
/// `what()` reads "FILE, byte OFFSET: expected EXPECTED, found FOUND". The offset is that of the first byte at fault;
/// in compressed files it counts the bytes as they are after inflation; where a file cannot even be opened it is 0.
class error : public std::runtime_error {
 public:
  error(std::filesystem::path const& file, std::uint64_t offset, std::string expected, std::string const& found)
      : std::runtime_error(file.string() + ", byte " + std::to_string(offset) + ": expected " + expected + ", found " +
                           found),
        file_(file.string()),
        offset_(offset),
        expected_(std::move(expected)) {}

  [[nodiscard]] std::string const& file() const noexcept { return file_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::string const& expected() const noexcept { return expected_; }

 private:
  std::string file_;
  std::uint64_t offset_;
  std::string expected_;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
