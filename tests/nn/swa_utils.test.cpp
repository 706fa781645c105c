// SPDX-License-Identifier: BSD-3-Clause
// Statistics of batch normalization beside those of torch's update_bn (golden/swa_utils.py).
#include "golden/swa_utils.hpp"
#include "support/ulps.hpp"

#include <sqwa/nn/batch_norm.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

constexpr std::size_t channels = golden::n_channels;

using statistics = std::array<double, 2 * channels>;  // means, then variances

/// What a refresh by batches of these sizes gives, from sample `first` on.
statistics refreshed(std::initializer_list<std::size_t> batches, std::size_t first = 0) {
  nn::batch_norm<double> layer;
  layer.build(shape{channels}, noise{});
  layer.begin_refresh();
  for (std::size_t size : batches) {
    auto const x = std::span<double const>(golden::samples).subspan(first * channels, size * channels);
    std::vector<double> y(x.size());
    layer.reserve(size);
    layer.forward(x, std::span(y), size, nn::pass::refresh, backend<>{});
    first += size;
  }
  layer.end_refresh();
  statistics all;
  for (std::size_t c = 0; c != channels; ++c) {
    all[c] = layer.running_mean()(c);
    all[channels + c] = layer.running_variance()(c);
  }
  return all;
}

std::int64_t farthest(std::span<double const> a, std::span<double const> b) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i != a.size(); ++i) most = std::max(most, test::ulps(a[i], b[i]));
  return most;
}

}  // namespace

TEST_CASE("golden: statistics of one batch are those of update_bn within 1 ulp, and so are those of its parts") {
  CHECK(farthest(refreshed({19}), golden::one_batch) <= 1);
  CHECK(farthest(refreshed({8, 8, 3}), golden::one_batch) <= 1);
  CHECK(farthest(refreshed({1, 5, 13}), golden::one_batch) <= 2);
}

TEST_CASE("golden: of equal batches the means are those of update_bn, and the variances hold what it leaves out") {
  statistics const ours = refreshed({8, 8}), first = refreshed({8}), second = refreshed({8}, 8);
  CHECK(farthest(std::span(ours).first(channels), std::span(golden::equal_batches).first(channels)) <= 1);
  for (std::size_t c = 0; c != channels; ++c) {
    double const between = first[c] - second[c];  // that of the means of the batches
    double const torch = golden::equal_batches[channels + c];
    CHECK(ours[channels + c] == doctest::Approx((14 * torch + 4 * between * between) / 15).epsilon(1e-14));
  }
}

TEST_CASE("golden: update_bn gives a short last batch the weight of a long one; here each sample has the same") {
  statistics const first = refreshed({8}), second = refreshed({8}, 8), third = refreshed({3}, 16);
  for (std::size_t i = 0; i != 2 * channels; ++i) {
    double const by_batches = (first[i] + second[i] + third[i]) / 3;
    CHECK(golden::short_last_batch[i] == doctest::Approx(by_batches).epsilon(1e-14));
    CHECK(std::abs(golden::short_last_batch[i] / golden::one_batch[i] - 1) > 0.05);
  }
}

}  // namespace SQWA_TEST_FILE
