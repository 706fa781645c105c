// SPDX-License-Identifier: BSD-3-Clause
// Schedule, captures, quantization and averages, told bit by bit: the same whether sqwa.hpp was included or the headers
// that it was made of.
#include "headers.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace {

std::uint64_t sum = 14695981039346656037U;  // FNV-1a

void add(std::uint64_t byte) { sum = (sum ^ byte) * 1099511628211U; }
void add(std::span<float const> values) {
  for (float value : values) {
    auto const bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift != 32; shift += 8) add((bits >> shift) & 0xFFU);
  }
}
void tell(char const* what) { std::printf("%-10s %016llx\n", what, static_cast<unsigned long long>(sum)); }

}  // namespace

int main() {
  constexpr std::size_t size = 1000;
  sqwa::cyclic const rate{sqwa::cosine{.hi = 0.1F, .lo = 0.001F, .length = 9}, 10};
  sqwa::quantizer const ternary{sqwa::symmetric<3>{}};
  std::vector<float> weights(size);
  std::vector<float> scales;
  sqwa::averager mean;
  sqwa::code_averager codes_mean{sqwa::symmetric<3>{}};
  for (sqwa::step_index t = 0; t != 100; ++t) {
    sqwa::noise const noise{.seed = 7, .step = static_cast<std::uint64_t>(t)};
    for (std::size_t i = 0; i != size; ++i) weights[i] += rate(t) * (noise(i) - 0.5F);
    if (!sqwa::at_trough{.last = 7}(rate, t, 100)) continue;
    if (scales.empty()) {
      scales.resize(1);
      sqwa::fit_scales(ternary, std::span(weights), sqwa::shape{size}, scales);
    }
    sqwa::packed const snapshot = encode_in_b(weights, scales);
    for (std::byte byte : snapshot.bytes) add(std::to_integer<std::uint64_t>(byte));
    mean.update(weights);
    codes_mean.update(snapshot);
  }
  add(scales);
  tell("captures");
  add(mean.mean());
  tell("mean");
  std::vector<float> value(size);
  codes_mean.value_to(value);
  add(value);
  tell("mean codes");
  sqwa::quantizer const grouped{sqwa::symmetric<15>{}, sqwa::max_abs{}, sqwa::per_group{.size = 64}};
  std::vector<float> group_scales(sqwa::scale_count(grouped, sqwa::shape{size}));
  sqwa::fit_scales(grouped, std::span(value), sqwa::shape{size}, group_scales);
  add(group_scales);
  for (std::byte byte : sqwa::encode(grouped, std::span(value), sqwa::shape{size}, group_scales).bytes) {
    add(std::to_integer<std::uint64_t>(byte));
  }
  tell("int4");
  return codes_mean.n_averaged() == 7 ? 0 : 1;
}
