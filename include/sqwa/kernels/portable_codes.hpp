// SPDX-License-Identifier: BSD-3-Clause
// The inner loops between values, codes and packed fields: what each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_CODES_HPP
#define SQWA_KERNELS_PORTABLE_CODES_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Plain loops over codes: the meaning of these kernels, and the oracle of their tests. Part of `portable_kernels`.
///
/// A code is an integer within ±limit, limit <= 127. Its field is code + limit, in `bits` bits (2 * limit < 2^bits,
/// bits <= 8); fields lie one after the other, least significant bit first.
template <class Isa>
struct portable_code_kernels {
  /// y[i] = scale * the integer nearest to x[i] / scale within ±limit, ties to even.
  ///
  /// `scale` > 0 and `limit` an integer in [0, 2^22). y and x may be the same. Infinity gives ±limit * scale, NaN stays
  /// NaN, zero is +0.
  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    for (std::size_t i = 0; i != y.size(); ++i) y[i] = nearest(x[i], scale, limit) * scale;
  }

  /// codes[i] = the integer nearest to x[i] / scale within ±limit, ties to even. Returns whether no x[i] is NaN.
  ///
  /// `scale` > 0. The code of a NaN means nothing.
  template <class T>
  static bool to_codes(std::span<std::int8_t> codes, std::span<T const> x, T scale, int limit) noexcept {
    bool numbers = true;
    std::array<T, 64> some;  // in steps that compilers turn into vectors
    for (std::size_t first = 0; first < x.size(); first += some.size()) {
      std::size_t const n = std::min(some.size(), x.size() - first);
      for (std::size_t k = 0; k != n; ++k) some[k] = nearest(x[first + k], scale, static_cast<T>(limit));
      for (std::size_t k = 0; k != n; ++k) numbers &= some[k] == some[k];
      for (std::size_t k = 0; k != n; ++k)
        codes[first + k] = static_cast<std::int8_t>(some[k] == some[k] ? some[k] : T{0});
    }
    return numbers;
  }

  /// y[i] = codes[i] * scale
  template <class T>
  static void from_codes(std::span<T> y, std::span<std::int8_t const> codes, T scale) noexcept {
    for (std::size_t i = 0; i != y.size(); ++i) y[i] = static_cast<T>(codes[i]) * scale;
  }

  /// Writes the fields of `codes`, from the first bit of `bytes` on; unused bits of the last byte become 0.
  static void pack_codes(std::byte* bytes, std::span<std::int8_t const> codes, int bits, int limit) noexcept {
    with_bits(bits, [&](auto b) {
      std::size_t i = 0;
      for (; i + 8 <= codes.size(); i += 8, bytes += b()) store<b()>(bytes, gather<b()>(fields(&codes[i], limit)));
      if (i == codes.size()) return;
      std::array<std::int8_t, 8> rest;
      rest.fill(static_cast<std::int8_t>(-limit));
      std::copy(codes.begin() + static_cast<std::ptrdiff_t>(i), codes.end(), rest.begin());
      std::uint64_t last = gather<b()>(fields(rest.data(), limit));
      for (std::size_t left = ((codes.size() - i) * b() + 7) / 8; left != 0; --left, last >>= 8) {
        *bytes++ = static_cast<std::byte>(last & 0xFF);
      }
    });
  }

  /// Reads codes from the first bit of `bytes` on. A field that is no code gives one outside ±limit, modulo 256.
  static void unpack_codes(std::span<std::int8_t> codes, std::byte const* bytes, int bits, int limit) noexcept {
    with_bits(bits, [&](auto b) {
      std::size_t i = 0;
      for (; i + 8 <= codes.size(); i += 8, bytes += b()) {
        put(&codes[i], 8, scatter<b()>(load(bytes, b())), limit);
      }
      std::size_t const left = codes.size() - i;
      if (left != 0) put(&codes[i], left, scatter<b()>(load(bytes, (left * b() + 7) / 8)), limit);
    });
  }

  /// `to_codes` and `pack_codes` in one. Returns whether no x[i] is NaN.
  template <class T>
  static bool encode(std::byte* bytes, std::span<T const> x, int bits, int limit, T scale) noexcept {
    return encode_with<portable_code_kernels>(bytes, x, bits, limit, scale);
  }

  /// y[i] = code * scale, from the first bit of `bytes` on. Returns whether each field is a code.
  template <class T>
  static bool decode(std::span<T> y, std::byte const* bytes, int bits, int limit, T scale) noexcept {
    return decode_with<portable_code_kernels>(y, bytes, bits, limit, scale);
  }

  /// The backward pass of a learned step: dx[i] = dy[i] inside, 0 outside; returns the sum of dy[i] * dq/ds.
  ///
  /// With v = x / scale, computed as x * (1 / scale): inside means |v| <= limit; dq/ds is rint(v) - v inside and ±limit
  /// outside (S. Esser et al., arXiv 1902.08153, equation 3). The sum runs in 32 lanes, element i in lane i % 32, which
  /// then are added in halves: the same bits everywhere. dx and dy may be the same. A NaN in x gives dx = 0 and a
  /// NaN sum. `scale` and 1 / scale are normal numbers.
  template <class T>
  static T lsq_backward(std::span<T> dx, std::span<T const> dy, std::span<T const> x, T scale, T limit) noexcept {
    std::array<T, 32> lane{};
    T const inverse = 1 / scale;
    for (std::size_t i = 0; i != x.size(); ++i) {
      T const v = x[i] * inverse;
      T const c = std::clamp(v, -limit, limit);
      bool const inside = v == c;
      T const slope = inside ? std::rint(c) - v : c;
      T const g = dy[i];
      lane[i % 32] += g * slope;
      dx[i] = inside ? g : T{0};
    }
    return halved(lane);
  }

 protected:
  /// `encode` by the kernels of K, through a few codes on the stack.
  template <class K, class T>
  static bool encode_with(std::byte* bytes, std::span<T const> x, int bits, int limit, T scale) noexcept {
    std::array<std::int8_t, 1024> buffer;
    bool numbers = true;
    for (std::size_t i = 0; i < x.size(); i += buffer.size()) {
      auto const codes = std::span(buffer).first(std::min(buffer.size(), x.size() - i));
      numbers = K::template to_codes<T>(codes, x.subspan(i, codes.size()), scale, limit) && numbers;
      K::pack_codes(bytes + i / 8 * static_cast<std::size_t>(bits), codes, bits, limit);
    }
    return numbers;
  }

  /// `decode` by the kernels of K, through a few codes on the stack.
  template <class K, class T>
  static bool decode_with(std::span<T> y, std::byte const* bytes, int bits, int limit, T scale) noexcept {
    std::array<std::int8_t, 1024> buffer;
    bool good = true;
    for (std::size_t i = 0; i < y.size(); i += buffer.size()) {
      auto const codes = std::span(buffer).first(std::min(buffer.size(), y.size() - i));
      K::unpack_codes(codes, bytes + i / 8 * static_cast<std::size_t>(bits), bits, limit);
      int low = 0;
      int high = 0;
      for (std::int8_t c : codes) {
        low = std::min<int>(low, c);
        high = std::max<int>(high, c);
      }
      good = good && low >= -limit && high <= limit;
      K::template from_codes<T>(y.subspan(i, codes.size()), codes, scale);
    }
    return good;
  }

  template <class T>
  static T nearest(T x, T scale, T limit) noexcept {
    T t = x / scale;
    t = t < -limit ? -limit : t;  // a NaN stays
    t = limit < t ? limit : t;
    return std::rint(t) + T(0);
  }

  template <class T>
  static T halved(std::array<T, 32> lane) noexcept {
    for (std::size_t half = 16; half != 0; half /= 2) {
      for (std::size_t i = 0; i != half; ++i) lane[i] += lane[i + half];
    }
    return lane[0];
  }

 private:
  template <std::size_t Bits>
  using width = std::integral_constant<std::size_t, Bits>;

  template <class F>
  static void with_bits(int bits, F&& f) noexcept {
    switch (bits) {
      case 1:
        return f(width<1>{});
      case 2:
        return f(width<2>{});
      case 3:
        return f(width<3>{});
      case 4:
        return f(width<4>{});
      case 5:
        return f(width<5>{});
      case 6:
        return f(width<6>{});
      case 7:
        return f(width<7>{});
      default:
        return f(width<8>{});
    }
  }

  /// `length` low bits in each `every` bits of a word.
  static constexpr std::uint64_t mask(std::size_t length, std::size_t every) noexcept {
    std::uint64_t m = 0;
    for (std::size_t at = 0; at < 64; at += every) m |= ((std::uint64_t{1} << length) - 1) << at;
    return m;
  }

  /// Eight bytes of `Bits` bits each become 8 * Bits consecutive bits: neighbours join, then pairs, then fours.
  template <std::size_t Bits>
  static constexpr std::uint64_t gather(std::uint64_t v) noexcept {
    if constexpr (Bits == 8) return v;
    v = (v & mask(Bits, 16)) | ((v >> (8 - Bits)) & (mask(Bits, 16) << Bits));
    v = (v & mask(2 * Bits, 32)) | ((v >> (16 - 2 * Bits)) & (mask(2 * Bits, 32) << 2 * Bits));
    return (v & mask(4 * Bits, 64)) | ((v >> (32 - 4 * Bits)) & (mask(4 * Bits, 64) << 4 * Bits));
  }

  /// The inverse of `gather`.
  template <std::size_t Bits>
  static constexpr std::uint64_t scatter(std::uint64_t v) noexcept {
    if constexpr (Bits == 8) return v;
    v = (v & mask(4 * Bits, 64)) | ((v & (mask(4 * Bits, 64) << 4 * Bits)) << (32 - 4 * Bits));
    v = (v & mask(2 * Bits, 32)) | ((v & (mask(2 * Bits, 32) << 2 * Bits)) << (16 - 2 * Bits));
    return (v & mask(Bits, 16)) | ((v & (mask(Bits, 16) << Bits)) << (8 - Bits));
  }

  /// Sums of the eight bytes of two words, each modulo 256.
  static constexpr std::uint64_t add_bytes(std::uint64_t a, std::uint64_t b) noexcept {
    constexpr std::uint64_t low = 0x7F7F'7F7F'7F7F'7F7F;
    return ((a & low) + (b & low)) ^ ((a ^ b) & ~low);
  }
  static constexpr std::uint64_t everywhere(int byte) noexcept {
    return std::uint64_t{static_cast<std::uint8_t>(byte)} * 0x0101'0101'0101'0101;
  }
  static std::uint64_t fields(std::int8_t const* codes, int limit) noexcept {
    std::uint64_t v = 0;
    for (std::size_t k = 0; k != 8; ++k) v |= std::uint64_t{static_cast<std::uint8_t>(codes[k])} << (8 * k);
    return add_bytes(v, everywhere(limit));
  }
  static void put(std::int8_t* codes, std::size_t n, std::uint64_t v, int limit) noexcept {
    v = add_bytes(v, everywhere(-limit));
    for (std::size_t k = 0; k != n; ++k)
      codes[k] = static_cast<std::int8_t>(static_cast<std::uint8_t>(v >> (8 * k) & 0xFF));
  }
  template <std::size_t Bytes>
  static void store(std::byte* to, std::uint64_t v) noexcept {
    for (std::size_t k = 0; k != Bytes; ++k, v >>= 8) to[k] = static_cast<std::byte>(v & 0xFF);
  }
  static std::uint64_t load(std::byte const* from, std::size_t bytes) noexcept {
    std::uint64_t v = 0;
    for (std::size_t k = 0; k != bytes; ++k) v |= std::to_integer<std::uint64_t>(from[k]) << (8 * k);
    return v;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
