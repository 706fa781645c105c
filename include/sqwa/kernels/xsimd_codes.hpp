// SPDX-License-Identifier: BSD-3-Clause
// Kernels between values and codes, written with xsimd batches.
#ifndef SQWA_KERNELS_XSIMD_CODES_HPP
#define SQWA_KERNELS_XSIMD_CODES_HPP

#include <sqwa/kernels/portable.hpp>
#include <sqwa/kernels/xsimd_order.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// x / scale rounded to the nearest code, without dividing where that is safe.
///
/// x * (1 / scale) differs from x / scale by less than limit * 4 epsilon wherever the code is not already ±limit. Only
/// where the product lies that close to a tie may the two round apart; there, and for scales whose reciprocal is not a
/// normal number, the quotient is computed.
template <class T, class Arch>
struct grid_rounding {
  using batch = xsimd::batch<T, Arch>;
  static constexpr T magic = std::is_same_v<T, float> ? T(0x1.8p23) : T(0x1.8p52);

  T scale, limit, inverse, sure;
  bool divide;  // 1 / scale is denormal or infinite, or nearly so

  grid_rounding(T s, T l) noexcept
      : scale(s),
        limit(l),
        inverse(1 / s),
        sure(T(0.5) - 4 * std::numeric_limits<T>::epsilon() * l),
        divide(!(s > 8 * std::numeric_limits<T>::min() && s < 1 / (8 * std::numeric_limits<T>::min()))) {}

  /// Within ±limit; NaN stays.
  batch inside(batch t) const noexcept { return smaller(batch(limit), larger(batch(-limit), t)); }
  /// Adding and subtracting 1.5 * 2^(mantissa bits) rounds to even, and gives +0, on every instruction set.
  static batch rounded(batch t) noexcept { return (t + batch(magic)) - batch(magic); }

  batch operator()(batch x) const noexcept {
    batch const t = inside(x * batch(inverse));
    batch const q = rounded(t);
    if (divide || xsimd::any(xsimd::abs(t - q) > batch(sure))) return rounded(inside(x / batch(scale)));
    return q;
  }
};

}  // namespace detail

/// Kernels of codes written with xsimd batches; the others are the portable ones. Part of `xsimd_kernels`.
template <class Arch>
struct xsimd_code_kernels : portable_kernels<Arch> {
  using portable = portable_kernels<Arch>;

  template <class T>
  static void round_to_grid(std::span<T> y, std::span<T const> x, T scale, T limit) noexcept {
    using batch = xsimd::batch<T, Arch>;
    std::size_t i = 0;
    if (limit == 1 && scale > 8 * std::numeric_limits<T>::min()) {  // then x / scale rounds to 0 up to scale / 2 itself
      batch const edge(scale / 2), one(scale), none(T(0));
      for (; i + batch::size <= y.size(); i += batch::size) {
        auto const v = batch::load_unaligned(&x[i]);
        auto const up = xsimd::select(v > edge, one, none);
        auto const value = xsimd::select(v < -edge, -one, up);
        xsimd::select(v == v, value, v).store_unaligned(&y[i]);
      }
    } else {
      detail::grid_rounding<T, Arch> const round(scale, limit);
      for (; i + batch::size <= y.size(); i += batch::size) {
        (round(batch::load_unaligned(&x[i])) * batch(scale)).store_unaligned(&y[i]);
      }
    }
    portable::template round_to_grid<T>(y.subspan(i), x.subspan(i), scale, limit);
  }

  template <class T>
  static bool to_codes(std::span<std::int8_t> codes, std::span<T const> x, T scale, int limit) noexcept {
    if constexpr (!std::is_same_v<T, float>) return portable::template to_codes<T>(codes, x, scale, limit);
    using batch = xsimd::batch<float, Arch>;
    constexpr std::size_t piece = 64;
    static_assert(piece % batch::size == 0);
    detail::grid_rounding<float, Arch> const round(static_cast<float>(scale), static_cast<float>(limit));
    std::array<std::int32_t, piece> wide;
    bool numbers = true;
    std::size_t i = 0;
    for (; i + piece <= x.size(); i += piece) {
      for (std::size_t k = 0; k != piece; k += batch::size) {
        auto const v = batch::load_unaligned(&x[i + k]);
        numbers = numbers & xsimd::all(v == v);
        xsimd::to_int(round(v)).store_unaligned(&wide[k]);
      }
      for (std::size_t k = 0; k != piece; ++k) codes[i + k] = static_cast<std::int8_t>(wide[k]);
    }
    return portable::template to_codes<T>(codes.subspan(i), x.subspan(i), scale, limit) && numbers;
  }

