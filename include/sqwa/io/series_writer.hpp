// SPDX-License-Identifier: BSD-3-Clause
// Appends snapshots to one file, so that a writer killed at any moment loses none but the one it was writing. POSIX.
#ifndef SQWA_IO_SERIES_WRITER_HPP
#define SQWA_IO_SERIES_WRITER_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Appends snapshots to a file that `snapshot_series` reads; makes the file if there is none.
///
/// A snapshot is written behind the last one and flushed to the disk; then it is committed, in the older of two slots
/// at the beginning of the file, and flushed again. So whatever moment the writer or the machine stops at, every
/// snapshot whose `append` has returned is there. Opening cuts off what a killed writer left uncommitted. The file is
/// locked against a second writer for as long as the object lives. The same snapshots give the same bytes, however
/// often the writing was broken off.
///
/// Throws `error` for a file that is locked, foreign, damaged or cannot be written; such a file is left as it is.
class series_writer {
 public:
  explicit series_writer(std::filesystem::path path) : path_(std::move(path)), file_(path_, O_RDWR | O_CREAT, 0666) {
    if (!file_) throw error(path_, 0, "a file that can be written to", detail::last_error());
    while (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) throw error(path_, 0, "a series that no one else writes to", "one that is locked");
      if (errno != EINTR) throw error(path_, 0, "a file that can be locked", detail::last_error());
    }
    struct ::stat status {};
    if (::fstat(file_.number(), &status) != 0) throw error(path_, 0, "the size of the file", detail::last_error());
    if (!S_ISREG(status.st_mode)) throw error(path_, 0, "a regular file", "a directory or a device");
    auto const size = static_cast<std::uint64_t>(status.st_size);
    auto const head = read_head(std::min<std::uint64_t>(size, detail::series_head));
    if (auto const fresh = detail::empty_series();
        head.size() < fresh.size() && std::ranges::equal(head, std::span(fresh).first(head.size()))) {
      write(0, fresh);  // a new file, or one whose maker was killed
      sync(0);
      detail::sync_directory(path_);
      return;
    }
    commit_ = detail::read_commit(path_, head, size);
    if (size == commit_.end) return;
    if (::ftruncate(file_.number(), static_cast<::off_t>(commit_.end)) != 0) {
      throw error(path_, commit_.end, "a file that can be cut", detail::last_error());
    }
    sync(commit_.end);
  }

  /// How many snapshots the file holds.
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(commit_.count); }

  /// Adds one snapshot. If that fails, the series is what it was. Memory: four times the packed model.
  /// @pre as for `write_model`
  void append(low_bit_model const& model) {
    auto const bytes = detail::model_bytes(path_, "series_writer::append", model);
    byte_writer record;
    record.put(static_cast<std::uint64_t>(bytes.size()));
    record.put(commit_.count);
    record.bytes.insert(record.bytes.end(), bytes.begin(), bytes.end());
    record.bytes.resize((record.bytes.size() + 7) / 8 * 8);
    write(commit_.end, record.bytes);
    sync(commit_.end);
    detail::series_commit const next{commit_.count + 1, commit_.end + record.bytes.size()};
    write(next.slot(), next.bytes());
    sync(next.slot());
    commit_ = next;
  }

 private:
  std::vector<std::byte> read_head(std::uint64_t size) const {
    std::vector<std::byte> head(static_cast<std::size_t>(size));
    std::size_t at = 0;
    while (at != head.size()) {
      ::ssize_t const n = ::pread(file_.number(), head.data() + at, head.size() - at, static_cast<::off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw error(path_, at, "readable bytes", n < 0 ? detail::last_error() : "the end of the file");
      at += static_cast<std::size_t>(n);
    }
    return head;
  }
  void write(std::uint64_t offset, std::span<std::byte const> bytes) const {
    if (std::size_t const left = detail::write_at(file_, offset, bytes); left != 0) {
      throw error(path_, offset + bytes.size() - left, "room for " + std::to_string(bytes.size()) + " bytes",
                  detail::last_error());
    }
  }
  void sync(std::uint64_t offset) const {
    if (::fsync(file_.number()) != 0) throw error(path_, offset, "bytes that reach the disk", detail::last_error());
  }

  std::filesystem::path path_;
  detail::descriptor file_;
  detail::series_commit commit_;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
