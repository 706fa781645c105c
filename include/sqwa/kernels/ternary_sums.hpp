// SPDX-License-Identifier: BSD-3-Clause
// Sums of ternary codes without unpacking them: two bits are added as four, a byte at a time.
#ifndef SQWA_KERNELS_TERNARY_SUMS_HPP
#define SQWA_KERNELS_TERNARY_SUMS_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Sums of the fields 0, 1, 2 of up to seven snapshots, for 1,024 elements: at most 14, so that four bits hold each.
///
/// A byte of four fields becomes one byte of `even` (fields 0 and 2) and one of `odd` (fields 1 and 3): plain integer
/// operations that compilers turn into vectors, whatever the order of bytes in a word. Memory: 512 bytes.
///
/// @tparam Isa  names the instruction set, as in `portable_kernels`
template <class Isa>
class ternary_sums {
 public:
  static constexpr std::size_t elements = 1024;
  static constexpr std::size_t most = 7;  ///< snapshots

  /// Adds the fields of `bytes` bytes, at most 256; the rest counts as zeros. Returns whether every field is a code.
  bool add(std::byte const* from, std::size_t bytes) noexcept {
    std::array<std::uint64_t, words> x{};
    if (bytes == elements / 4) {
      std::memcpy(x.data(), from, elements / 4);  // a length that is known: no call
    } else {
      std::memcpy(x.data(), from, bytes);
    }
    std::uint64_t threes = 0;
    for (std::size_t i = 0; i != words; ++i) {
      threes |= x[i] & x[i] >> 1 & ones;
      even_[i] += x[i] & fields;
      odd_[i] += x[i] >> 2 & fields;
    }
    return threes == 0;
  }

  /// The sums in pairs, two in a byte, the earlier one in the low four bits: `first[k]` holds elements 4k and 4k + 1,
  /// `second[k]` elements 4k + 2 and 4k + 3.
  struct pairs {
    std::array<std::uint8_t, elements / 4> first;
    std::array<std::uint8_t, elements / 4> second;
  };
  [[nodiscard]] pairs in_pairs() const noexcept {
    std::array<std::uint64_t, words> a, b;
    for (std::size_t i = 0; i != words; ++i) {
      a[i] = (even_[i] & low) | (odd_[i] & low) << 4;
      b[i] = (even_[i] >> 4 & low) | (odd_[i] & ~low);
    }
    pairs result;
    std::memcpy(result.first.data(), a.data(), result.first.size());
    std::memcpy(result.second.data(), b.data(), result.second.size());
    return result;
  }

 private:
  static constexpr std::size_t words = elements / 4 / sizeof(std::uint64_t);
  static constexpr std::uint64_t ones = 0x5555'5555'5555'5555;
  static constexpr std::uint64_t fields = 0x3333'3333'3333'3333;
  static constexpr std::uint64_t low = 0x0F0F'0F0F'0F0F'0F0F;

  std::array<std::uint64_t, words> even_{};
  std::array<std::uint64_t, words> odd_{};
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
