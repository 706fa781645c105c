// SPDX-License-Identifier: BSD-3-Clause
// The peak memory of mean_of over a hundred snapshots is that over two: every operator new of this program is counted.
#include <sqwa/average/mean_of.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <ranges>
#include <span>
#include <vector>

namespace {

std::size_t now = 0;
std::size_t peak = 0;
constexpr std::size_t before = alignof(std::max_align_t);  // where the size of a block is kept

}  // namespace

void* operator new(std::size_t size) {
  auto* const block = static_cast<std::byte*>(std::malloc(size + before));
  if (block == nullptr) std::abort();
  *reinterpret_cast<std::size_t*>(block) = size;
  now += size;
  peak = std::max(peak, now);
  return block + before;
}
void operator delete(void* p) noexcept {
  if (p == nullptr) return;
  auto* const block = static_cast<std::byte*>(p) - before;
  now -= *reinterpret_cast<std::size_t*>(block);
  std::free(block);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace {

constexpr std::size_t size = 100'000;

std::vector<float> weights(std::size_t k) { return std::vector<float>(size, static_cast<float>(k)); }

sqwa::packed ternary(std::size_t k) {
  std::vector<std::int8_t> const codes(size, static_cast<std::int8_t>(static_cast<int>(k % 3) - 1));
  return sqwa::pack_tensor(std::span<std::int8_t const>(codes), {size, 1, 1, size}, std::vector{0.5F}, 3);
}

/// How far memory rises above what stands while `f()` runs.
template <class F>
std::size_t rise(F f) {
  std::size_t const stands = now;
  peak = now;
  f();
  return peak - stands;
}

bool same(char const* what, std::size_t two, std::size_t hundred, std::size_t most) {
  bool const good = two == hundred && hundred <= most;
  std::printf("%-28s two %8zu, a hundred %8zu, at most %8zu: %s\n", what, two, hundred, most, good ? "ok" : "WRONG");
  return good;
}

/// Snapshots that are all there: nothing is allocated but the mean.
template <class F>
bool kept(char const* what, F make) {
  std::vector<decltype(make(std::size_t{0}))> all;
  for (std::size_t k = 0; k != 100; ++k) all.push_back(make(k));
  auto const of = [&](std::size_t n) { return rise([&] { (void)sqwa::mean_of(std::span(all).first(n)); }); };
  return same(what, of(2), of(100), size * sizeof(float));
}

/// Snapshots that are made one by one: the mean, one sum a weight in double, and the snapshot at hand.
template <class F>
bool loaded(char const* what, F make) {
  std::size_t const one = rise([&] { (void)make(0); });
  auto const of = [&](std::size_t n) {
    return rise([&] { (void)sqwa::mean_of(std::views::iota(std::size_t{0}, n) | std::views::transform(make)); });
  };
  return same(what, of(2), of(100), size * (sizeof(float) + sizeof(double)) + one + 64);
}

}  // namespace

int main() {
  bool const good = kept("kept, float", weights) & kept("kept, ternary", ternary) & loaded("loaded, float", weights) &
                    loaded("loaded, ternary", ternary);
  return good ? 0 : 1;
}
