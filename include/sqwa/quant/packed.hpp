// SPDX-License-Identifier: BSD-3-Clause
// Codes as bits: consecutive, least significant bit first, any width from 1 to 16, any tail.
#ifndef SQWA_QUANT_PACKED_HPP
#define SQWA_QUANT_PACKED_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/fields.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline void check_packing(char const* who, std::size_t n, int bits, int max_code, std::size_t bytes) {
  expects(1 <= bits && bits <= 16, "{}: codes of {} bits; 1 to 16 can be packed", who, bits);
  expects(max_code >= 0 && 2 * std::int64_t{max_code} < std::int64_t{1} << bits, "{}: codes to {} in {} bits", who,
          max_code, bits);
  expects(bytes == packed_bytes(n, bits), "{}: {} codes of {} bits take {} bytes, not {}", who, n, bits,
          packed_bytes(n, bits), bytes);
}

/// The check of `packed` and of what views one.
template <class Packed>
void check_packed(char const* who, Packed const& p) {
  expects(p.levels >= 3 && p.levels <= 65'535 && p.levels % 2 == 1,
          "{}: packed codes of {} levels; odd, from 3 to 65535", who, p.levels);
  expects(p.layout.valid(), "{}: {} packed codes in {} x {} runs of {}", who, p.layout.size, p.layout.outer,
          p.layout.count, p.layout.inner);
  expects(p.scales.size() == p.layout.count, "{}: {} scales for {} blocks", who, p.scales.size(), p.layout.count);
  check_packing(who, p.size(), p.bits(), p.max_code(), p.bytes.size());
}

template <std::signed_integral Code>
void check_codes(char const* who, std::span<Code const> codes, int max_code, std::size_t first = 0) {
  std::size_t const bad = first_outside(codes, max_code);
  if (bad == codes.size()) return;
  expects(false, "{}: the code {} at {} is not within ±{}", who, std::int64_t{codes[bad]}, first + bad, max_code);
}

}  // namespace detail

/// Packs codes as the unsigned fields code + max_code: element 0 in the lowest bits of byte 0; unused bits are 0.
///
/// Ternary codes -1, 0, +1 become the fields 0, 1, 2, four to a byte. No codes: no bytes. Memory: none.
/// @pre 1 <= bits <= 16; 2 * max_code < 2^bits; bytes.size() == packed_bytes(codes.size(), bits); every code within
/// ±max_code
template <std::signed_integral Code>
void pack(std::span<Code const> codes, int bits, int max_code, std::span<std::byte> bytes) {
  detail::check_packing("pack", codes.size(), bits, max_code, bytes.size());
  detail::check_codes("pack", codes, max_code);
  detail::write_codes(codes, bits, max_code, bytes.data());
}

/// Reads back what `pack` wrote. Unused bits of the last byte are not looked at.
///
/// Where a field is refused, `codes` holds numbers that mean nothing. Memory: none.
/// @pre as for `pack`; Code has at least `bits` bits, and ±max_code fits it; no field above 2 * max_code
template <std::signed_integral Code>
void unpack(std::span<std::byte const> bytes, int bits, int max_code, std::span<Code> codes) {
  detail::check_packing("unpack", codes.size(), bits, max_code, bytes.size());
  expects(
      std::cmp_less_equal(max_code, std::numeric_limits<Code>::max()) && std::cmp_less_equal(bits, 8 * sizeof(Code)),
      "unpack: codes to {} of {} bits into {} bytes each", max_code, bits, sizeof(Code));
  detail::read_codes(bytes.data(), bits, max_code, 0, codes);
  detail::check_codes("unpack", std::span<Code const>(codes), max_code);
}

/// The codes of one tensor, packed, and their scales: value = code * scale of its block.
///
/// Memory: owns its bytes and scales.
struct packed {
  int levels = 3;                ///< odd, 3 to 65,535; codes lie within ±(levels - 1) / 2
  blocks layout;                 ///< which scale belongs to which element
  std::vector<float> scales;     ///< one for each block
  std::vector<std::byte> bytes;  ///< as `pack` writes them

  [[nodiscard]] constexpr int max_code() const noexcept { return (levels - 1) / 2; }
  [[nodiscard]] constexpr int bits() const noexcept {
    return static_cast<int>(std::bit_width(static_cast<unsigned>(levels - 1)));
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return layout.size; }

  /// Breaks a precondition, told in the name of `who`, unless the four members fit together. The codes are not read.
  void check(char const* who) const { detail::check_packed(who, *this); }

  /// The values: code * scale in T. The same bits on every backend. Memory: none.
  ///
  /// Where a field is refused, `out` holds numbers that mean nothing.
  /// @pre out.size() == size(); the members fit together; no field above levels - 1
  template <real T, any_backend B = backend<>>
  void decode(std::span<T> out, B const& where = {}) const {
    check("packed::decode");
    expects(out.size() == size(), "packed::decode: {} values into {}", size(), out.size());
    std::size_t const bad = reduce(
        where.exec, size(), size(),  //
        [&](std::size_t begin, std::size_t end) {
          return max_code() <= std::numeric_limits<std::int8_t>::max() ? decode_narrow<B>(begin, end, out)
                                                                       : decode_wide(begin, end, out);
        },
        [](std::size_t a, std::size_t b) { return std::min(a, b); });
    if (bad != size()) {
      std::int32_t code = 0;
      detail::read_codes(bytes.data(), bits(), max_code(), bad, std::span(&code, 1));
      expects(false, "packed::decode: the code {} at {} is not within ±{}", code, bad, max_code());
    }
  }

