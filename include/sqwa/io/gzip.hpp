// SPDX-License-Identifier: BSD-3-Clause
// Inflates a gzip file piece by piece, so that its reader decides how much it is willing to hold.
#ifndef SQWA_IO_GZIP_HPP
#define SQWA_IO_GZIP_HPP

#include <sqwa/io/error.hpp>

#include <zlib.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Whether these bytes begin as a gzip file does.
[[nodiscard]] inline bool is_gzip(std::span<std::byte const> file) noexcept {
  return file.size() >= 2 && file[0] == std::byte{0x1F} && file[1] == std::byte{0x8B};
}

/// Inflates one gzip member that fills the whole file.
///
/// `path` is for messages. The bytes of the file must outlive the object. Memory: zlib's window, about 40 KiB; every
/// call inflates straight into the caller's span.
class gzip_reader {
 public:
  /// The most bytes that deflate makes of one [RFC 1951: 258 bytes from two bits].
  static constexpr std::uint64_t max_ratio = 1032;

  gzip_reader(std::filesystem::path path, std::span<std::byte const> file) : path_(std::move(path)), file_(file) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();  // 15: the window; 16: gzip alone
  }
  gzip_reader(gzip_reader const&) = delete;
  gzip_reader& operator=(gzip_reader const&) = delete;
  ~gzip_reader() { inflateEnd(&stream_); }

  /// Fills `out` as far as there are bytes, and returns how many came.
  ///
  /// Fewer than asked for: the member has ended, and its checksum and length were right. Throws `error` for a damaged,
  /// a truncated or a foreign file, and for bytes behind the member.
  std::size_t read(std::span<std::byte> out) {
    std::size_t done = 0;
    while (done != out.size() && !ended_) {
      constexpr std::size_t most = std::numeric_limits<uInt>::max();
      auto const room = std::min(out.size() - done, most);
      auto const left = std::min(file_.size() - taken_, most);
      stream_.next_in = reinterpret_cast<Bytef z_const*>(const_cast<std::byte*>(file_.data() + taken_));
      stream_.avail_in = static_cast<uInt>(left);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + done);
      stream_.avail_out = static_cast<uInt>(room);
      int const result = ::inflate(&stream_, Z_NO_FLUSH);
      taken_ += left - stream_.avail_in;
      done += room - stream_.avail_out;
      given_ += room - stream_.avail_out;
      if (result == Z_STREAM_END) {
        ended_ = true;
      } else if (result == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (result == Z_BUF_ERROR || (result == Z_OK && taken_ == file_.size() && stream_.avail_out != 0)) {
        throw error(path_, given_, "a whole gzip file", "its end after " + std::to_string(file_.size()) + " bytes");
      } else if (result != Z_OK) {
        throw error(path_, given_, "gzip data", stream_.msg != nullptr ? stream_.msg : "a damaged stream");
      }
    }
    if (ended_ && taken_ != file_.size()) {
      throw error(path_, given_, "the end of the gzip file",
                  std::to_string(file_.size() - taken_) + " bytes more behind it");
    }
    return done;
  }

 private:
  std::filesystem::path path_;
  std::span<std::byte const> file_;
  z_stream stream_{};
  std::size_t taken_ = 0;
  std::uint64_t given_ = 0;
  bool ended_ = false;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
