// SPDX-License-Identifier: BSD-3-Clause
// The inner loops of averages of packed codes: what each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_AVERAGES_HPP
#define SQWA_KERNELS_PORTABLE_AVERAGES_HPP

#include <sqwa/kernels/portable_codes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Plain loops over several snapshots of packed codes: the meaning of these kernels, and the oracle of their tests.
/// Part of `portable_kernels`. Codes and fields are those of `portable_code_kernels`.
template <class Isa>
struct portable_average_kernels {
  /// sums[i] += code i, modulo 256, from the first bit of `bytes` on. Returns whether each field is a code.
  ///
  /// A field that is no code is added too; `add_codes` with a sign of -1 takes everything back.
  static bool add_codes(std::span<std::int8_t> sums, std::byte const* bytes, int bits, int limit,
                        int sign = 1) noexcept {
    return add_with<portable_code_kernels<Isa>>(sums, bytes, bits, limit, sign);
  }

  /// y[i] = the sum of code i of all snapshots * scale / their number, in double, rounded once. Returns whether each
  /// field is a code.
  ///
  /// Each snapshot begins at the first bit of its bytes. At least one snapshot, at most 2^23.
  template <class T>
  static bool mean_codes(std::span<T> y, std::span<std::byte const* const> snapshots, int bits, int limit,
                         double scale) noexcept {
    return mean_with<portable_code_kernels<Isa>>(y, snapshots, 0, bits, limit, scale);
  }

 protected:
  /// Codes of a few hundred elements at a time, by the kernels of K: `f(first, codes)`. Returns whether each is a code.
  template <class K, class F>
  static bool for_codes(std::size_t n, std::byte const* bytes, int bits, int limit, F&& f) noexcept {
    std::array<std::int8_t, 512> buffer;
    int low = 0, high = 0;
    for (std::size_t i = 0; i < n; i += buffer.size()) {
      auto const codes = std::span(buffer).first(std::min(buffer.size(), n - i));
      K::unpack_codes(codes, bytes + i / 8 * static_cast<std::size_t>(bits), bits, limit);
      for (std::int8_t c : codes) {
        low = std::min<int>(low, c);
        high = std::max<int>(high, c);
      }
      f(i, std::span<std::int8_t const>(codes));
    }
    return low >= -limit && high <= limit;
  }

  template <class K>
  static bool add_with(std::span<std::int8_t> sums, std::byte const* bytes, int bits, int limit, int sign) noexcept {
    return for_codes<K>(sums.size(), bytes, bits, limit, [&](std::size_t first, std::span<std::int8_t const> codes) {
      auto const to = sums.subspan(first, codes.size());
      for (std::size_t k = 0; k != to.size(); ++k) {
        to[k] = static_cast<std::int8_t>(static_cast<std::uint8_t>(to[k] + sign * codes[k]));
      }
    });
  }

  /// `mean_codes` of the elements from `from` on, a multiple of 8.
  template <class K, class T>
  static bool mean_with(std::span<T> y, std::span<std::byte const* const> snapshots, std::size_t from, int bits,
                        int limit, double scale) noexcept {
    constexpr std::size_t piece = 512;
    auto const n = static_cast<double>(snapshots.size());
    bool good = true;
    for (std::size_t i = from; i < y.size(); i += piece) {
      auto const to = y.subspan(i, std::min(piece, y.size() - i));
      std::array<std::int32_t, piece> sums{};
      for (std::byte const* s : snapshots) {
        good = for_codes<K>(to.size(), s + i / 8 * static_cast<std::size_t>(bits), bits, limit,
                            [&](std::size_t, std::span<std::int8_t const> codes) {
                              for (std::size_t k = 0; k != codes.size(); ++k) sums[k] += codes[k];
                            }) &&
               good;
      }
      for (std::size_t k = 0; k != to.size(); ++k) to[k] = static_cast<T>(static_cast<double>(sums[k]) * scale / n);
    }
    return good;
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
