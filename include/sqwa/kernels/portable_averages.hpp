// SPDX-License-Identifier: BSD-3-Clause
// The inner loops of averages of packed codes: what each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_AVERAGES_HPP
#define SQWA_KERNELS_PORTABLE_AVERAGES_HPP

#include <sqwa/kernels/portable_codes.hpp>
#include <sqwa/kernels/ternary_sums.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Plain loops over several snapshots of packed codes: the meaning of these kernels, and the oracle of their tests.
/// Part of `portable_kernels`. Codes and fields are those of `portable_code_kernels`.
template <class Isa>
struct portable_average_kernels {
  using ternary_sums = detail::ternary_sums<Isa>;

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
    if (bits == 2 && limit == 1 && snapshots.size() <= ternary_sums::most && y.size() >= ternary_sums::elements) {
      return mean_ternary(y, snapshots, scale);
    }
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

  /// `mean_codes` of a few ternary snapshots: their sums, two in a byte, choose two means from a table.
  template <class T>
  static bool mean_ternary(std::span<T> y, std::span<std::byte const* const> snapshots, double scale) noexcept {
    std::array<T, 16> one;
    auto const n = static_cast<double>(snapshots.size());
    for (std::size_t i = 0; i != one.size(); ++i) one[i] = static_cast<T>((static_cast<double>(i) - n) * scale / n);
    std::array<std::array<T, 2>, 256> table;
    for (std::size_t i = 0; i != table.size(); ++i) table[i] = {one[i % 16], one[i / 16]};
    bool good = true;
    for (std::size_t first = 0; first < y.size(); first += ternary_sums::elements) {
      auto const to = y.subspan(first, std::min(ternary_sums::elements, y.size() - first));
      ternary_sums sums;
      for (std::byte const* s : snapshots) good = sums.add(s + first / 4, (to.size() + 3) / 4) && good;
      auto const pairs = sums.in_pairs();
      std::size_t const whole = to.size() / 4;
      T* p = to.data();
      for (std::size_t k = 0; k != whole; ++k, p += 4) {
        std::memcpy(p, table[pairs.first[k]].data(), 2 * sizeof(T));  // two elements in one move
        std::memcpy(p + 2, table[pairs.second[k]].data(), 2 * sizeof(T));
      }
      for (std::size_t i = 4 * whole; i != to.size(); ++i) {
        to[i] = table[i % 4 < 2 ? pairs.first[whole] : pairs.second[whole]][i % 2];
      }
    }
    return good;
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
