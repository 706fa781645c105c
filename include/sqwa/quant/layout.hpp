// SPDX-License-Identifier: BSD-3-Clause
// Where unsigned fields lie in bytes: least or most significant bit first, or strided; and from one to the other.
#ifndef SQWA_QUANT_LAYOUT_HPP
#define SQWA_QUANT_LAYOUT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/fields.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// An unsigned number of 1 to 8, or to 16, bits.
template <class T>
concept field = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t>;

/// Says where fields of one width lie in a run of bytes. The functions do not check.
///
/// Models: `holds` is true for widths within 1 to 16 only. `bytes(n, bits)` bytes hold n fields. `write` writes the
/// fields `first`, `first` + 1, … where `first` is a multiple of 8 and all bits from there on are 0 before; bits that
/// belong to no field stay 0. `read` reads the fields from `first` on, any number. Both get the first of all bytes.
template <class L>
concept field_layout = std::semiregular<L> &&
    requires(std::size_t n, int bits, std::byte* to, std::byte const* from, std::span<std::uint8_t> small,
             std::span<std::uint8_t const> few, std::span<std::uint16_t> large, std::span<std::uint16_t const> many) {
  { L::name } -> std::convertible_to<char const*>;
  { L::holds(bits) } -> std::same_as<bool>;
  { L::bytes(n, bits) } -> std::same_as<std::size_t>;
  L::write(few, bits, n, to);
  L::write(many, bits, n, to);
  L::read(from, bits, n, small);
  L::read(from, bits, n, large);
};

/// One field after the other from the lowest bit of byte 0 up: what `pack` writes. 1 to 16 bits.
struct lsb_first {
  static constexpr char const* name = "lsb_first";

  [[nodiscard]] static constexpr bool holds(int bits) noexcept { return 1 <= bits && bits <= 16; }
  [[nodiscard]] static constexpr std::size_t bytes(std::size_t n, int bits) noexcept { return packed_bytes(n, bits); }

  template <field T>
  static void write(std::span<T const> fields, int bits, std::size_t first, std::byte* bytes) noexcept {
    detail::write_codes(fields, bits, 0, bytes + packed_bytes(first, bits));
  }
  template <field T>
  static void read(std::byte const* bytes, int bits, std::size_t first, std::span<T> fields) noexcept {
    detail::read_codes(bytes, bits, 0, first, fields);
  }
};

/// One field after the other from the highest bit of byte 0 down, each with its highest bit first. 1 to 16 bits.
struct msb_first {
  static constexpr char const* name = "msb_first";

  [[nodiscard]] static constexpr bool holds(int bits) noexcept { return 1 <= bits && bits <= 16; }
  [[nodiscard]] static constexpr std::size_t bytes(std::size_t n, int bits) noexcept { return packed_bytes(n, bits); }

  template <field T>
  static void write(std::span<T const> fields, int bits, std::size_t first, std::byte* bytes) noexcept {
    bytes += packed_bytes(first, bits);
    std::uint32_t pending = 0;
    int held = 0;
    for (T f : fields) {
      pending = pending << bits | f;
      for (held += bits; held >= 8;) *bytes++ = static_cast<std::byte>(pending >> (held -= 8) & 0xFF);
    }
    if (held > 0) *bytes = static_cast<std::byte>(pending << (8 - held) & 0xFF);
  }
  template <field T>
  static void read(std::byte const* bytes, int bits, std::size_t first, std::span<T> fields) noexcept {
    if (fields.empty()) return;
    std::size_t const bit = first % 8 * static_cast<std::size_t>(bits);
    bytes += first / 8 * static_cast<std::size_t>(bits) + bit / 8;
    std::uint32_t const mask = (std::uint32_t{1} << bits) - 1;
    auto pending = std::to_integer<std::uint32_t>(*bytes++);
    int held = 8 - static_cast<int>(bit % 8);
    for (T& f : fields) {
      for (; held < bits; held += 8) pending = pending << 8 | std::to_integer<std::uint32_t>(*bytes++);
      held -= bits;
      f = static_cast<T>(pending >> held & mask);
    }
  }
};

/// Groups of `Bytes` bytes: byte j of a group holds its fields j, j + Bytes, j + 2 * Bytes, … from the lowest bits up.
///
/// So each shift of a group gives `Bytes` neighbours, which is what vector instructions take. The last group is whole,
/// its unused bits are 0. 1, 2, 4 and 8 bits.
template <std::size_t Bytes>
  requires(Bytes > 0)
struct strided {
  static constexpr char const* name = "strided";

  [[nodiscard]] static constexpr bool holds(int bits) noexcept {
    return bits == 1 || bits == 2 || bits == 4 || bits == 8;
  }
  [[nodiscard]] static constexpr std::size_t bytes(std::size_t n, int bits) noexcept {
    std::size_t const each = group(bits);
    return (n / each + (n % each == 0 ? 0 : 1)) * Bytes;
  }

