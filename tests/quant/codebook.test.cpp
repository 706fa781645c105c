// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/codebook.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <int Levels>
concept exists = requires {
  typename codebook<Levels>;
};

static_assert(exists<2> && exists<256> && !exists<1> && !exists<257>);
static_assert(point_format<codebook<2>> && point_format<codebook<256>> && !uniform_format<codebook<3>>);
static_assert(codebook<2>::bits == 1 && codebook<3>::bits == 2 && codebook<16>::bits == 4 && codebook<17>::bits == 5 &&
              codebook<256>::bits == 8);
static_assert(std::same_as<decltype(codebook{std::array{-1.0F, 0.0F, 2.0F}}), codebook<3>>);

/// The squared distance of every value to the nearest point.
template <class T>
double error(std::vector<T> const& x, std::span<float const> points) {
  double sum = 0;
  for (T w : x) {
    double least = std::numeric_limits<double>::infinity();
    for (float p : points) {
      double const d = static_cast<double>(w) - static_cast<double>(p);
      least = std::min(least, d * d);
    }
    sum += least;
  }
  return sum;
}

/// The least cost of all ways to cut the sorted values from `first` on into at most k runs.
double least_cost(std::vector<double> const& sorted, std::size_t first, int k) {
  if (first == sorted.size()) return 0;
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t end = k == 1 ? sorted.size() : first + 1; end <= sorted.size(); ++end) {
    double mean = 0, cost = 0;
    for (std::size_t i = first; i != end; ++i) mean += sorted[i] / static_cast<double>(end - first);
    for (std::size_t i = first; i != end; ++i) cost += (sorted[i] - mean) * (sorted[i] - mean);
    best = std::min(best, cost + least_cost(sorted, end, k - 1));
  }
  return best;
}

template <class T>
std::vector<T> block(std::uint64_t seed, std::size_t n) {
  noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    T const x = 2 * static_cast<T>(u(i)) - 1;
    w[i] = seed % 4 == 0 ? x : seed % 4 == 1 ? x * x * x * 50 : seed % 4 == 2 ? std::round(x * 3) : x + 1'000;
  }
  return w;
}

template <int Levels, class T>
void check_optimum() {
  for (std::uint64_t seed = 0; seed != 40; ++seed) {
    auto const w = block<T>(seed, 1 + seed % 11);
    auto const best = kmeans_codebook<Levels>(std::span(w));
    CHECK(std::ranges::adjacent_find(best.list, std::greater_equal{}) == best.list.end());
    std::vector<double> sorted(w.begin(), w.end());
    std::ranges::sort(sorted);
    double power = 0;
    for (double x : sorted) power += x * x;
    CHECK(error(w, best.list) <= least_cost(sorted, 0, Levels) + 1e-9 * power);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("kmeans_codebook: no way to cut the values into runs has a smaller error", T, float, double) {
  check_optimum<2, T>();
  check_optimum<3, T>();
  check_optimum<4, T>();
  check_optimum<5, T>();
  check_optimum<16, T>();
}

TEST_CASE("kmeans_codebook: for many values, halving the search loses nothing against looking at all cuts") {
  for (std::uint64_t seed = 0; seed != 4; ++seed) {
    auto w = block<double>(seed, 300);
    auto const best = kmeans_codebook<8>(std::span<double const>(w));
    std::ranges::sort(w);
    std::size_t const n = w.size();
    std::vector<std::vector<double>> least(9, std::vector<double>(n + 1, 1e300));
    least[0][0] = 0;
    for (std::size_t j = 1; j <= n; ++j) {
      double mean = 0, cost = 0;  // of the run [i, j), grown downwards (Welford)
      for (std::size_t i = j; i-- != 0;) {
        double const d = w[i] - mean;
        mean += d / static_cast<double>(j - i);
        cost += d * (w[i] - mean);
        for (std::size_t k = 1; k != 9; ++k) least[k][j] = std::min(least[k][j], least[k - 1][i] + cost);
      }
    }
    CHECK(error(w, best.list) <= least[8][n] * (1 + 1e-9) + 1e-6);
  }
}

TEST_CASE("kmeans_codebook: as many values as points, or fewer, are all points") {
  std::vector<float> const w{3, -1, 3, 0.5F, -1};
  auto const exact = kmeans_codebook<3>(std::span(w));
  CHECK(exact.list == std::array{-1.0F, 0.5F, 3.0F});
  auto const more = kmeans_codebook<6>(std::span(w));
  CHECK(error(w, more.list) == 0);
  CHECK(more.list[2] == 3);
  CHECK(more.list[3] == std::nextafter(3.0F, 4.0F));
  std::vector<float> const end(2, std::numeric_limits<float>::max());
  auto const below = kmeans_codebook<3>(std::span(end));
  CHECK(below.list[2] == end[0]);
  CHECK(below.list[0] < below.list[1]);
  CHECK(below.list[1] < below.list[2]);
  std::vector<double> const close{1, 1 + 1e-12, 1 + 2e-12};  // one float
  auto const spread = kmeans_codebook<3>(std::span(close));
  CHECK(std::ranges::adjacent_find(spread.list, std::greater_equal{}) == spread.list.end());
  CHECK(spread.list[0] == 1);
}

TEST_CASE("kmeans_codebook: order and repetition of the whole block do not matter") {
  auto w = block<float>(0, 64);
  auto const best = kmeans_codebook<4>(std::span(w));
  std::ranges::reverse(w);
  CHECK(kmeans_codebook<4>(std::span(w)) == best);
}

TEST_CASE("kmeans_codebook: no values, NaN, infinity and values beyond float are refused") {
  double const inf = std::numeric_limits<double>::infinity();
  auto const made = [](std::vector<double> const& w) { (void)kmeans_codebook<2>(std::span(w)); };
  CHECK(test::refuses([&] { made({}); }, "kmeans_codebook: 0 values"));
  for (double bad : {inf, -inf, std::numeric_limits<double>::quiet_NaN(), 1e39}) {
    CHECK(test::refuses([&] { made({1, bad}); }, "at 1"));
  }
}

TEST_CASE("nf4: ascending from -1 through 0 to 1, eight points on the positive side and seven on the other") {
  auto const points = nf4().points();
  CHECK(std::ranges::adjacent_find(points, std::greater_equal{}) == points.end());
  CHECK(points.front() == -1);
  CHECK(points[7] == 0);
  CHECK(points.back() == 1);
}

TEST_CASE("nf4: the points are the paper's quantiles of the normal distribution") {
  auto const normal = [](double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; };
  auto const quantile = [&](double p) {
    double low = -10, high = 10;
    for (int k = 0; k != 100; ++k) (normal((low + high) / 2) < p ? low : high) = (low + high) / 2;
    return low;
  };
  double const offset = (1 - 1 / 32.0 + 1 - 1 / 30.0) / 2;  // the published code's 0.9677083
  auto const points = nf4().points();
  double const outermost = quantile(offset);
  for (std::size_t i = 0; i != 7; ++i) {
    double const p = offset + (0.5 - offset) * static_cast<double>(i) / 7;  // eight values from offset to 1/2
    CHECK(static_cast<double>(points[i]) == doctest::Approx(-quantile(p) / outermost).epsilon(2e-6));
  }
  for (std::size_t i = 0; i != 8; ++i) {
    double const p = offset + (0.5 - offset) * static_cast<double>(i) / 8;  // nine values from offset to 1/2
    CHECK(static_cast<double>(points[15 - i]) == doctest::Approx(quantile(p) / outermost).epsilon(2e-6));
  }
}

}  // namespace SQWA_TEST_FILE
