// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing fields of 1 to 16 bits for codes of any type; codes of 8 bits have kernels for this.
#ifndef SQWA_QUANT_FIELDS_HPP
#define SQWA_QUANT_FIELDS_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// The bytes that `n` codes of `bits` take.
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t n, int bits) noexcept {
  auto const b = static_cast<std::size_t>(bits);
  return n / 8 * b + (n % 8 * b + 7) / 8;
}

namespace detail {

/// The place of the first code outside ±max_code; `codes.size()` if there is none.
template <std::signed_integral Code>
std::size_t first_outside(std::span<Code const> codes, int max_code) noexcept {
  Code low = 0;
  Code high = 0;
  for (Code c : codes) {
    low = std::min(low, c);
    high = std::max(high, c);
  }
  if (low >= -max_code && high <= max_code) return codes.size();
  auto const found = std::ranges::find_if(codes, [=](Code c) { return c < -max_code || c > max_code; });
  return static_cast<std::size_t>(found - codes.begin());
}

/// Packs fields that divide a byte: 8 / Bits codes a byte.
template <int Bits, std::signed_integral Code>
void write_bytes(std::span<Code const> codes, int max_code, std::byte* bytes) noexcept {
  constexpr std::size_t each = 8 / Bits;
  auto const field = [&](std::size_t i) { return static_cast<unsigned>(codes[i] + max_code); };
  std::size_t i = 0;
  for (; i + each <= codes.size(); i += each) {
    unsigned b = 0;
    for (std::size_t k = 0; k != each; ++k) b |= field(i + k) << (k * Bits);
    *bytes++ = static_cast<std::byte>(b & 0xFF);
  }
  if (i == codes.size()) return;
  unsigned b = 0;
  for (std::size_t k = 0; i != codes.size(); ++k, ++i) b |= field(i) << (k * Bits);
  *bytes = static_cast<std::byte>(b & 0xFF);
}

/// Packs fields of any width.
template <std::integral Code>
void write_fields(std::span<Code const> codes, int bits, int max_code, std::byte* bytes) noexcept {
  std::uint32_t pending = 0;
  int held = 0;
  for (Code c : codes) {
    pending |= static_cast<std::uint32_t>(c + max_code) << held;
    for (held += bits; held >= 8; held -= 8, pending >>= 8) *bytes++ = static_cast<std::byte>(pending & 0xFF);
  }
  if (held > 0) *bytes = static_cast<std::byte>(pending & 0xFF);
}

/// Reads the codes from element `first` on, of fields of any width.
template <std::integral Code>
void read_fields(std::byte const* bytes, int bits, int max_code, std::size_t first, std::span<Code> codes) noexcept {
  if (codes.empty()) return;
  std::size_t const bit = first % 8 * static_cast<std::size_t>(bits);
  bytes += first / 8 * static_cast<std::size_t>(bits) + bit / 8;
  std::uint32_t const mask = (std::uint32_t{1} << bits) - 1;
  int held = 8 - static_cast<int>(bit % 8);
  std::uint32_t pending = std::to_integer<std::uint32_t>(*bytes++) >> (bit % 8);
  for (Code& c : codes) {
    for (; held < bits; held += 8) pending |= std::to_integer<std::uint32_t>(*bytes++) << held;
    c = static_cast<Code>(static_cast<int>(pending & mask) - max_code);
    pending >>= bits;
    held -= bits;
  }
}

/// Reads the codes from element `first` on, of fields that divide a byte.
template <int Bits, std::signed_integral Code>
void read_bytes(std::byte const* bytes, int max_code, std::size_t first, std::span<Code> codes) noexcept {
  constexpr std::size_t each = 8 / Bits;
  std::size_t const head = std::min(codes.size(), (each - first % each) % each);
  read_fields(bytes, Bits, max_code, first, codes.first(head));
  bytes += (first + head) / each;
  std::size_t i = head;
  for (; i + each <= codes.size(); i += each) {
    auto const b = std::to_integer<unsigned>(*bytes++);
    for (std::size_t k = 0; k != each; ++k) {
      codes[i + k] = static_cast<Code>(static_cast<int>(b >> (k * Bits) & ((1U << Bits) - 1)) - max_code);
    }
  }
  read_fields(bytes, Bits, max_code, 0, codes.subspan(i));
}

/// Reads the codes from element `first` on. Fields that are no code give numbers outside ±max_code.
template <std::signed_integral Code>
void read_codes(std::byte const* bytes, int bits, int max_code, std::size_t first, std::span<Code> codes) noexcept {
  switch (bits) {
    case 1:
      return read_bytes<1>(bytes, max_code, first, codes);
    case 2:
      return read_bytes<2>(bytes, max_code, first, codes);
    case 4:
      return read_bytes<4>(bytes, max_code, first, codes);
    case 8:
      return read_bytes<8>(bytes, max_code, first, codes);
    default:
      return read_fields(bytes, bits, max_code, first, codes);
  }
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
