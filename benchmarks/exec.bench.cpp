// SPDX-License-Identifier: BSD-3-Clause
// What it costs to hand a loop to other threads, and what loops of a few microseconds gain by it.
#include <sqwa/exec/team.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/quantize.hpp>

#include <benchmark/benchmark.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

constexpr float scale = 0.04F;

std::vector<float> numbers(std::int64_t n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = (static_cast<float>(i % 251) - 125) / 1500;
  return x;
}

/// The executor that a benchmark measures; a team lives as long as it.
template <class E>
struct crew {
  E exec{};
};

template <>
struct crew<sqwa::team_executor> {
  sqwa::thread_team team{};
  sqwa::team_executor exec{team};
};

template <class E>
void nothing(benchmark::State& state) {
  crew<E> c;
  for (auto _ : state) c.exec.for_each(16, [](std::size_t i) { benchmark::DoNotOptimize(i); });
}

template <class E>
void fake_quantize(benchmark::State& state) {
  crew<E> c;
  auto const x = numbers(state.range(0));
  std::vector<float> y(x.size());
  auto const layout = sqwa::per_tensor{}(sqwa::shape{x.size()});
  std::array const scales{scale};
  for (auto _ : state) {
    sqwa::fake_quantize(std::span(x), layout, scales, sqwa::symmetric<3>{}, sqwa::nearest_even{}, std::span(y), {},
                        sqwa::backend<sqwa::native_kernels, E>{c.exec});
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

template <class E>
void encode(benchmark::State& state) {
  crew<E> c;
  auto const x = numbers(state.range(0));
  sqwa::shape const extents{x.size()};
  std::array const scales{scale};
  sqwa::quantizer const q{sqwa::symmetric<3>{}, sqwa::fixed{scale}};
  sqwa::backend<sqwa::native_kernels, E> const where{c.exec};
  sqwa::packed result = sqwa::encode(q, std::span(x), extents, scales, {}, where);
  for (auto _ : state) {
    sqwa::encode_into(result, q, std::span(x), extents, scales, {}, where);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// Other programs disturb a run: the least of the medians of several runs is what the machine can do.
void times(benchmark::internal::Benchmark* b) {
  b->UseRealTime()->Repetitions(9)->ReportAggregatesOnly()->MinTime(0.05);
}
void sizes(benchmark::internal::Benchmark* b) { b->Arg(1 << 16)->Arg(1 << 17)->Arg(1 << 18); }

BENCHMARK(nothing<sqwa::sequential>)->Name("exec/nothing/sequential/16")->Apply(times);
BENCHMARK(nothing<sqwa::tbb_executor>)->Name("exec/nothing/tbb/16")->Apply(times);
BENCHMARK(nothing<sqwa::team_executor>)->Name("exec/nothing/team/16")->Apply(times);
BENCHMARK(fake_quantize<sqwa::sequential>)->Name("exec/fake_quantize/sequential")->Apply(sizes)->Apply(times);
BENCHMARK(fake_quantize<sqwa::tbb_executor>)->Name("exec/fake_quantize/tbb")->Apply(sizes)->Apply(times);
BENCHMARK(fake_quantize<sqwa::team_executor>)->Name("exec/fake_quantize/team")->Apply(sizes)->Apply(times);
BENCHMARK(encode<sqwa::sequential>)->Name("exec/encode/sequential")->Apply(sizes)->Apply(times);
BENCHMARK(encode<sqwa::tbb_executor>)->Name("exec/encode/tbb")->Apply(sizes)->Apply(times);
BENCHMARK(encode<sqwa::team_executor>)->Name("exec/encode/team")->Apply(sizes)->Apply(times);

}  // namespace

BENCHMARK_MAIN();
