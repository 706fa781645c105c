// SPDX-License-Identifier: BSD-3-Clause
// A number that stands for many: how states that do not belong together are told apart.
#ifndef SQWA_CORE_FINGERPRINT_HPP
#define SQWA_CORE_FINGERPRINT_HPP

#include <sqwa/core/config.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// 64 bits of FNV-1a over words of 64 bits: another number, but for chance, when anything that was put in differs.
///
/// The same on every machine. Not for adversaries. Floats count by their bits, so NaN equals itself. Memory: none.
class fingerprint {
 public:
  template <class T>
    requires std::integral<T> || std::same_as<T, float> || std::same_as<T, double>
  constexpr void put(T value) noexcept {
    if constexpr (std::same_as<T, double>) {
      mix(std::bit_cast<std::uint64_t>(value));
    } else if constexpr (std::same_as<T, float>) {
      mix(std::bit_cast<std::uint32_t>(value));
    } else {
      mix(static_cast<std::uint64_t>(value));
    }
  }

  template <class T>
  constexpr void put_all(std::span<T const> values) noexcept {
    put(values.size());
    for (T v : values) put(v);
  }
  /// The same for bytes, eight at a time.
  constexpr void put_all(std::span<std::uint8_t const> bytes) noexcept {
    put(bytes.size());
    while (!bytes.empty()) {
      std::size_t const n = bytes.size() < 8 ? bytes.size() : 8;
      std::uint64_t word = 0;
      for (std::size_t k = 0; k != n; ++k) word |= std::uint64_t{bytes[k]} << (8 * k);
      mix(word);
      bytes = bytes.subspan(n);
    }
  }

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return hash_; }

 private:
  constexpr void mix(std::uint64_t word) noexcept {
    hash_ = (hash_ ^ word) * 0x100'0000'01B3;
    hash_ ^= hash_ >> 32;  // what differs above must show below too
  }

  std::uint64_t hash_ = 0xCBF2'9CE4'8422'2325;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
