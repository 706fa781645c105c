// SPDX-License-Identifier: BSD-3-Clause
// TensorBoard event files: curves of numbers that can be watched while they grow.
#ifndef SQWA_IO_EVENT_FILE_HPP
#define SQWA_IO_EVENT_FILE_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/protobuf.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr auto crc32c_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i != 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit != 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = c;
  }
  return table;
}();

/// CRC-32C, the Castagnoli polynomial, as RFC 3720 has it; 0 for no bytes.
constexpr std::uint32_t crc32c(std::span<std::byte const> bytes) noexcept {
  std::uint32_t c = 0xFFFF'FFFFU;
  for (std::byte b : bytes) c = (c >> 8) ^ crc32c_table[(c ^ std::to_integer<std::uint32_t>(b)) & 0xFF];
  return ~c;
}

/// What a TFRecord stores of it: so that the checksum of bytes that hold checksums is no trivial one.
constexpr std::uint32_t masked_crc32c(std::span<std::byte const> bytes) noexcept {
  std::uint32_t const c = crc32c(bytes);
  return ((c >> 15) | (c << 17)) + 0xA282'EAD8U;
}

/// A TFRecord: length, its checksum, the bytes, their checksum.
inline std::vector<std::byte> tf_record(std::span<std::byte const> bytes) {
  byte_writer out;
  out.put(static_cast<std::uint64_t>(bytes.size()));
  out.put(masked_crc32c(out.bytes));
  out.bytes.insert(out.bytes.end(), bytes.begin(), bytes.end());
  out.put(masked_crc32c(bytes));
  return std::move(out.bytes);
}

}  // namespace detail

/// A file of curves for TensorBoard, which shows a directory as one run and what is written to it at once.
///
/// A file is a row of TFRecords; each holds an Event of TensorFlow's event.proto, of whose fields these are written:
/// wall_time (1), step (2), and one of file_version (3: "brain.Event:2", in the first record alone), summary (5: one
/// value (1) of summary.proto with tag (1) and simple_value (2)) and session_log (7: status (1) = START). Every call
/// writes one whole record and waits for no disk; after one that failed, the next overwrites what it left.
/// Memory: one record.
class event_file {
 public:
  using clock = std::chrono::system_clock;

  /// Begins a file in `directory`, which is made if it is missing: events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER.
  ///
  /// Throws `error` where that is not possible.
  explicit event_file(std::filesystem::path const& directory, clock::time_point now = clock::now())
      : path_(made(directory) / name(now)), file_(path_, O_WRONLY | O_CREAT | O_EXCL, 0666) {
    if (!file_) throw error(path_, 0, "a directory that can be written to", detail::last_error());
    detail::protobuf_message event = event_at(now);
    event.text(3, "brain.Event:2");
    write(event);
  }

  /// The point (step, value) of the curve `tag`; "loss/train" is shown in the group "loss". NaN and infinity are shown
  /// as such. Throws `error` when it cannot be written.
  /// @pre step >= 0
  void scalar(std::string_view tag, std::int64_t step, double value, clock::time_point now = clock::now()) {
    expects(step >= 0, "event_file: step {}", step);
    detail::protobuf_message point, summary, event = event_at(now, step);
    point.text(1, tag);
    point.number(2, static_cast<float>(value));
    summary.message(1, point);
    event.message(5, summary);
    write(event);
  }

  /// The run goes on behind an interruption: TensorBoard forgets the points of earlier files at `first` and later
  /// steps. Throws `error` when it cannot be written.
  /// @pre first >= 0
  void restart(std::int64_t first, clock::time_point now = clock::now()) {
    expects(first >= 0, "event_file: step {}", first);
    detail::protobuf_message log, event = event_at(now, first);
    log.integer(1, 1);
    event.message(7, log);
    write(event);
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

 private:
  static std::filesystem::path const& made(std::filesystem::path const& directory) {
    std::error_code status;
    std::filesystem::create_directories(directory, status);
    if (status) throw error(directory, 0, "a directory, or room for one", status.message());
    return directory;
  }

  static std::string name(clock::time_point now) {
    static std::atomic<unsigned> count = 0;
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host = {"host"};
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return "events.out.tfevents." + std::to_string(seconds) + "." + host.data() + "." + std::to_string(::getpid()) +
           "." + std::to_string(count++);
  }

  static detail::protobuf_message event_at(clock::time_point now, std::int64_t step = 0) {
    detail::protobuf_message event;
    event.number(1, std::chrono::duration<double>(now.time_since_epoch()).count());
    if (step != 0) event.integer(2, static_cast<std::uint64_t>(step));  // 0 is what a field that is missing means
    return event;
  }

  void write(detail::protobuf_message const& event) {
    auto const record = detail::tf_record(event.bytes());
    if (std::size_t const left = detail::write_at(file_, size_, record); left != 0) {
      throw error(path_, size_ + record.size() - left, "room for " + std::to_string(record.size()) + " bytes",
                  detail::last_error());
    }
    size_ += record.size();
  }

  std::filesystem::path path_;
  detail::descriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
