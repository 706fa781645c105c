// SPDX-License-Identifier: BSD-3-Clause
// Quantizing, packing and unpacking against the loop that a reader would write by hand, in L1, in L2 and in memory.
#include <sqwa/fast.hpp>
#include <sqwa/quant/quantize.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

constexpr float scale = 0.04F;

/// Weights spread evenly over ±0.1: each ternary code is common.
std::vector<float> weights(std::int64_t n) {
  std::vector<float> w(static_cast<std::size_t>(n));
  sqwa::noise{.seed = 1}.fill(0, w);
  for (float& v : w) v = 0.2F * v - 0.1F;
  return w;
}

sqwa::packed ternary(std::vector<float> const& w) {
  sqwa::quantizer const q{sqwa::symmetric<3>{}, sqwa::fixed{scale}};
  return sqwa::encode(q, std::span(w), sqwa::shape{w.size()}, std::span(&scale, 1));
}

void weights_done(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * state.range(0)); }

void fake_quantize_by_hand(benchmark::State& state) {
  auto const w = weights(state.range(0));
  std::vector<float> y(w.size());
  float const inverse = 1 / scale;
  for (auto _ : state) {
    for (std::size_t i = 0; i != w.size(); ++i) y[i] = std::clamp(std::nearbyint(w[i] * inverse), -1.0F, 1.0F) * scale;
    benchmark::ClobberMemory();
  }
  weights_done(state);
}

template <class Format, class Backend>
void fake_quantize(benchmark::State& state) {
  auto const w = weights(state.range(0));
  std::vector<float> y(w.size());
  auto const layout = sqwa::per_tensor{}(sqwa::shape{w.size()});
  for (auto _ : state) {
    sqwa::fake_quantize(std::span(w), layout, std::span(&scale, 1), Format{}, sqwa::nearest_even{}, std::span(y), {},
                        Backend{});
    benchmark::ClobberMemory();
  }
  weights_done(state);
}

void encode_by_hand(benchmark::State& state) {
  auto const w = weights(state.range(0));
  std::vector<std::uint8_t> bytes(w.size() / 4);
  float const inverse = 1 / scale;
  for (auto _ : state) {
    for (std::size_t i = 0; i != bytes.size(); ++i) {
      int b = 0;
      for (std::size_t k = 0; k != 4; ++k) {
        b |= (static_cast<int>(std::clamp(std::nearbyint(w[4 * i + k] * inverse), -1.0F, 1.0F)) + 1) << 2 * k;
      }
      bytes[i] = static_cast<std::uint8_t>(b);
    }
    benchmark::ClobberMemory();
  }
  weights_done(state);
}

template <class Format, class Backend>
void encode(benchmark::State& state) {
  auto const w = weights(state.range(0));
  sqwa::quantizer const q{Format{}, sqwa::fixed{scale}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        sqwa::encode(q, std::span(w), sqwa::shape{w.size()}, std::span(&scale, 1), {}, Backend{}).bytes.data());
  }
  weights_done(state);
}

void decode_by_hand(benchmark::State& state) {
  auto const p = ternary(weights(state.range(0)));
  std::vector<float> y(p.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i != p.bytes.size(); ++i) {
      for (std::size_t k = 0; k != 4; ++k) {
        y[4 * i + k] = static_cast<float>((static_cast<int>(p.bytes[i]) >> 2 * k & 3) - 1) * scale;
      }
    }
    benchmark::ClobberMemory();
  }
  weights_done(state);
}

template <class Backend>
void decode(benchmark::State& state) {
  auto const p = ternary(weights(state.range(0)));
  std::vector<float> y(p.size());
  for (auto _ : state) {
    p.decode(std::span(y), Backend{});
    benchmark::ClobberMemory();
  }
  weights_done(state);
}

void sizes(benchmark::internal::Benchmark* b) { b->Arg(1 << 12)->Arg(1 << 16)->Arg(1 << 24)->UseRealTime(); }

using plain = sqwa::backend<>;
using vectors = sqwa::backend<sqwa::native_kernels>;

BENCHMARK(fake_quantize_by_hand)->Name("quant/fake_quantize/3/by_hand")->Apply(sizes);
BENCHMARK(fake_quantize<sqwa::symmetric<3>, plain>)->Name("quant/fake_quantize/3/scalar")->Apply(sizes);
BENCHMARK(fake_quantize<sqwa::symmetric<3>, vectors>)->Name("quant/fake_quantize/3/vectors")->Apply(sizes);
BENCHMARK(fake_quantize<sqwa::symmetric<3>, sqwa::fast>)->Name("quant/fake_quantize/3/vectors/tbb")->Apply(sizes);
BENCHMARK(fake_quantize<sqwa::symmetric<15>, vectors>)->Name("quant/fake_quantize/15/vectors")->Apply(sizes);
BENCHMARK(encode_by_hand)->Name("quant/encode/3/by_hand")->Apply(sizes);
BENCHMARK(encode<sqwa::symmetric<3>, plain>)->Name("quant/encode/3/scalar")->Apply(sizes);
BENCHMARK(encode<sqwa::symmetric<3>, vectors>)->Name("quant/encode/3/vectors")->Apply(sizes);
BENCHMARK(encode<sqwa::symmetric<3>, sqwa::fast>)->Name("quant/encode/3/vectors/tbb")->Apply(sizes);
BENCHMARK(encode<sqwa::symmetric<15>, vectors>)->Name("quant/encode/15/vectors")->Apply(sizes);
BENCHMARK(decode_by_hand)->Name("quant/decode/3/by_hand")->Apply(sizes);
BENCHMARK(decode<plain>)->Name("quant/decode/3/scalar")->Apply(sizes);
BENCHMARK(decode<vectors>)->Name("quant/decode/3/vectors")->Apply(sizes);
BENCHMARK(decode<sqwa::fast>)->Name("quant/decode/3/vectors/tbb")->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
