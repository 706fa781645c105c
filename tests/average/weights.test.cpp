// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/average/averager.hpp>
#include <sqwa/average/weights.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(schedule<uniform> && schedule<exponential_weight> && schedule<debiased_exponential_weight>);
static_assert(uniform{}(0) == 1.0 && uniform{}(3) == 0.25 && exponential_weight{.decay = 0.75}(0) == 1.0 &&
              exponential_weight{.decay = 0.75}(9) == 0.25);
static_assert(exponential_weight{.decay = 0.75, .warm_up = 10}(1) == 1 - 2.0 / 11 &&
              exponential_weight{.decay = 0.75, .warm_up = 10}(26) == 0.25 &&
              exponential_weight{.decay = 0.75, .warm_up = 10}(25) == 1 - 26.0 / 35);
static_assert(debiased_exponential_weight{.decay = 0.5}(0) == 1.0 &&
              debiased_exponential_weight{.decay = 0.5}(1) == 0.5 / 0.75);

namespace {

/// The share of snapshot k in the mean of n.
template <class W>
double share(W const& weight, step_index k, step_index n) {
  double s = weight(k);
  for (step_index later = k + 1; later < n; ++later) s *= 1 - weight(later);
  return s;
}

}  // namespace

TEST_CASE_TEMPLATE("weights: the shares of all snapshots are 1 in all", W, uniform, exponential_weight,
                   debiased_exponential_weight) {
  for (step_index n = 1; n != 40; ++n) {
    double all = 0;
    for (step_index k = 0; k != n; ++k) all += share(W{}, k, n);
    CHECK(std::abs(all - 1) < 1e-12);
  }
}

TEST_CASE("weights: warm-up takes the smaller decay until the final one is reached, as TensorFlow and timm have it") {
  exponential_weight const w{.decay = 0.999, .warm_up = 10};
  for (step_index n = 1; n != 20'000; ++n) {
    auto const m = static_cast<double>(n);
    CHECK(w(n) == 1 - std::min(0.999, (1 + m) / (10 + m)));
  }
  CHECK(w(20'000) == exponential_weight{.decay = 0.999}(20'000));
}

TEST_CASE("weights: the debiased mean is the one that began at zero, divided by 1 - decay^n") {
  for (double const decay : {0.0, 0.5, 0.9, 0.999, 0.9999}) {
    averager<std::vector<double>, debiased_exponential_weight> mean{debiased_exponential_weight{.decay = decay}};
    double zero_based = 0, power = 1;
    for (int k = 0; k != 300; ++k) {
      double const x = 2 + std::sin(static_cast<double>(k));
      mean.update(std::vector{x});
      zero_based = decay * zero_based + (1 - decay) * x;
      power *= decay;
      CHECK(std::abs(mean.mean()[0] - zero_based / (1 - power)) < 1e-10);
    }
  }
}

TEST_CASE("W2: zero is legal: no decay, no warm-up, no memory of the first snapshot") {
  for (double const warm_up : {0.0, 1.0}) {
    exponential_weight const plain{.decay = 0.9, .warm_up = warm_up};
    for (step_index n = 0; n != 100; ++n) CHECK(plain(n) == exponential_weight{.decay = 0.9}(n));
  }
  for (step_index n = 0; n != 100; ++n) {
    CHECK(exponential_weight{.decay = 0}(n) == 1);
    CHECK(exponential_weight{.decay = 0, .warm_up = 10}(n) == 1);
    CHECK(debiased_exponential_weight{.decay = 0}(n) == 1);
    CHECK(exponential_weight{.decay = 1}(n) == (n == 0 ? 1 : 0));
    CHECK(debiased_exponential_weight{.decay = 1}(n) == uniform{}(n));
  }
}

TEST_CASE("W11: a high decay without warm-up or debiasing stays at the first snapshot; with them it does not") {
  auto const after_ten = [](auto weight) {  // the first snapshot is 0, all others are 1
    averager<std::vector<double>, decltype(weight)> mean{weight};
    for (int k = 0; k != 10; ++k) mean.update(std::vector{k == 0 ? 0.0 : 1.0});
    return mean.mean()[0];
  };
  CHECK(after_ten(exponential_weight{.decay = 0.9999}) < 0.001);
  CHECK(after_ten(exponential_weight{.decay = 0.9999, .warm_up = 10}) > 0.99);
  CHECK(after_ten(debiased_exponential_weight{.decay = 0.9999}) > 0.89);
}

}  // namespace SQWA_TEST_FILE
