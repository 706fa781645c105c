// SPDX-License-Identifier: BSD-3-Clause
// Alters files, and puts right their checksums and lengths, so that fuzzing reaches what is checked behind them.
#ifndef SQWA_TESTS_FUZZ_MUTATE_HPP
#define SQWA_TESTS_FUZZ_MUTATE_HPP

#include <zlib.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {

using file = std::span<std::uint8_t>;

/// Alters the first `size` bytes of `data`, which has room for `most`, and returns how many there are then.
using mutation = std::size_t (*)(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);

/// Nothing is put right: in a NumPy array, for example, sizes follow from the header.
inline std::size_t anywhere(std::uint8_t* data, std::size_t size, std::size_t most, unsigned) {
  return LLVMFuzzerMutate(data, size, most);
}

/// Now and then a wrong length, and a wrong checksum, is what is tried.
inline bool lengths_too(unsigned seed) { return seed % 4 != 0; }
template <auto Repair>
std::size_t repaired(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::size_t const altered = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 != 0) Repair({data, altered}, lengths_too(seed));
  return altered;
}

inline std::uint32_t crc(std::span<std::uint8_t const> bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

inline std::uint64_t number(file f, std::size_t at, std::size_t bytes) {
  std::uint64_t v = 0;
  for (std::size_t i = bytes; i-- != 0;) v = v << 8 | f[at + i];
  return v;
}

inline void put(file f, std::size_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i != bytes; ++i) f[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

/// The length of the JSON object at `first` with the spaces behind it; 0 where it has no end.
inline std::size_t json_length(file f, std::size_t first) {
  bool quoted = false;
  for (std::size_t at = first, depth = 0; at < f.size(); ++at) {
    if (f[at] == '\\' && quoted) {
      ++at;
    } else if (f[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && f[at] == '{') {
      ++depth;
    } else if (!quoted && f[at] == '}' && depth-- <= 1) {
      do ++at;
      while (at < f.size() && f[at] == ' ');
      return at - first;
    }
  }
  return 0;
}

inline void repair_json(file f, std::size_t length_at) {
  if (length_at + 8 > f.size()) return;
  if (std::size_t const length = json_length(f, length_at + 8); length != 0) put(f, length_at, length, 8);
}

inline void repair_safetensors(file f, bool lengths) {
  if (lengths) repair_json(f, 0);
}

inline void repair_model(file f, bool lengths) {
  if (lengths) repair_json(f, 8);
  if (f.size() >= 4) put(f, f.size() - 4, crc(f.first(f.size() - 4)), 4);
}

inline void repair_checkpoint(file f, bool lengths) {
  if (f.size() < 24) return;
  if (lengths) put(f, 16, f.size() - 24, 8);
  put(f, 12, crc(f.subspan(24)), 4);
}

/// Where the snapshots of a series are, as far as they follow each other.
inline std::vector<file> snapshots(file f) {
  std::vector<file> all;
  for (std::size_t at = 64; at + 16 <= f.size();) {
    std::uint64_t const length = number(f, at, 8);
    if (length > f.size() - at - 16) break;
    all.push_back(f.subspan(at + 16, length));
    at += 16 + (length + 7) / 8 * 8;
  }
  return all;
}

inline void repair_series(file f, bool) {
  for (std::size_t slot : {8U, 32U}) {
    if (f.size() >= slot + 20) put(f, slot + 16, crc(f.subspan(slot, 16)), 4);
  }
  for (file snapshot : snapshots(f)) repair_model(snapshot, false);
}

/// Alters one snapshot, moves those behind it, and commits as many as there were.
inline std::size_t series(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  auto const all = snapshots({data, size});
  if (all.empty() || seed % 4 == 0) return repaired<repair_series>(data, size, most, seed / 4);
  file const chosen = all[seed / 4 % all.size()];
  auto const first = static_cast<std::size_t>(chosen.data() - data);
  auto const padded = [](std::size_t n) { return (n + 7) / 8 * 8; };
  std::vector<std::uint8_t> const behind(data + std::min(size, first + padded(chosen.size())), data + size);
  if (most < first + behind.size() + 8) return repaired<repair_series>(data, size, most, seed / 4);
  std::size_t const room = (most - first - behind.size()) / 8 * 8;
  std::size_t const now = repaired<repair_model>(data + first, std::min(chosen.size(), room), room, seed / 64);
  std::size_t const end = first + padded(now);
  std::fill(data + first + now, data + end, std::uint8_t{0});
  std::copy(behind.begin(), behind.end(), data + end);
  file const f(data, end + behind.size());
  put(f, first - 16, now, 8);
  std::size_t const slot = 8 + 24 * (all.size() % 2);
  put(f, slot, all.size(), 8);
  put(f, slot + 8, f.size(), 8);
  put(f, slot + 16, crc(f.subspan(slot, 16)), 4);
  return f.size();
}

/// Stored members only: what is deflated would have to be inflated first.
inline void repair_npz(file f, bool) {
  for (std::size_t at = 0; at + 46 <= f.size(); ++at) {
    if (number(f, at, 4) != 0x02014B50 || number(f, at + 10, 2) != 0) continue;
    std::uint64_t const size = number(f, at + 20, 4), local = number(f, at + 42, 4);
    if (local + 30 > f.size()) continue;
    std::uint64_t const first = local + 30 + number(f, local + 26, 2) + number(f, local + 28, 2);
    if (first + size <= f.size()) put(f, at + 16, crc(f.subspan(first, size)), 4);
  }
}

inline void repair_png(file f, bool) {
  auto const big = [&](std::size_t at) { return __builtin_bswap32(static_cast<std::uint32_t>(number(f, at, 4))); };
  for (std::size_t at = 8; at + 12 <= f.size();) {
    std::size_t const length = big(at);
    if (length > f.size() - at - 12) return;
    put(f, at + 8 + length, __builtin_bswap32(crc(f.subspan(at + 4, length + 4))), 4);
    at += 12 + length;
  }
}

}  // namespace fuzz

#endif
