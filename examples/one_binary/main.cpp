// SPDX-License-Identifier: BSD-3-Clause
// One binary for several processors: one_binary [sse2|avx2|avx512] fits, packs and unpacks weights with the kernels
// that suit the processor, or with those that are named, and prints a checksum. Ends with 77 where they do not run
// here.
#include "kernels.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/quantize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

int main(int argc, char** argv) {
  if (argc > 1 && !example::choose_kernels(argv[1])) {
    std::printf("%s: not on this processor\n", argv[1]);
    return 77;
  }
  using chosen = sqwa::backend<sqwa::table_kernels<example::chosen_kernels>>;

  sqwa::shape const extents{200'001};
  std::vector<float> weights(extents.size());
  sqwa::noise{.seed = 1}.fill(0, weights);
  for (float& w : weights) w = (w - 0.5F) * w;
  std::span<float const> const x(weights);

  sqwa::quantizer const ternary{sqwa::symmetric<3>{}};
  float const scale = ternary.scale_fit(x, ternary.format, chosen{});
  sqwa::packed const low = sqwa::encode(ternary, x, extents, std::span(&scale, 1), {}, chosen{});
  low.decode(std::span(weights), chosen{});

  std::uint32_t sum = 0;  // of all bits that came out
  auto const add = [&sum](void const* p, std::size_t n) {
    for (std::size_t i = 0; i != n; ++i) sum = 31 * sum + static_cast<unsigned char const*>(p)[i];
  };
  add(&scale, sizeof scale);
  add(low.bytes.data(), low.bytes.size());
  add(weights.data(), weights.size() * sizeof(float));
  std::fprintf(stderr, "kernels for %s\n", example::name_of_kernels());
  std::printf("checksum %08x\n", static_cast<unsigned>(sum));
}
