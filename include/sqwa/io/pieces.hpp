// SPDX-License-Identifier: BSD-3-Clause
// The payload of our files: runs of numbers one behind the other, whose places a JSON header names.
#ifndef SQWA_IO_PIECES_HPP
#define SQWA_IO_PIECES_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/json_header.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr std::size_t piece_alignment = 4;
inline constexpr std::size_t checksum_size = 4;  // at the end of the file

/// Puts pieces one behind the other, each at a multiple of four bytes, and says where each begins.
class piece_writer {
 public:
  std::size_t put(std::span<float const> values) {
    std::size_t const offset = begin();
    for (float v : values) payload_.put(v);
    return offset;
  }
  std::size_t put(std::span<std::byte const> bytes) {
    std::size_t const offset = begin();
    payload_.bytes.insert(payload_.bytes.end(), bytes.begin(), bytes.end());
    return offset;
  }
  [[nodiscard]] std::span<std::byte const> payload() {
    begin();
    return payload_.bytes;
  }

 private:
  std::size_t begin() {
    while (payload_.bytes.size() % piece_alignment != 0) payload_.bytes.push_back(std::byte{0});
    return payload_.bytes.size();
  }

  byte_writer payload_;
};

/// Takes the pieces in the order in which they were put; no header can make it look or allocate beyond the payload.
class piece_reader {
 public:
  /// The pieces of `file`, whose payload begins at `first`; `base` is where `file` begins in the file called `path`.
  piece_reader(std::filesystem::path const& path, std::span<std::byte const> file, std::size_t first,
               std::uint64_t base = 0)
      : path_(path), file_(file.first(file.size() - checksum_size)), at_(first), first_(first), base_(base) {}

  [[noreturn]] void fail(std::string expected, std::string const& found) const {
    throw error(path_, base_ + at_, std::move(expected), found);
  }

  /// An unsigned number of the header.
  [[nodiscard]] std::size_t number(json const& j, char const* key) const {
    return header_count(j, key, [this](auto const&... what) { fail(what...); });
  }

  /// Extents whose product neither overflows nor exceeds what the payload could hold at one bit an element.
  [[nodiscard]] shape extents(json const& j) const {
    return header_extents(j, file_.size() * 8, [this](auto const&... what) { fail(what...); });
  }

  /// The bytes of so many floats.
  [[nodiscard]] std::span<std::byte const> floats(json const& j, std::size_t count) {
    begin(j);
    if (number(j, "count") != count) fail(std::to_string(count) + " values", j.dump());
    if (count > (file_.size() - at_) / sizeof(float)) fail(std::to_string(count) + " values", "the end of the payload");
    return take(count * sizeof(float));
  }

  [[nodiscard]] std::span<std::byte const> bytes(json const& j, std::size_t count) {
    begin(j);
    if (number(j, "count") != count) fail(std::to_string(count) + " bytes of codes", j.dump());
    if (count > file_.size() - at_) fail(std::to_string(count) + " bytes of codes", "the end of the payload");
    return take(count);
  }

  /// The payload must end here.
  void end() {
    skip_padding();
    if (at_ != file_.size()) fail("the checksum", std::to_string(file_.size() - at_) + " bytes more of payload");
  }

 private:
  std::span<std::byte const> take(std::size_t count) {
    auto const piece = file_.subspan(at_, count);
    at_ += count;
    return piece;
  }
  void begin(json const& j) {
    skip_padding();
    if (number(j, "offset") != at_ - first_) fail("a piece at offset " + std::to_string(at_ - first_), j.dump());
  }
  void skip_padding() {
    for (; (at_ - first_) % piece_alignment != 0; ++at_) {
      if (at_ == file_.size() || file_[at_] != std::byte{0}) fail("a zero byte between pieces", "something else");
    }
  }

  std::filesystem::path path_;
  std::span<std::byte const> file_;  // without its checksum
  std::size_t at_;
  std::size_t first_;
  std::uint64_t base_;
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
