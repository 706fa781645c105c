// SPDX-License-Identifier: BSD-3-Clause
// Points given by a table: named ones, and the best ones for given weights.
#ifndef SQWA_QUANT_CODEBOOK_HPP
#define SQWA_QUANT_CODEBOOK_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Points given at run time; code i is point i. Whoever quantizes with it refuses points that are not finite and
/// strictly ascending, so a codebook made by default is refused. Memory: its points.
template <int Levels>
  requires(Levels >= 2 && Levels <= 256)
struct codebook {
  static constexpr int levels = Levels;
  static constexpr int bits = static_cast<int>(std::bit_width(static_cast<unsigned>(Levels - 1)));
  using code = std::uint8_t;

  std::array<float, std::size_t{Levels}> list{};

  [[nodiscard]] constexpr std::array<float, std::size_t{Levels}> const& points() const noexcept { return list; }
  bool operator==(codebook const&) const = default;
};
template <std::size_t N>
codebook(std::array<float, N>) -> codebook<static_cast<int>(N)>;

/// The sixteen points of NF4, made for weights that are normally distributed; meant for scale = max|w|.
///
/// T. Dettmers et al., "QLoRA", arXiv 2305.14314, appendix E, in the digits of the published code.
[[nodiscard]] constexpr codebook<16> nf4() noexcept {
  return {{-1.0F, -0.6961928009986877F, -0.5250730514526367F, -0.39491748809814453F, -0.28444138169288635F,
           -0.18477343022823334F, -0.09105003625154495F, 0.0F, 0.07958029955625534F, 0.16093020141124725F,
           0.24611230194568634F, 0.33791524171829224F, 0.44070982933044434F, 0.5626170039176941F, 0.7229568362236023F,
           1.0F}};
}

namespace detail {

/// Cuts sorted numbers into runs such that the squared distances to the means of the runs are least.
class best_runs {
 public:
  /// `x` ascending, `count[i]` how often x[i] occurs.
  best_runs(std::vector<double> const& x, std::vector<double> const& count) : n_(x.size()), sums_(n_ + 1) {
    double all = 0, weight = 0;
    for (std::size_t i = 0; i != n_; ++i) {
      all += count[i] * x[i];
      weight += count[i];
    }
    shift_ = all / weight;  // small sums lose less
    for (std::size_t i = 0; i != n_; ++i) {
      double const v = x[i] - shift_;
      sums_[i + 1] = {sums_[i].count + count[i], sums_[i].first + count[i] * v, sums_[i].second + count[i] * v * v};
    }
  }

  /// The means of the best `k` runs, ascending.
  ///
  /// best(k, j), the least cost of the first j numbers in k runs, is min over i of best(k - 1, i) + cost(i, j), and the
  /// best i never falls as j grows; so the middle j is solved by looking at all i, and each half only sees the i on its
  /// side. Models: 1 <= k <= n
  [[nodiscard]] std::vector<double> means(std::size_t k) const {
    std::vector<double> before(n_ + 1), now(n_ + 1);
    std::vector<std::vector<std::uint32_t>> cuts(k);
    for (std::size_t j = 1; j <= n_; ++j) before[j] = cost(0, j);
    for (std::size_t run = 1; run != k; ++run) {
      cuts[run].resize(n_ + 1);
      solve(before, now, cuts[run], run + 1, n_, run, n_ - 1);
      before.swap(now);
    }
    std::vector<double> result(k);
    std::size_t end = n_;
    for (std::size_t run = k; run-- != 0;) {
      std::size_t const start = run == 0 ? 0 : cuts[run][end];
      result[run] = shift_ + (sums_[end].first - sums_[start].first) / (sums_[end].count - sums_[start].count);
      end = start;
    }
    return result;
  }

 private:
  struct sums {
    double count = 0, first = 0, second = 0;
  };