  template <field T>
  static void write(std::span<T const> fields, int bits, std::size_t first, std::byte* bytes) noexcept {
    for_each_neighbours(fields.size(), bits, first, [&](std::size_t at, std::size_t byte, std::size_t n, int shift) {
      for (std::size_t k = 0; k != n; ++k) {
        bytes[byte + k] |= static_cast<std::byte>(static_cast<unsigned>(fields[at + k]) << shift);
      }
    });
  }
  template <field T>
  static void read(std::byte const* bytes, int bits, std::size_t first, std::span<T> fields) noexcept {
    unsigned const mask = (1U << bits) - 1;
    for_each_neighbours(fields.size(), bits, first, [&](std::size_t at, std::size_t byte, std::size_t n, int shift) {
      for (std::size_t k = 0; k != n; ++k) {
        fields[at + k] = static_cast<T>(std::to_integer<unsigned>(bytes[byte + k]) >> shift & mask);
      }
    });
  }

 private:
  static constexpr std::size_t group(int bits) noexcept { return Bytes * (8 / static_cast<std::size_t>(bits)); }

  /// `f(at, byte, n, shift)` for runs of n fields, `first` + `at` and after it, in neighbouring bytes at one shift.
  template <class F>
  static void for_each_neighbours(std::size_t size, int bits, std::size_t first, F&& f) noexcept {
    for (std::size_t at = 0; at != size;) {
      std::size_t const k = (first + at) % group(bits);
      std::size_t const n = std::min(Bytes - k % Bytes, size - at);
      f(at, (first + at) / group(bits) * Bytes + k % Bytes, n, static_cast<int>(k / Bytes) * bits);
      at += n;
    }
  }
};

namespace detail {

template <field_layout L>
void check_fields(char const* who, std::size_t n, int bits, std::size_t bytes) {
  expects(L::holds(bits), "{}: the layout {} has no fields of {} bits", who, L::name, bits);
  expects(bytes == L::bytes(n, bits), "{}: {} fields of {} bits take {} bytes in the layout {}, not {}", who, n, bits,
          L::bytes(n, bits), L::name, bytes);
}

template <field T, field_layout From, field_layout To>
void convert_pieces(std::byte const* from, std::byte* to, std::size_t n, int bits) noexcept {
  std::array<T, 512> buffer;
  for (std::size_t first = 0; first < n; first += buffer.size()) {
    auto const fields = std::span(buffer).first(std::min(buffer.size(), n - first));
    From::read(from, bits, first, fields);
    To::write(std::span<T const>(fields), bits, first, to);
  }
}

}  // namespace detail

/// The bytes that n fields of `bits` bits take. @pre the layout has fields of `bits` bits
template <field_layout L>
[[nodiscard]] constexpr std::size_t field_bytes(L, std::size_t n, int bits) {
  expects(L::holds(bits), "field_bytes: the layout {} has no fields of {} bits", L::name, bits);
  return L::bytes(n, bits);
}

/// Writes unsigned fields as they are; bits that belong to no field become 0.
///
/// No fields: no bytes. Memory: none.
/// @pre the layout has fields of `bits` bits, and T holds them; each field is below 2^bits;
/// bytes.size() == field_bytes(layout, fields.size(), bits)
template <field_layout L, field T>
void write_fields(L, std::span<T const> fields, int bits, std::span<std::byte> bytes) {
  detail::check_fields<L>("write_fields", fields.size(), bits, bytes.size());
  expects(bits <= std::numeric_limits<T>::digits, "write_fields: fields of {} bits from numbers of {}", bits,
          std::numeric_limits<T>::digits);
  T any = 0;
  for (T f : fields) any |= f;
  if (any >> bits != 0) {
    auto const bad = std::ranges::find_if(fields, [=](T f) { return f >> bits != 0; });
    expects(false, "write_fields: the field {} at {} does not fit {} bits", int{*bad}, bad - fields.begin(), bits);
  }
  std::ranges::fill(bytes, std::byte{0});
  L::write(fields, bits, 0, bytes.data());
}

/// Reads what `write_fields` wrote. Bits that belong to no field are not looked at. Memory: none.
/// @pre as for `write_fields`
template <field_layout L, field T>
void read_fields(L, std::span<std::byte const> bytes, int bits, std::span<T> fields) {
  detail::check_fields<L>("read_fields", fields.size(), bits, bytes.size());
  expects(bits <= std::numeric_limits<T>::digits, "read_fields: fields of {} bits into numbers of {}", bits,
          std::numeric_limits<T>::digits);
  L::read(bytes.data(), bits, 0, fields);
}

/// Moves n fields from one layout to another; bits that belong to no field become 0.
///
/// The two runs of bytes do not overlap. Memory: none but a kilobyte of stack.
/// @pre both layouts have fields of `bits` bits; the sizes are those of `field_bytes`
template <field_layout From, field_layout To>
void convert(From, To, std::span<std::byte const> from, std::span<std::byte> to, std::size_t n, int bits) {
  detail::check_fields<From>("convert", n, bits, from.size());
  detail::check_fields<To>("convert", n, bits, to.size());
  std::ranges::fill(to, std::byte{0});
  if (bits <= 8) {
    detail::convert_pieces<std::uint8_t, From, To>(from.data(), to.data(), n, bits);
  } else {
    detail::convert_pieces<std::uint16_t, From, To>(from.data(), to.data(), n, bits);
  }
}

}  // namespace sqwa::inline SQWA_ABI

#endif