  /// The codes. Memory: none.
  /// @pre out.size() == size(); the members fit together; no field above levels - 1
  void codes(std::span<std::int16_t> out) const {
    check("packed::codes");
    expects(out.size() == size(), "packed::codes: {} codes into {}", size(), out.size());
    unpack(std::span(bytes), bits(), max_code(), out);
  }

  /// Calls `f(i, code)` for each element in order.
  /// @pre the members fit together; no field above levels - 1
  template <std::invocable<std::size_t, int> F>
  void for_each_code(F&& f) const {
    for_each_part("packed::for_each_code", [&](std::size_t first, std::span<std::int16_t const> part) {
      for (std::int16_t code : part) f(first++, static_cast<int>(code));
    });
  }

  bool operator==(packed const&) const = default;

 private:
  /// Decodes elements [begin, end). The place of the first field that is no code, or size().
  template <any_backend B, real T>
  std::size_t decode_narrow(std::size_t begin, std::size_t end, std::span<T> out) const {
    bool good = true;
    for_each_run(layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
      auto const scale = static_cast<T>(scales[block]);
      std::size_t const head = std::min(length, (8 - first % 8) % 8);  // the kernel begins at a byte
      std::array<std::int8_t, 8> few;
      auto const codes = std::span(few).first(head);
      detail::read_codes(bytes.data(), bits(), max_code(), first, codes);
      good = detail::first_outside(std::span<std::int8_t const>(codes), max_code()) == head && good;
      for (std::size_t k = 0; k != head; ++k) out[first + k] = static_cast<T>(codes[k]) * scale;
      good = B::kernels::template decode<T>(out.subspan(first + head, length - head),
                                            bytes.data() + packed_bytes(first + head, bits()), bits(), max_code(),
                                            scale) &&
             good;
    });
    if (good) return size();
    std::array<std::int8_t, 64> codes;
    for (std::size_t first = begin;; first += codes.size()) {
      auto const part = std::span(codes).first(std::min(codes.size(), end - first));
      detail::read_codes(bytes.data(), bits(), max_code(), first, part);
      std::size_t const bad = detail::first_outside(std::span<std::int8_t const>(part), max_code());
      if (bad != part.size()) return first + bad;
    }
  }
  /// The same for codes of 9 to 16 bits.
  template <real T>
  std::size_t decode_wide(std::size_t begin, std::size_t end, std::span<T> out) const {
    std::array<std::int16_t, 512> buffer;
    for (std::size_t first = begin; first < end; first += buffer.size()) {
      auto const codes = std::span(buffer).first(std::min(buffer.size(), end - first));
      detail::read_codes(bytes.data(), bits(), max_code(), first, codes);
      std::size_t const bad = detail::first_outside(std::span<std::int16_t const>(codes), max_code());
      if (bad != codes.size()) return first + bad;
      for_each_run(layout, first, first + codes.size(), [&](std::size_t block, std::size_t at, std::size_t length) {
        auto const scale = static_cast<T>(scales[block]);
        for (std::size_t i = at; i != at + length; ++i) out[i] = static_cast<T>(codes[i - first]) * scale;
      });
    }
    return size();
  }

  template <class F>
  void for_each_part(char const* who, F&& f) const {
    check(who);
    std::array<std::int16_t, 512> buffer;
    for (std::size_t first = 0; first < size(); first += buffer.size()) {
      auto const part = std::span(buffer).first(std::min(buffer.size(), size() - first));
      detail::read_codes(bytes.data(), bits(), max_code(), first, part);
      detail::check_codes(who, std::span<std::int16_t const>(part), max_code(), first);
      f(first, std::span<std::int16_t const>(part));
    }
  }
};

/// Packs the codes of one tensor beside their scales.
///
/// Memory: the result.
/// @pre levels is odd, from 3 to 65,535; codes.size() == layout.size, each within ±(levels - 1) / 2; a valid layout;
/// one scale for each block
template <std::signed_integral Code>
[[nodiscard]] packed pack_tensor(std::span<Code const> codes, blocks const& layout, std::span<float const> scales,
                                 int levels) {
  packed result{levels, layout, {scales.begin(), scales.end()}, {}};
  expects(codes.size() == layout.size, "pack_tensor: {} codes for a layout of {}", codes.size(), layout.size);
  expects(levels >= 3 && levels <= 65'535, "pack_tensor: {} levels; odd numbers from 3 to 65535", levels);
  result.bytes.resize(packed_bytes(codes.size(), result.bits()));
  result.check("pack_tensor");
  pack(codes, result.bits(), result.max_code(), result.bytes);
  return result;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
