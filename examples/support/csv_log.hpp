// SPDX-License-Identifier: BSD-3-Clause
// A CSV file that grows by whole rows, one program at a time: what a killed program leaves is continued.
#ifndef SQWA_EXAMPLES_SUPPORT_CSV_LOG_HPP
#define SQWA_EXAMPLES_SUPPORT_CSV_LOG_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace example {

/// A field as CSV has it: quoted if it must be.
/// Throws `invalid_argument` for text of several lines.
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    throw std::invalid_argument("a field of a CSV file with a line break in it: " + std::string(text));
  }
  if (text.find_first_of(",\"") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

/// A row of fields, without its line break.
inline std::string csv_row(std::vector<std::string> const& fields) {
  std::string row;
  for (std::string const& f : fields) row += (row.empty() ? "" : ",") + csv_field(f);
  return row;
}

/// Rows under a header, each begun by a key without quotes. Any thread may append.
class csv_log {
 public:
  /// Makes the file, or goes on with it; a last line without its end is dropped.
  ///
  /// Throws `io::error` for a file with another header, and for one that another program is appending to.
  csv_log(std::filesystem::path path, std::string const& header) : path_(std::move(path)) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    check(file_ >= 0, "a file that can be written");
    try {
      check(::flock(file_, LOCK_EX | LOCK_NB) == 0, "a file that no other program is writing");
      take_up(header);
    } catch (...) {
      ::close(file_);
      throw;
    }
  }
  csv_log(csv_log const&) = delete;
  csv_log& operator=(csv_log const&) = delete;
  ~csv_log() { ::close(file_); }

  [[nodiscard]] bool has(std::string const& key) const {
    std::scoped_lock const one(mutex_);
    return keys_.contains(key);
  }
  /// @pre the row has the columns of the header, as `csv_row` writes them
  void append(std::string row) {
    std::scoped_lock const one(mutex_);
    std::string key = key_of(row);
    write(std::move(row) + '\n');
    keys_.insert(std::move(key));
  }

 private:
  static std::string key_of(std::string_view row) { return std::string(row.substr(0, row.find(','))); }

  void check(bool ok, char const* expected) const {
    if (!ok) throw sqwa::io::error(path_, 0, expected, std::generic_category().message(errno));
  }

  /// In one call, so that a killed program leaves at most one line torn.
  void write(std::string const& line) const {
    check(::write(file_, line.data(), line.size()) == static_cast<::ssize_t>(line.size()), "space for a row");
    check(::fsync(file_) == 0, "a disk that takes a row");
  }

  void take_up(std::string const& header) {
    auto const bytes = sqwa::io::read_file(path_);
    std::string_view rest(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    std::size_t const whole = rest.rfind('\n') + 1;  // 0 if there is none
    if (whole != rest.size()) check(::ftruncate(file_, static_cast<::off_t>(whole)) == 0, "a file that can be cut");
    rest = rest.substr(0, whole);
    if (rest.empty()) return write(header + '\n');
    bool first = true;
    while (!rest.empty()) {
      std::string_view const line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      if (first && line != header) throw sqwa::io::error(path_, 0, header, std::string(line));
      if (!first) keys_.insert(key_of(line));
      first = false;
    }
  }

  std::filesystem::path path_;
  int file_ = -1;
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
};

}  // namespace example

#endif
