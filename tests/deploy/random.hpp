// SPDX-License-Identifier: BSD-3-Clause
// Numbers to test with: seeded, the same everywhere.
#ifndef SQWA_TESTS_DEPLOY_RANDOM_HPP
#define SQWA_TESTS_DEPLOY_RANDOM_HPP

#include <cstddef>
#include <cstdint>

namespace test {

/// SplitMix64.
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// Within least … most.
  std::int64_t within(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
  }
  std::size_t size(std::size_t least, std::size_t most) {
    return static_cast<std::size_t>(within(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
  }
  /// Within -1 … 1.
  float real() { return static_cast<float>(within(-1'000'000, 1'000'000)) * 1e-6F; }

 private:
  std::uint64_t state_;
};

}  // namespace test

#endif
