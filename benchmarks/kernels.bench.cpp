// SPDX-License-Identifier: BSD-3-Clause
// The kernels against the loop that a reader would write by hand, in L1, in L2 and in memory.
#include <sqwa/fast.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

std::vector<float> numbers(std::int64_t n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<float>(i % 251) - 125;
  return x;
}

void max_abs_by_hand(benchmark::State& state) {
  auto const x = numbers(state.range(0));
  for (auto _ : state) {
    float m = 0;
    for (float v : x) m = std::max(m, std::abs(v));
    benchmark::DoNotOptimize(m);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}

template <sqwa::kernel_set K>
void max_abs(benchmark::State& state) {
  auto const x = numbers(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(K::template max_abs<float>(x));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}

void round_to_grid_by_hand(benchmark::State& state) {
  auto const x = numbers(state.range(0));
  std::vector<float> y(x.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i != x.size(); ++i) y[i] = std::clamp(std::nearbyint(x[i] / 60), -1.0F, 1.0F) * 60;
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 8);
}

template <sqwa::kernel_set K>
void round_to_grid(benchmark::State& state) {
  auto const x = numbers(state.range(0));
  std::vector<float> y(x.size());
  for (auto _ : state) {
    K::template round_to_grid<float>(y, x, 60, 1);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 8);
}

/// c += a b as a convolution of the example needs it: 96 places, windows of 3 × 3 × 16, n channels.
template <sqwa::kernel_set K>
void gemm(benchmark::State& state) {
  auto const n = static_cast<std::size_t>(state.range(0));
  auto const a = numbers(96 * 144), b = numbers(144 * state.range(0));
  std::vector<float> c(96 * n);
  for (auto _ : state) {
    K::template gemm<float>({c.data(), 96, n}, {a.data(), 96, 144}, {b.data(), 144, n});
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * 96 * 144 * static_cast<double>(n), benchmark::Counter::kIsIterationInvariantRate);
}

void sizes(benchmark::internal::Benchmark* b) { b->Arg(1 << 12)->Arg(1 << 16)->Arg(1 << 24); }

BENCHMARK(max_abs_by_hand)->Name("kernels/max_abs/by_hand")->Apply(sizes);
BENCHMARK(max_abs<sqwa::scalar_kernels>)->Name("kernels/max_abs/scalar")->Apply(sizes);
BENCHMARK(max_abs<sqwa::xsimd_kernels<>>)->Name("kernels/max_abs/xsimd")->Apply(sizes);
BENCHMARK(round_to_grid_by_hand)->Name("kernels/round_to_grid/by_hand")->Apply(sizes);
BENCHMARK(round_to_grid<sqwa::scalar_kernels>)->Name("kernels/round_to_grid/scalar")->Apply(sizes);
BENCHMARK(round_to_grid<sqwa::xsimd_kernels<>>)->Name("kernels/round_to_grid/xsimd")->Apply(sizes);
BENCHMARK(gemm<sqwa::scalar_kernels>)->Name("kernels/gemm/scalar")->Arg(10)->Arg(16)->Arg(32);
BENCHMARK(gemm<sqwa::xsimd_kernels<>>)->Name("kernels/gemm/xsimd")->Arg(10)->Arg(16)->Arg(32);

}  // namespace

BENCHMARK_MAIN();
