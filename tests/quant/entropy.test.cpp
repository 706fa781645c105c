// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/entropy.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/symmetric.hpp>
#include "support/quantizers.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(fit<entropy, symmetric<255>> && fit<entropy, e4m3> && !fit<entropy, affine<8>> && !fit<entropy, binary>);

/// The divergence as it is defined: bins with signs, P and Q written out. `kept` bins on each side.
template <class Format>
double divergence(Format const& format, std::vector<float> const& w, std::size_t bins, std::size_t kept) {
  auto const points = test::any_format(format).points();
  bool mirrored = true;
  for (std::size_t i = 0; i != points.size(); ++i) mirrored = mirrored && points[i] == -points[points.size() - 1 - i];
  double largest = 0, outermost = 0;
  for (float v : w) largest = std::max(largest, static_cast<double>(std::abs(v)));
  for (double p : points) outermost = std::max(outermost, std::abs(p));
  std::vector<double> p(2 * kept), q(2 * kept), counts(2 * kept);
  for (float v : w) {
    bool const negative = !mirrored && v < 0;
    double const at = static_cast<double>(std::abs(v)) / largest * static_cast<double>(bins);
    auto const bin = std::min(bins - 1, static_cast<std::size_t>(at));
    if (bin < kept) counts[2 * bin + (negative ? 1 : 0)] += 1;
    p[2 * std::min(bin, kept - 1) + (negative ? 1 : 0)] += 1;
  }
  std::vector<double> sum(points.size()), used(points.size());
  std::vector<std::size_t> point(2 * kept);
  for (std::size_t k = 0; k != 2 * kept; ++k) {
    double const sign = k % 2 == 0 ? 1 : -1;
    double const t = sign * (static_cast<double>(k / 2) + 0.5) * outermost / static_cast<double>(kept);
    std::size_t best = 0;
    for (std::size_t i = 1; i != points.size(); ++i) {
      double const now = std::abs(t - points[i]), before = std::abs(t - points[best]);
      if (now < before || (now == before && sign > 0)) best = i;  // a tie goes outward
    }
    point[k] = best;
    sum[best] += counts[k];
    used[best] += counts[k] > 0 ? 1 : 0;
  }
  double all_p = 0, all_q = 0, result = 0;
  for (std::size_t k = 0; k != 2 * kept; ++k) {
    q[k] = counts[k] > 0 ? sum[point[k]] / used[point[k]] : 0;
    all_p += p[k];
    all_q += q[k];
  }
  for (std::size_t k = 0; k != 2 * kept; ++k) {
    if (p[k] == 0) continue;
    if (q[k] == 0) return std::numeric_limits<double>::infinity();
    result += p[k] / all_p * std::log(p[k] / all_p / (q[k] / all_q));
  }
  return result;
}

}  // namespace

TEST_CASE("entropy: the threshold with the least divergence, the first of equals, by the definition written out") {
  auto const check = [](auto const& format, std::size_t side) {
    for (test::kind k : test::every_kind) {
      for (std::size_t const bins : {1U, 16U, 60U}) {
        auto const w = test::random_weights<float>(k, 3'000, 4);
        double largest = 0;
        for (float v : w) largest = std::max(largest, static_cast<double>(std::abs(v)));
        auto const scale =
            static_cast<double>(entropy{.bins = static_cast<int>(bins)}(std::span<float const>(w), format));
        auto const outermost = static_cast<double>(outermost_point(format));
        auto const chosen =
            static_cast<std::size_t>(std::lround(scale * outermost / largest * static_cast<double>(bins)));
        CHECK(scale * outermost == doctest::Approx(largest * static_cast<double>(chosen) / static_cast<double>(bins)));
        CHECK(chosen >= std::min(side, bins));
        double const ours = divergence(format, w, bins, chosen);
        for (std::size_t kept = std::min(side, bins); kept <= bins; ++kept) {
          double const other = divergence(format, w, bins, kept);
          INFO(bins, " bins, ", chosen, " or ", kept);
          CHECK((kept < chosen ? ours < other : ours <= other + 1e-9));
        }
      }
    }
  };
  check(symmetric<3>{}, 2);
  check(symmetric<15>{}, 8);
  check(e2m1{}, 8);
  check(nf4(), 9);
  check(test::uneven, 4);
  check(test::even_count, 2);
  check(test::one_sided, 3);
}

TEST_CASE("entropy: of thresholds without divergence the least is taken, whatever the sums round to") {
  for (std::size_t n = 1; n != 100; ++n) {  // kept in 2, 3 or 4 bins, P and Q are the same
    std::vector<float> w(8 * n, 1.5F);
    std::fill_n(w.begin(), 2 * n, 2.5F);
    std::fill_n(w.end() - static_cast<std::ptrdiff_t>(2 * n), 2 * n, -4.0F);
    CHECK(entropy{.bins = 4}(std::span<float const>(w), symmetric<3>{}) == 2);
  }
}

TEST_CASE("entropy: outliers are clipped, and what has none is not") {
  auto w = test::random_weights<float>(test::kind::gaussian, 20'000, 1);
  float const plain = entropy{}(std::span<float const>(w), symmetric<255>{});
  w[17] = 20;
  float const with_outlier = entropy{}(std::span<float const>(w), symmetric<255>{});
  CHECK(127 * plain > 2.5F);
  CHECK(127 * plain < 5.0F);
  CHECK(127 * with_outlier < 5.0F);
  std::vector<float> const one(50, -3.0F);
  CHECK(entropy{}(std::span<float const>(one), symmetric<255>{}) == 3.0F / 127);
}

TEST_CASE("entropy: the order of the weights does not matter, nor a factor that is a power of two") {
  auto w = test::random_weights<double>(test::kind::laplace, 2'000, 1);
  float const scale = entropy{}(std::span<double const>(w), e4m3{});
  std::ranges::reverse(w);
  for (double& v : w) v *= -0.25;
  CHECK(entropy{}(std::span<double const>(w), e4m3{}) == scale / 4);
}

TEST_CASE("entropy: no bins are refused") {
  std::vector<float> const w{1, 2};
  CHECK(test::refuses([&] { (void)entropy{.bins = 0}(std::span<float const>(w), symmetric<3>{}); }, "entropy: 0 bins"));
}

}  // namespace SQWA_TEST_FILE
