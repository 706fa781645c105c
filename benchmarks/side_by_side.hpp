// SPDX-License-Identifier: BSD-3-Clause
// Timing of one operation of ours beside its rivals: alternating rounds, medians, one printed line a rival.
#ifndef SQWA_BENCHMARKS_SIDE_BY_SIDE_HPP
#define SQWA_BENCHMARKS_SIDE_BY_SIDE_HPP

#include <sqwa/core/noise.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace bench {

/// Memory that begins at a cache line; four buffers in turn begin at different quarters of a page, since a load that
/// lies just before a store, a multiple of a page away, waits for it.
template <class T>
class buffer {
 public:
  explicit buffer(std::size_t n) : n_(n), memory_(n * sizeof(T) + 2 * 4096) {
    static std::size_t turn = 0;
    auto const at = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = reinterpret_cast<T*>(memory_.data() + (4096 - at % 4096) + 1024 * (turn++ % 4));
    std::uninitialized_value_construct_n(begin_, n);
  }
  buffer(buffer const&) = delete;
  buffer& operator=(buffer const&) = delete;
  T* data() { return begin_; }
  std::size_t size() const { return n_; }
  T* begin() { return begin_; }
  T* end() { return begin_ + n_; }
  T& operator[](std::size_t i) { return begin_[i]; }

 private:
  std::size_t n_;
  std::vector<unsigned char> memory_;
  T* begin_ = nullptr;
};

/// Normally distributed numbers, by Box and Muller; n is even.
inline std::vector<float> gaussian(std::size_t n, float deviation) {
  std::vector<float> w(n);
  sqwa::noise{.seed = 1}.fill(0, w);
  for (std::size_t i = 0; i != n; i += 2) {
    float const radius = deviation * std::sqrt(-2 * std::log(1 - w[i])), angle = 6.2831853F * w[i + 1];
    w[i] = radius * std::cos(angle);
    w[i + 1] = radius * std::sin(angle);
  }
  return w;
}

/// Tells the compiler that all memory was read.
inline void keep_memory() { asm volatile("" ::: "memory"); }

struct contender {
  std::string name;
  std::function<void()> run;
};

/// Runs of each contender a second: medians of `rounds` rounds, in which all run for at least 10 ms one after another.
inline std::vector<double> rates(std::vector<contender> const& all, int rounds = 9) {
  using clock = std::chrono::steady_clock;
  auto const seconds = [](contender const& c, long times) {
    auto const start = clock::now();
    for (long i = 0; i != times; ++i) {
      c.run();
      keep_memory();
    }
    return std::chrono::duration<double>(clock::now() - start).count();
  };
  std::vector<long> times;
  for (auto const& c : all) {
    long n = 1;
    while (seconds(c, n) < 0.01) n *= 2;
    times.push_back(n);
  }
  std::vector<std::vector<double>> measured(all.size());
  for (int r = 0; r != rounds; ++r) {
    for (std::size_t i = 0; i != all.size(); ++i) {
      measured[i].push_back(static_cast<double>(times[i]) / seconds(all[i], times[i]));
    }
  }
  std::vector<double> medians;
  for (auto& m : measured) {
    std::ranges::nth_element(m, m.begin() + rounds / 2);
    medians.push_back(m[static_cast<std::size_t>(rounds) / 2]);
  }
  return medians;
}

inline void heading() { std::puts("operation, size, threads, ours, unit, rival, rival's figure, ratio"); }

/// The first contender is ours. `items` are done in a run, counted in 10^9.
inline void row(char const* operation, char const* size, int threads, double items, char const* unit,
                std::vector<contender> const& all) {
  auto const r = rates(all);
  for (std::size_t i = 1; i < all.size(); ++i) {
    std::printf("%s, %s, %d, %.4g, %s, %s, %.4g, %.2f\n", operation, size, threads, r[0] * items / 1e9, unit,
                all[i].name.c_str(), r[i] * items / 1e9, r[0] / r[i]);
    std::fflush(stdout);
  }
}

/// Ends the program when two contenders that should agree do not.
inline void check(bool same, char const* what) {
  if (same) return;
  std::fprintf(stderr, "quant_table: %s: the results differ\n", what);
  std::exit(1);
}

}  // namespace bench

#endif
