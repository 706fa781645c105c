// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/l2_levels.hpp>
#include <sqwa/quant/symmetric.hpp>
#include "support/every_backend.hpp"
#include "support/thorough.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

double gaussian(double u, double v) { return std::sqrt(-2 * std::log(1 - u)) * std::cos(6.283185307179586 * v); }

template <class T>
std::vector<T> made(std::size_t n, std::function<double(double, double)> const& f) {
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    w[i] = static_cast<T>(f(static_cast<double>(noise{.seed = 1}(i)), static_cast<double>(noise{.seed = 2}(i))));
  }
  return w;
}

/// The largest <w, c>^2 / <c, c> over all scales, by sorting every breakpoint.
template <class T>
double best_quality(std::vector<T> const& w, int limit) {
  struct breakpoint {
    double at, size, code;
  };
  std::vector<breakpoint> all;
  for (T v : w) {
    auto const m = std::abs(static_cast<double>(v));
    for (int j = 1; j <= limit && m > 0; ++j) all.push_back({m / (j - 0.5), m, static_cast<double>(j)});
  }
  std::ranges::sort(all, std::greater{}, &breakpoint::at);
  double a = 0, b = 0, best = 0;
  for (auto const& p : all) {
    a += p.size;
    b += 2 * p.code - 1;
    best = std::max(best, a * a / b);
  }
  return best;
}

/// ||w||^2 less the squared error with nearest codes at a scale: what <w, c>^2 / <c, c> is at the best one.
template <class T>
double quality_at(std::vector<T> const& w, double scale, int limit) {
  double q = 0;
  for (T v : w) {
    double const m = std::abs(static_cast<double>(v));
    double const value = std::rint(std::min<double>(m / scale, limit)) * scale;
    q += (2 * m - value) * value;
  }
  return q;
}

template <class T>
std::vector<std::vector<T>> distributions(std::size_t n) {
  return {made<T>(n, gaussian),
          made<T>(n, [](double u, double) { return u - 0.5; }),
          made<T>(n, [](double u, double v) { return std::log(1 - u) * (v < 0.5 ? -1e-20 : 1e-20); }),
          made<T>(n, [](double u, double v) { return gaussian(u, v) + (v < 0.4 ? 3 : 0); }),
          made<T>(n, [](double u, double v) { return v < 0.999 ? u * 1e-3 : 100 + u; }),
          made<T>(n, [](double u, double v) { return std::pow(1 - u, -0.8) * (v < 0.5 ? 1 : -1); }),
          made<T>(n, [](double u, double v) { return v < 0.3 ? 0 : std::floor(8 * u); }),
          made<T>(n, [](double, double) { return 0.125; })};
}

}  // namespace

TEST_CASE_TEMPLATE("levels_search: the quality of the sorted sweep, for many distributions", T, float, double) {
  using search = detail::levels_search<T>;
  for (std::size_t const n : {search::min_size, std::size_t{20'011}}) {
    for (auto const& w : distributions<T>(n)) {
      for (int const limit : {2, 7, 127}) {
        bool const large = limit > 7 && (n > search::min_size || sizeof(T) > 4);
        if (large && !test::thorough) continue;  // the sweep sorts n * limit breakpoints
        double const best = best_quality(w, limit);
        double const found = search::run(w, limit);
        if (found >= 0) CHECK(quality_at(w, found, limit) >= best * (1 - 1e-12));
      }
    }
  }
}

TEST_CASE("levels_search: common distributions are not sorted") {
  for (int const limit : {2, 7, 127}) {
    CHECK(detail::levels_search<float>::run(made<float>(100'000, gaussian), limit) > 0);
    CHECK(detail::levels_search<float>::run(made<float>(100'000, [](double u, double) { return u - 0.5; }), limit) > 0);
  }
}

TEST_CASE("levels_search: a sample that misleads costs time only") {
  std::size_t const n = 1 << 15;
  auto w = made<float>(n, [](double u, double v) { return 10 * gaussian(u, v); });
  for (std::size_t i = 0; i < n; i += n / 4096) w[i] = 1;
  double const found = detail::levels_search<float>::run(w, 7);
  if (found >= 0) CHECK(quality_at(w, found, 7) >= best_quality(w, 7) * (1 - 1e-12));
  auto const scale = static_cast<double>(l2{}(std::span<float const>(w), symmetric<15>{}));
  CHECK(quality_at(w, scale, 7) >= best_quality(w, 7) * (1 - 1e-6));  // the scale is a float
}

TEST_CASE_TEMPLATE("l2 with many levels: every backend gives the same bits", T, float, double) {
  auto const w = made<T>(70'001, gaussian);
  std::span<T const> const x(w);
  float const best = l2{}(x, symmetric<15>{});
  test::every_backend([&](auto where) { CHECK(l2{}(x, symmetric<15>{}, where) == best); });
}

TEST_CASE("levels_search: zeros, and weights that differ by more than the histogram holds, are left to the sort") {
  CHECK(detail::levels_search<float>::run(std::vector<float>(10'000), 7) < 0);
  auto w = made<float>(10'000, [](double u, double) { return u * 1e-20; });
  w[1234] = 1e20F;
  auto const scale = static_cast<double>(l2{}(std::span<float const>(w), symmetric<15>{}));
  CHECK(quality_at(w, scale, 7) >= best_quality(w, 7) * (1 - 1e-6));
}

TEST_CASE("l2 with many levels: the largest floats and the smallest doubles end like others") {
  symmetric<15> const format;
  std::vector<float> large(8192, 6e36F);
  auto const fits = [&](auto const& w) { return static_cast<double>(l2{}(std::span(std::as_const(w)), format)); };
  CHECK(quality_at(large, fits(large), 7) >= best_quality(large, 7) * (1 - 1e-6));
  std::vector<float> outliers(8192, 1.0F);
  outliers[0] = outliers[64] = 3e38F;
  CHECK(quality_at(outliers, fits(outliers), 7) >= best_quality(outliers, 7) * (1 - 1e-6));
  CHECK(fits(std::vector<double>(8192, 1e-200)) == 0);  // below float's range
  CHECK(detail::levels_search<double>::run(std::vector<double>(8192, 1e-200), 7) < 0);
}

}  // namespace SQWA_TEST_FILE
