// SPDX-License-Identifier: BSD-3-Clause
// Puts right the checksums of a file that was altered, so that fuzzing reaches what is checked behind them.
#ifndef SQWA_TESTS_FUZZ_REPAIR_HPP
#define SQWA_TESTS_FUZZ_REPAIR_HPP

#include <zlib.h>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace fuzz {

using file = std::span<std::uint8_t>;

inline std::uint32_t crc(std::span<std::uint8_t const> bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

inline std::uint64_t number(file f, std::size_t at, std::size_t bytes) {
  std::uint64_t v = 0;
  for (std::size_t i = bytes; i-- != 0;) v = v << 8 | f[at + i];
  return v;
}

inline void put(file f, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i != 4; ++i) f[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

inline void repair_model(file f) {
  if (f.size() >= 4) put(f, f.size() - 4, crc(f.first(f.size() - 4)));
}

inline void repair_checkpoint(file f) {
  if (f.size() >= 24) put(f, 12, crc(f.subspan(24)));
}

inline void repair_series(file f) {
  for (std::size_t slot : {8U, 32U}) {
    if (f.size() >= slot + 20) put(f, slot + 16, crc(f.subspan(slot, 16)));
  }
  for (std::size_t at = 64; at + 16 <= f.size();) {
    std::uint64_t const length = number(f, at, 8);
    if (length > f.size() - at - 16) return;
    repair_model(f.subspan(at + 16, length));
    at += 16 + (length + 7) / 8 * 8;
  }
}

/// Stored members only: what is deflated would have to be inflated first.
inline void repair_npz(file f) {
  for (std::size_t at = 0; at + 46 <= f.size(); ++at) {
    if (number(f, at, 4) != 0x02014B50 || number(f, at + 10, 2) != 0) continue;
    std::uint64_t const size = number(f, at + 20, 4), local = number(f, at + 42, 4);
    if (local + 30 > f.size()) continue;
    std::uint64_t const first = local + 30 + number(f, local + 26, 2) + number(f, local + 28, 2);
    if (first + size <= f.size()) put(f, at + 16, crc(f.subspan(first, size)));
  }
}

inline void repair_png(file f) {
  auto const big = [&](std::size_t at) { return __builtin_bswap32(static_cast<std::uint32_t>(number(f, at, 4))); };
  for (std::size_t at = 8; at + 12 <= f.size();) {
    std::size_t const length = big(at);
    if (length > f.size() - at - 12) return;
    put(f, at + 8 + length, __builtin_bswap32(crc(f.subspan(at + 4, length + 4))));
    at += 12 + length;
  }
}

/// The size of a NumPy array follows from its header, so one that lost bytes is mostly refused there: nothing to
/// repair.
inline void leave(file) {}

}  // namespace fuzz

#endif
