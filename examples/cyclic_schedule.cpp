// SPDX-License-Identifier: BSD-3-Clause
// A cyclic learning rate in a loop of your own, captures at its troughs, their mean: noisy least squares by SGD.
//
// Prints:
//   step  99: error 0.0164
//   step 199: error 0.0121
//   step 299: error 0.0182
//   step 399: error 0.0276
//   their mean: error 0.0010
#include <sqwa/average/averager.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <cstddef>
#include <cstdio>
#include <span>
#include <vector>

namespace {

std::vector<float> const target{0.5F, -1, 2, 0.25F};

double error_of(std::span<float const> w) {
  double sum = 0;
  for (std::size_t i = 0; i != w.size(); ++i) sum += static_cast<double>((w[i] - target[i]) * (w[i] - target[i]));
  return sum;
}

}  // namespace

int main() {
  sqwa::cyclic const lr{sqwa::cosine{.hi = 0.2F, .lo = 0.02F, .length = 99}, 100};
  sqwa::at_trough const captures;
  sqwa::averager mean;

  std::vector<float> w(target.size());
  for (sqwa::step_index t = 0; t != 400; ++t) {
    for (std::size_t i = 0; i != w.size(); ++i) {  // your forward, backward and update
      float const noise = sqwa::noise{.seed = 1, .step = static_cast<std::uint32_t>(t)}(i)-0.5F;
      w[i] -= lr(t) * (w[i] - target[i] + 2 * noise);
    }
    if (captures(lr, t, 400)) {
      mean.update(w);
      std::printf("step %3d: error %.4f\n", static_cast<int>(t), error_of(w));
    }
  }
  std::printf("their mean: error %.4f\n", error_of(mean.mean()));
}