  template <class T>
  static bool encode(std::byte* bytes, std::span<T const> x, int bits, int limit, T scale) noexcept {
    return portable::template encode_with<xsimd_code_kernels>(bytes, x, bits, limit, scale);
  }

  /// Long runs of 2 or 4 bits by a table of the values of a byte, where one field is no code.
  template <class T>
  static bool decode(std::span<T> y, std::byte const* bytes, int bits, int limit, T scale) noexcept {
    if (y.size() >= 4096) {
      if (bits == 2 && limit == 1) return decode_bytes<2>(y, bytes, scale);
      if (bits == 4 && limit == 7) return decode_bytes<4>(y, bytes, scale);
    }
    return portable::template decode<T>(y, bytes, bits, limit, scale);
  }

  template <class T>
  static T lsq_backward(std::span<T> dx, std::span<T const> dy, std::span<T const> x, T scale, T limit) noexcept {
    using batch = xsimd::batch<T, Arch>;
    constexpr std::size_t lanes = 32, each = batch::size, batches = lanes / each;
    T const inverse = 1 / scale;
    std::array<batch, batches> sum;
    sum.fill(batch(T(0)));
    std::size_t i = 0;
    for (; i + lanes <= x.size(); i += lanes) {
      for (std::size_t k = 0; k != batches; ++k) {
        std::size_t const at = i + k * each;
        auto const v = batch::load_unaligned(&x[at]) * batch(inverse);
        auto const c = detail::smaller(batch(limit), detail::larger(batch(-limit), v));
        auto const q = detail::grid_rounding<T, Arch>::rounded(c);
        auto const g = batch::load_unaligned(&dy[at]);
        auto const inside = v == c;
        sum[k] += g * xsimd::select(inside, q - v, c);
        xsimd::select(inside, g, batch(T(0))).store_unaligned(&dx[at]);
      }
    }
    std::array<T, lanes> lane;
    for (std::size_t k = 0; k != batches; ++k) sum[k].store_unaligned(&lane[k * each]);
    return lsq_rest<T>(lane, dx.subspan(i), dy.subspan(i), x.subspan(i), scale, limit);
  }

 protected:
  /// Ends `lsq_backward`: each of the last elements, fewer than 32, adds to its own lane.
  template <class T>
  static T lsq_rest(std::array<T, 32>& lane, std::span<T> dx, std::span<T const> dy, std::span<T const> x, T scale,
                    T limit) noexcept {
    for (std::size_t k = 0; k != x.size(); ++k) {
      lane[k] += portable::template lsq_backward<T>(dx.subspan(k, 1), dy.subspan(k, 1), x.subspan(k, 1), scale, limit);
    }
    return portable::halved(lane);
  }

 private:
  /// `decode` of fields of which only the largest, all ones, is no code.
  template <std::size_t Bits, class T>
  static bool decode_bytes(std::span<T> y, std::byte const* bytes, T scale) noexcept {
    constexpr std::size_t each = 8 / Bits, fields = std::size_t{1} << Bits;
    constexpr int limit = fields / 2 - 1;
    std::array<T, fields> value;
    for (std::size_t f = 0; f != fields; ++f) value[f] = static_cast<T>(static_cast<int>(f) - limit) * scale;
    std::array<std::array<T, each>, 256> values;
    for (std::size_t b = 0; b != values.size(); ++b) {
      for (std::size_t k = 0; k != each; ++k) values[b][k] = value[b >> k * Bits & (fields - 1)];
    }
    std::size_t const whole = y.size() / each;
    std::uint64_t ones = 0;  // a field is all ones where its bits are, each shifted to the lowest
    auto const see = [&ones](std::uint64_t b) {
      std::uint64_t both = b & b >> 1;
      if constexpr (Bits == 4) both &= both >> 2;
      ones |= both & (Bits == 2 ? 0x5555'5555'5555'5555U : 0x1111'1111'1111'1111U);
    };
    std::size_t i = 0;
    for (; i + 8 <= whole; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes + i, sizeof eight);
      see(eight);
      for (std::size_t k = 0; k != 8; ++k) {
        std::memcpy(&y[(i + k) * each], values[std::to_integer<std::size_t>(bytes[i + k])].data(), sizeof(T) * each);
      }
    }
    for (; i != whole; ++i) {
      see(std::to_integer<std::uint64_t>(bytes[i]));
      std::memcpy(&y[i * each], values[std::to_integer<std::size_t>(bytes[i])].data(), sizeof(T) * each);
    }
    bool const good = ones == 0;
    return portable::template decode<T>(y.subspan(whole * each), bytes + whole, Bits, limit, scale) && good;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
