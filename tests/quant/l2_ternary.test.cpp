// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/l2_ternary.hpp>
#include <sqwa/quant/symmetric.hpp>
#include "support/every_backend.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// The largest A^2 / n over all thresholds, by sorting.
template <class T>
double best_quality(std::vector<T> w) {
  for (T& v : w) v = std::abs(v);
  std::ranges::sort(w, std::greater{});
  double a = 0, best = 0;
  for (std::size_t i = 0; i != w.size(); ++i) {
    a += static_cast<double>(w[i]);
    best = std::max(best, a * a / static_cast<double>(i + 1));
  }
  return best;
}

/// ||w||^2 less the squared error with nearest codes at a scale: what A^2 / n is at the best one.
template <class T>
double quality_at(std::vector<T> const& w, double scale) {
  double q = 0;
  for (T v : w) {
    double const m = std::abs(static_cast<double>(v));
    if (m > scale / 2) q += 2 * m * scale - scale * scale;
  }
  return q;
}

template <class T>
std::vector<T> made(std::size_t n, std::function<double(double, double)> const& f) {
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    w[i] = static_cast<T>(f(static_cast<double>(noise{.seed = 1}(i)), static_cast<double>(noise{.seed = 2}(i))));
  }
  return w;
}

double gaussian(double u, double v) { return std::sqrt(-2 * std::log(1 - u)) * std::cos(6.283185307179586 * v); }

}  // namespace

TEST_CASE_TEMPLATE("ternary_search: the quality of the sorted sweep, for many distributions", T, float, double) {
  using search = detail::ternary_search<T>;
  for (std::size_t const n : {search::min_size, search::min_size + 1, std::size_t{100'003}}) {
    std::vector<std::vector<T>> const all{
        made<T>(n, gaussian),
        made<T>(n, [](double u, double) { return u - 0.5; }),
        made<T>(n, [](double u, double v) { return std::log(1 - u) * (v < 0.5 ? -1e-20 : 1e-20); }),
        made<T>(n, [](double u, double v) { return gaussian(u, v) + (v < 0.4 ? 3 : 0); }),
        made<T>(n, [](double u, double v) { return v < 0.999 ? u * 1e-3 : 100 + u; }),
        made<T>(n, [](double u, double v) { return std::pow(1 - u, -0.8) * (v < 0.5 ? 1 : -1); }),
        made<T>(n, [](double u, double v) { return v < 0.3 ? 0 : std::floor(8 * u); }),
        made<T>(n, [](double, double) { return 0.125; })};
    for (auto const& w : all) {
      double const best = best_quality(w);
      auto const scale = static_cast<double>(l2{}(std::span<T const>(w), symmetric<3>{}));
      CHECK(quality_at(w, scale) >= best * (1 - 1e-6));  // the scale is a float
      if (double const found = search::run(w); found >= 0) CHECK(quality_at(w, found) >= best * (1 - 1e-12));
    }
  }
}

TEST_CASE("ternary_search: common distributions are not sorted") {
  CHECK(detail::ternary_search<float>::run(made<float>(200'000, gaussian)) > 0);
  CHECK(detail::ternary_search<float>::run(made<float>(200'000, [](double u, double) { return u - 0.5; })) > 0);
}

TEST_CASE_TEMPLATE("l2, l2_alternating, max_abs: every backend gives the same bits", T, float, double) {
  for (std::size_t const n : {std::size_t{0}, std::size_t{5'000}, std::size_t{70'001}}) {
    auto const w = made<T>(n, gaussian);
    std::span<T const> const x(w);
    symmetric<3> const ternary;
    symmetric<15> const four_bits;
    float const best = l2{}(x, ternary);
    test::every_backend([&](auto where) {
      CHECK(l2{}(x, ternary, where) == best);
      CHECK(l2_alternating{}(x, ternary, where) == l2_alternating{}(x, ternary));
      CHECK(l2_alternating{}(x, four_bits, where) == l2_alternating{}(x, four_bits));
      CHECK(max_abs{}(x, four_bits, where) == max_abs{}(x, four_bits));
    });
  }
}

TEST_CASE("ternary_search: a sample that misleads costs time only") {
  std::size_t const n = 1 << 17;
  std::size_t const every = n / 4096;  // the sample sees ones and nothing else
  auto w = made<float>(n, [](double u, double v) { return 10 * gaussian(u, v); });
  for (std::size_t i = 0; i < n; i += every) w[i] = 1;
  double const found = detail::ternary_search<float>::run(w);
  CHECK(quality_at(w, found) >= best_quality(w) * (1 - 1e-12));
}

TEST_CASE("ternary_search: the kept weights of one part need more room than there is") {
  auto w = made<float>(1 << 17, gaussian);
  for (std::size_t i = 0; i != 5000; ++i) w[i] = 0.6F;
  double const found = detail::ternary_search<float>::run(w);
  CHECK(quality_at(w, found) >= best_quality(w) * (1 - 1e-12));
}

TEST_CASE("ternary_search: zeros alone give the scale 0") {
  std::vector<float> const zeros(20'000);
  CHECK(l2{}(std::span<float const>(zeros), symmetric<3>{}) == 0);
}

}  // namespace SQWA_TEST_FILE
