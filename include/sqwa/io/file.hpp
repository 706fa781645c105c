// SPDX-License-Identifier: BSD-3-Clause
// Whole files in and out: read with their real size, written so that an old file survives a failed write. POSIX.
#ifndef SQWA_IO_FILE_HPP
#define SQWA_IO_FILE_HPP

#include <sqwa/io/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// The sentence of the system for its last error.
inline std::string last_error() { return std::generic_category().message(errno); }

/// A POSIX file descriptor, closed at the end of its life.
class descriptor {
 public:
  descriptor(std::filesystem::path const& path, int flags, ::mode_t mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }

  /// Closes now and says whether that went well: some file systems report a failed write only here.
  [[nodiscard]] bool close() noexcept { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// Writes all bytes at an offset. Returns how many could not be written: 0 unless there was an error.
inline std::size_t write_at(descriptor const& file, std::uint64_t offset, std::span<std::byte const> bytes) noexcept {
  while (!bytes.empty()) {
    ::ssize_t const n = ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return bytes.size();
}

inline std::filesystem::path directory_of(std::filesystem::path const& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

/// The file behind a symbolic link, there or not; other paths as they are.
inline std::filesystem::path target_of(std::filesystem::path path) {
  std::error_code status;
  for (int links = 0; links != 40 && std::filesystem::is_symlink(path, status); ++links) {  // as many as Linux follows
    path = path.parent_path() / std::filesystem::read_symlink(path, status);
  }
  return path;
}

/// Flushes the directory of a file, so that its name survives a crash of the machine.
inline void sync_directory(std::filesystem::path const& file) {
  descriptor const parent(directory_of(file), O_RDONLY | O_DIRECTORY);
  if (parent && ::fsync(parent.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {  // some know no such flush
    throw error(file, 0, "a directory that reaches the disk (the new file is in place)", last_error());
  }
}

/// The file that is written first and renamed afterwards; removed unless that happened.
class file_aside {
 public:
  explicit file_aside(std::filesystem::path const& target) {
    static std::atomic<unsigned> count = 0;
    std::error_code status;
    do {  // a killed process of the same number may have left its file behind
      path_ = target;
      path_ += word + std::to_string(::getpid()) + "-" + std::to_string(count++);
    } while (std::filesystem::exists(path_, status));
  }
  file_aside(file_aside const&) = delete;
  file_aside& operator=(file_aside const&) = delete;
  ~file_aside() {
    std::error_code ignored;
    if (!renamed_) std::filesystem::remove(path_, ignored);
  }

  /// Removes what killed processes have left beside a target. No other process may be writing it.
  static void remove_leftovers(std::filesystem::path const& target) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    std::string const begin = target.filename().string() + word;
    fs::directory_iterator file(directory_of(target), ignored);
    for (; !ignored && file != fs::directory_iterator(); file.increment(ignored)) {
      std::string const name = file->path().filename().string();
      bool const ours = name.starts_with(begin) && name.find_first_not_of("-0123456789", begin.size()) == name.npos;
      std::error_code unremoved;
      if (ours) fs::remove(file->path(), unremoved);
    }
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }
  [[nodiscard]] bool rename_to(std::filesystem::path const& target) noexcept {
    return renamed_ = ::rename(path_.c_str(), target.c_str()) == 0;
  }

 private:
  static constexpr char const* word = ".new-";

  std::filesystem::path path_;
  bool renamed_ = false;
};

}  // namespace detail

/// All bytes of a regular file.
///
/// Throws `error` for a file that is missing, is no regular file, cannot be read, or changes its size meanwhile.
/// Memory: the file's real size. An empty file gives no bytes.
[[nodiscard]] inline std::vector<std::byte> read_file(std::filesystem::path const& path) {
  detail::descriptor const file(path, O_RDONLY | O_NONBLOCK);  // a named pipe must not make us wait
  if (!file) throw error(path, 0, "a file that can be opened", detail::last_error());
  struct ::stat status {};
  if (::fstat(file.number(), &status) != 0) throw error(path, 0, "the size of the file", detail::last_error());
  if (!S_ISREG(status.st_mode)) throw error(path, 0, "a regular file", "a directory or a device");

  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t at = 0;
  while (at != bytes.size()) {
    ::ssize_t const n = ::read(file.number(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw error(path, at, "readable bytes", detail::last_error());
    if (n == 0) throw error(path, at, std::to_string(bytes.size()) + " bytes", "the end of the file");
    at += static_cast<std::size_t>(n);
  }
  std::byte more{};
  if (::read(file.number(), &more, 1) == 1) throw error(path, at, "the end of the file", "more bytes");
  return bytes;
}

/// Writes a file so that at every moment the path holds the old file or the whole new one.
///
/// A file beside the target takes the bytes, is flushed to the disk and renamed over the target; then the directory is
/// flushed. Throws `error` when any of that fails; before the renaming, the old file is untouched and the one beside it
/// is removed. A symbolic link stays, and what it points to is replaced. Only regular files are replaced.
inline void write_aside(std::filesystem::path const& path, std::span<std::byte const> bytes) {
  namespace fs = std::filesystem;
  std::error_code status;
  fs::path const target = detail::target_of(path);
  if (fs::exists(target, status) && !fs::is_regular_file(target, status)) {
    throw error(path, 0, "a regular file to replace, or none", "a directory or a device");
  }

  detail::file_aside aside(target);
  detail::descriptor file(aside.path(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file) throw error(path, 0, "a directory that can be written to", detail::last_error());
  std::size_t const left = detail::write_at(file, 0, bytes);
  if (left != 0) {
    throw error(path, bytes.size() - left, "room for " + std::to_string(bytes.size()) + " bytes", detail::last_error());
  }
  if (::fsync(file.number()) != 0 || !file.close()) {
    throw error(path, bytes.size(), "bytes that reach the disk", detail::last_error());
  }
  if (!aside.rename_to(target)) throw error(path, 0, "a file that can be replaced", detail::last_error());

  detail::sync_directory(target);
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
