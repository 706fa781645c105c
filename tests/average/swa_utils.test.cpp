// SPDX-License-Identifier: BSD-3-Clause
// Means and exponential averages beside those of torch.optim.swa_utils (golden/swa_utils.py).
#include "golden/swa_utils.hpp"
#include "support/ulps.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/average/moments.hpp>
#include <sqwa/average/window.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

using slow = averager<std::vector<double>, exponential_weight>;

std::span<double const> row(std::span<double const> all, std::size_t k) {
  return all.subspan(k * golden::n_weights, golden::n_weights);
}

/// The farthest that `mean` is from torch's after any snapshot, in ulps of double.
template <class Average>
std::int64_t farthest(Average mean, std::span<double const> expected) {
  std::int64_t most = 0;
  for (std::size_t k = 0; k != golden::n_snapshots; ++k) {
    mean.update(row(golden::snapshots, k));
    std::vector<double> values(golden::n_weights);
    if constexpr (requires { mean.value_to(values); }) {
      mean.value_to(values);
    } else {
      std::ranges::copy(mean.mean(), values.begin());
    }
    for (std::size_t i = 0; i != golden::n_weights; ++i) {
      most = std::max(most, test::ulps(values[i], row(expected, k)[i]));
    }
  }
  return most;
}

}  // namespace

TEST_CASE("golden: the mean is that of AveragedModel within 1 ulp, after each snapshot") {
  CHECK(farthest(averager<std::vector<double>>{}, golden::mean) <= 1);
  CHECK(farthest(moments{}, golden::mean) <= 1);
}

TEST_CASE("golden: the exponential average is that of AveragedModel with torch's lerp within 1 ulp") {
  CHECK(farthest(slow{exponential_weight{.decay = golden::decay}}, golden::lerp) <= 1);
}

TEST_CASE("golden: of an avg_fn of two products, each update is within 1 ulp, and twelve of them within 2") {
  for (std::size_t k = 1; k != golden::n_snapshots; ++k) {
    slow once{exponential_weight{.decay = golden::decay}};
    once.update(row(golden::ema, k - 1));
    once.update(row(golden::snapshots, k));
    for (std::size_t i = 0; i != golden::n_weights; ++i) {
      CHECK(test::ulps(once.mean()[i], row(golden::ema, k)[i]) <= 1);
    }
  }
  CHECK(farthest(slow{exponential_weight{.decay = golden::decay}}, golden::ema) <= 2);
}

TEST_CASE("golden: all of them are within 2 ulp of the exact means, and so are torch's") {
  CHECK(farthest(averager<std::vector<double>>{}, golden::exact_mean) <= 2);
  CHECK(farthest(window<double>{golden::n_snapshots}, golden::exact_mean) <= 2);
  CHECK(farthest(slow{exponential_weight{.decay = golden::decay}}, golden::exact_ema) <= 2);
  for (std::size_t i = 0; i != golden::mean.size(); ++i) {
    CHECK(test::ulps(golden::mean[i], golden::exact_mean[i]) <= 2);
    CHECK(test::ulps(golden::ema[i], golden::exact_ema[i]) <= 2);
  }
}

}  // namespace SQWA_TEST_FILE
