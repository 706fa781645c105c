// SPDX-License-Identifier: BSD-3-Clause
// A file as memory, to read: only what is looked at is fetched. POSIX.
#ifndef SQWA_IO_MAPPED_FILE_HPP
#define SQWA_IO_MAPPED_FILE_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// The bytes of a regular file as they were when it was opened, mapped into memory for as long as the object lives.
///
/// Throws `error` for a file that is missing, is no regular file or cannot be mapped. An empty file gives no bytes. The
/// system kills a program that reads a part which was cut off meanwhile: `check` tells beforehand. What is appended
/// later is not seen; what is overwritten may be. Memory: none but pages of the file, which the system may take back.
class mapped_file {
 public:
  explicit mapped_file(std::filesystem::path path)
      : path_(std::move(path)), file_(path_, O_RDONLY | O_NONBLOCK) {  // a named pipe must not make us wait
    if (!file_) throw error(path_, 0, "a file that can be opened", detail::last_error());
    size_ = size_now();
    if (size_ == 0) return;
    void* const memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.number(), 0);
    if (memory == MAP_FAILED) throw error(path_, 0, "a file that can be mapped", detail::last_error());
    memory_ = static_cast<std::byte const*>(memory);
  }
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;
  ~mapped_file() {
    if (memory_ != nullptr) ::munmap(const_cast<std::byte*>(memory_), size_);
  }

  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return {memory_, size_}; }
  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

  /// Throws `error` if the file has become shorter.
  void check() const {
    if (std::size_t const size = size_now(); size < size_) {
      throw error(path_, size, std::to_string(size_) + " bytes, as when it was opened", "the end of the file");
    }
  }

 private:
  [[nodiscard]] std::size_t size_now() const {
    struct ::stat status {};
    if (::fstat(file_.number(), &status) != 0) throw error(path_, 0, "the size of the file", detail::last_error());
    if (!S_ISREG(status.st_mode)) throw error(path_, 0, "a regular file", "a directory or a device");
    return static_cast<std::size_t>(status.st_size);
  }

  std::filesystem::path path_;
  detail::descriptor file_;
  std::size_t size_ = 0;
  std::byte const* memory_ = nullptr;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
