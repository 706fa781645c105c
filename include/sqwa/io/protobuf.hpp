// SPDX-License-Identifier: BSD-3-Clause
// Messages of protocol buffers, to write: what event files and ONNX models are made of.
#ifndef SQWA_IO_PROTOBUF_HPP
#define SQWA_IO_PROTOBUF_HPP

#include <sqwa/core/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// A message of protocol buffers: fields in the order in which they are added.
///
/// The encoding: protobuf.dev/programming-guides/encoding.
class protobuf_message {
 public:
  void integer(unsigned field, std::uint64_t value) {
    key(field, 0);
    varint(value);
  }
  void number(unsigned field, double value) {
    key(field, 1);
    out_.put(value);
  }
  void number(unsigned field, float value) {
    key(field, 5);
    out_.put(value);
  }
  void block(unsigned field, std::span<std::byte const> value) {
    key(field, 2);
    varint(value.size());
    out_.bytes.insert(out_.bytes.end(), value.begin(), value.end());
  }
  void text(unsigned field, std::string_view value) { block(field, std::as_bytes(std::span(value))); }
  void message(unsigned field, protobuf_message const& value) { block(field, value.out_.bytes); }

  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return out_.bytes; }

 private:
  void key(unsigned field, unsigned type) { varint(field << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value >= 128; value >>= 7) out_.put(static_cast<std::uint8_t>(value | 128));
    out_.put(static_cast<std::uint8_t>(value));
  }

  byte_writer out_;
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
