// SPDX-License-Identifier: BSD-3-Clause
// What needs no dependency: a schedule, captures at its troughs, ternary codes and their exact average.
#include <sqwa/average/code_averager.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

int main() {
  sqwa::cyclic const rate{sqwa::cosine{.hi = 0.1F, .lo = 0.0F, .length = 9}, 10};
  sqwa::code_averager mean{sqwa::symmetric<3>{}};
  sqwa::packed snapshot{3, {.size = 12, .outer = 1, .count = 1, .inner = 12}, {0.5F}, std::vector<std::byte>(3)};
  std::vector<std::int8_t> codes(12, 1);
  sqwa::pack(std::span<std::int8_t const>(codes), 2, 1, snapshot.bytes);
  for (sqwa::step_index t = 0; t != 100; ++t) {
    if (sqwa::at_trough{.last = 7}(rate, t, 100)) mean.update(snapshot);
  }
  std::vector<float> value(12);
  mean.value_to(value);
  std::printf("%lld snapshots, mean %g\n", static_cast<long long>(mean.n_averaged()), static_cast<double>(value[0]));
  return mean.n_averaged() == 7 && value[0] == 0.5F ? 0 : 1;
}
