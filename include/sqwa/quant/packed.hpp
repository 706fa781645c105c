// SPDX-License-Identifier: BSD-3-Clause
// Codes as bits: consecutive, least significant bit first, any width from 1 to 16, any tail.
#ifndef SQWA_QUANT_PACKED_HPP
#define SQWA_QUANT_PACKED_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The bytes that `n` codes of `bits` take.
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t n, int bits) noexcept {
  auto const b = static_cast<std::size_t>(bits);
  return n / 8 * b + (n % 8 * b + 7) / 8;
}

/// Packs codes as the unsigned fields code + max_code: element 0 in the lowest bits of byte 0; unused bits are 0.
///
/// Ternary codes -1, 0, +1 become the fields 0, 1, 2, four to a byte.
/// @pre 1 <= bits <= 16; every code within ±max_code; bytes.size() == packed_bytes(codes.size(), bits)
template <std::signed_integral Code>
void pack(std::span<Code const> codes, int bits, int max_code, std::span<std::byte> bytes) {
  expects(1 <= bits && bits <= 16, "pack: {} bits; 1 to 16 can be packed", bits);
  expects(bytes.size() == packed_bytes(codes.size(), bits), "pack: {} codes of {} bits take {} bytes, not {}",
          codes.size(), bits, packed_bytes(codes.size(), bits), bytes.size());
  std::uint32_t pending = 0;
  int held = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i != codes.size(); ++i) {
    int const code = codes[i];
    expects(-max_code <= code && code <= max_code, "pack: code {} at {} is not within ±{}", code, i, max_code);
    pending |= static_cast<std::uint32_t>(code + max_code) << held;
    for (held += bits; held >= 8; held -= 8, pending >>= 8) bytes[at++] = static_cast<std::byte>(pending & 0xFF);
  }
  if (held > 0) bytes[at] = static_cast<std::byte>(pending & 0xFF);
}

namespace detail {

/// Calls `f(i, field)` for each of the `n` packed fields.
template <class F>
void for_each_field(std::span<std::byte const> bytes, std::size_t n, int bits, F&& f) {
  std::uint32_t const mask = (std::uint32_t{1} << bits) - 1;
  std::uint32_t pending = 0;
  int held = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i != n; ++i) {
    for (; held < bits; held += 8) pending |= std::to_integer<std::uint32_t>(bytes[at++]) << held;
    f(i, pending & mask);
    pending >>= bits;
    held -= bits;
  }
}

}  // namespace detail

/// Reads back what `pack` wrote.
/// @pre bytes.size() == packed_bytes(codes.size(), bits); no field above 2 * max_code
template <std::signed_integral Code>
void unpack(std::span<std::byte const> bytes, int bits, int max_code, std::span<Code> codes) {
  expects(1 <= bits && bits <= 16, "unpack: {} bits; 1 to 16 can be unpacked", bits);
  expects(bytes.size() == packed_bytes(codes.size(), bits), "unpack: {} codes of {} bits take {} bytes, not {}",
          codes.size(), bits, packed_bytes(codes.size(), bits), bytes.size());
  detail::for_each_field(bytes, codes.size(), bits, [&](std::size_t i, std::uint32_t field) {
    int const code = static_cast<int>(field) - max_code;
    expects(code <= max_code, "unpack: the field {} at {} is not one of {} levels", field, i, 2 * max_code + 1);
    codes[i] = static_cast<Code>(code);
  });
}

/// The codes of one tensor, packed, and their scales: value = code * scale of its block.
///
/// Memory: owns its bytes and scales.
struct packed {
  int levels = 3;                ///< odd; codes lie within ±(levels - 1) / 2
  blocks layout;                 ///< which scale belongs to which element
  std::vector<float> scales;     ///< one for each block
  std::vector<std::byte> bytes;  ///< as `pack` writes them

  [[nodiscard]] constexpr int max_code() const noexcept { return (levels - 1) / 2; }
  [[nodiscard]] constexpr int bits() const noexcept { return std::bit_width(static_cast<unsigned>(levels - 1)); }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return layout.size; }

  /// The values. @pre out.size() == size()
  template <real T>
  void decode(std::span<T> out) const {
    expects(out.size() == size(), "packed::decode: {} values into {}", size(), out.size());
    for_each_code([&](std::size_t i, int code) { out[i] = static_cast<T>(code); });
    for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
      for (T& v : out.subspan(first, length)) v *= static_cast<T>(scales[block]);
    });
  }

  /// The codes. @pre out.size() == size()
  void codes(std::span<std::int16_t> out) const {
    expects(out.size() == size(), "packed::codes: {} codes into {}", size(), out.size());
    for_each_code([&](std::size_t i, int code) { out[i] = static_cast<std::int16_t>(code); });
  }

  /// Calls `f(i, code)` for each element in order.
  template <std::invocable<std::size_t, int> F>
  void for_each_code(F&& f) const {
    detail::for_each_field(bytes, size(), bits(),
                           [&](std::size_t i, std::uint32_t field) { f(i, static_cast<int>(field) - max_code()); });
  }

  bool operator==(packed const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
