// SPDX-License-Identifier: BSD-3-Clause
// Random numbers as a pure function of where they are used: the same for any order and any number of threads.
#ifndef SQWA_CORE_NOISE_HPP
#define SQWA_CORE_NOISE_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// Philox 4×32 with ten rounds: 128 random bits for each counter and key.
///
/// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round != 10; ++round) {
    std::uint64_t const a = std::uint64_t{0xD2511F53} * counter[0];
    std::uint64_t const b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

/// A table of uniform random numbers that is never stored: entry `i` depends on seed, tensor, step and `i` alone.
///
/// Steps below 2^48 and elements below 2^50 give distinct entries; beyond that they repeat.
/// Memory: none. Time: one Philox block for each call.
struct noise {
  std::uint64_t seed = 0;
  std::uint32_t tensor = 0;
  std::uint64_t step = 0;

  /// 32 uniform bits.
  [[nodiscard]] constexpr std::uint32_t bits(std::uint64_t i) const noexcept { return block(i / 4)[i % 4]; }

  /// A uniform multiple of 2^-24 in [0, 1).
  [[nodiscard]] constexpr float operator()(std::uint64_t i) const noexcept {
    return static_cast<float>(bits(i) >> 8) * 0x1p-24F;
  }

  /// out[k] = the entry `first + k` of the numbers in [0, 1). Time: one Philox block for four entries.
  constexpr void fill(std::uint64_t first, std::span<float> out) const noexcept {
    std::array<std::uint32_t, 4> four{};
    for (std::size_t k = 0; k != out.size(); ++k) {
      std::uint64_t const i = first + k;
      if (k == 0 || i % 4 == 0) four = block(i / 4);
      out[k] = static_cast<float>(four[i % 4] >> 8) * 0x1p-24F;
    }
  }

  /// A uniform integer in [0, n); 0 for n = 0. The bias is below n / 2^32.
  [[nodiscard]] constexpr std::uint32_t below(std::uint64_t i, std::uint32_t n) const noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{bits(i)} * n) >> 32);
  }

 private:
  constexpr std::array<std::uint32_t, 4> block(std::uint64_t b) const noexcept {
    auto const low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    return philox4x32({low(b), tensor, low(step), (low(step >> 32) << 16) | (low(b >> 32) & 0xFFFF)},
                      {low(seed), low(seed >> 32)});
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