  [[nodiscard]] double cost(std::size_t i, std::size_t j) const noexcept {
    double const m = sums_[j].first - sums_[i].first;
    double const c = sums_[j].second - sums_[i].second - m * m / (sums_[j].count - sums_[i].count);
    return j - i == 1 ? 0 : std::max(c, 0.0);
  }

  /// now[j] for j in [low, high], whose best cuts lie in [first, last].
  void solve(std::vector<double> const& before, std::vector<double>& now, std::vector<std::uint32_t>& cut,
             std::size_t low, std::size_t high, std::size_t first, std::size_t last) const {
    if (low > high) return;
    std::size_t const j = low + (high - low) / 2;
    double best = std::numeric_limits<double>::infinity();
    std::size_t best_i = first;
    for (std::size_t i = first; i <= std::min(last, j - 1); ++i) {
      double const c = before[i] + cost(i, j);
      if (c < best) {
        best = c;
        best_i = i;
      }
    }
    now[j] = best;
    cut[j] = static_cast<std::uint32_t>(best_i);
    solve(before, now, cut, low, j - 1, first, best_i);
    solve(before, now, cut, j + 1, high, best_i, last);
  }

  std::size_t n_;
  std::vector<sums> sums_;
  double shift_ = 0;
};

}  // namespace detail

/// The codebook with the least squared error for `x` at scale 1: one-dimensional k-means, the global minimum.
///
/// Dynamic programming over the sorted values, by divide and conquer (after X. Wu, "Optimal quantization by matrix
/// searching", Journal of Algorithms 12, 1991). Points are rounded to float. Where fewer than `Levels` of them differ,
/// the rest are the next floats above the largest (below, at the end of float's range), so that the list stays
/// strictly ascending and the error stays 0.
/// Memory: about (44 + 4 Levels) bytes a different value. Time: O(n log n + Levels * m log m) for m different values.
/// @pre x is not empty and holds at most 2^32 - 1 values, all finite and within float's range
template <int Levels, real T>
[[nodiscard]] codebook<Levels> kmeans_codebook(std::span<T const> x) {
  constexpr double largest = std::numeric_limits<float>::max();
  expects(!x.empty() && x.size() <= std::numeric_limits<std::uint32_t>::max(), "kmeans_codebook: {} values", x.size());
  for (std::size_t i = 0; i != x.size(); ++i) {
    auto const v = static_cast<double>(x[i]);
    expects(v >= -largest && v <= largest, "kmeans_codebook: the value {} at {}", x[i], i);
  }
  std::vector<T> sorted(x.begin(), x.end());
  std::ranges::sort(sorted);
  std::vector<double> values, count;
  for (T w : sorted) {
    auto const v = static_cast<double>(w);
    if (values.empty() || values.back() != v) {
      values.push_back(v);
      count.push_back(0);
    }
    count.back() += 1;
  }
  std::size_t const k = std::min<std::size_t>(Levels, values.size());
  std::vector<double> const means = k == values.size() ? values : detail::best_runs(values, count).means(k);
  codebook<Levels> result;
  auto& points = result.list;
  std::size_t used = 0;
  for (double mean : means) {
    auto const p = static_cast<float>(mean) + 0;
    if (used == 0 || p > points[used - 1]) points[used++] = p;
  }
  for (; used != points.size(); ++used) {
    float const above = std::nextafter(points[used - 1], std::numeric_limits<float>::infinity());
    if (std::isfinite(above)) {
      points[used] = above;
    } else {  // float's largest is a point: make room below
      for (std::size_t i = used; i != 0; --i) points[i] = points[i - 1];
      points[0] = std::nextafter(points[1], -std::numeric_limits<float>::infinity());
    }
  }
  return result;
}
template <int Levels, real T>
[[nodiscard]] codebook<Levels> kmeans_codebook(std::span<T> x) {
  return kmeans_codebook<Levels>(std::span<T const>(x));
}

}  // namespace sqwa::inline SQWA_ABI

#endif
