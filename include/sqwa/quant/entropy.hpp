// SPDX-License-Identifier: BSD-3-Clause
// A fit by information: the clipping that changes the distribution of the weights least.
#ifndef SQWA_QUANT_ENTROPY_HPP
#define SQWA_QUANT_ENTROPY_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/l2_points.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Weights counted by magnitude in equal bins from 0 to the largest, and the Kullback-Leibler divergence between them
/// and what is left when they are clipped and quantized. See `entropy`.
class weight_histogram {
 public:
  template <real T>
  weight_histogram(std::span<T const> block, double largest, std::size_t bins, bool fold)
      : bins_(bins), sides_(fold ? 1 : 2), all_(static_cast<double>(block.size())) {
    for (std::size_t s = 0; s != sides_; ++s) {
      sums_[s].resize(bins + 1);
    }
    for (T w : block) {
      double const at = static_cast<double>(std::abs(w)) / largest * static_cast<double>(bins);
      sums_[!fold && w < 0 ? 1 : 0][1 + std::min(bins - 1, static_cast<std::size_t>(at))].count += 1;
    }
    for (std::size_t s = 0; s != sides_; ++s) {
      for (std::size_t k = 1; k <= bins; ++k) {
        tally& now = sums_[s][k];
        tally const& before = sums_[s][k - 1];
        now = {before.count + now.count, before.used + (now.count > 0 ? 1 : 0), before.powers + x_log_x(now.count)};
      }
    }
  }

  /// The divergence where `kept` bins are, times the number of weights. Infinite where a bin that is used gets nothing.
  template <class Side>
  [[nodiscard]] double divergence(std::array<Side, 2> const& points, double outermost, std::size_t kept) const {
    double within = 0, sum = 0, shared_count = 0, shared_used = 0, shared_mass = 0;
    for (std::size_t s = 0; s != sides_; ++s) {
      auto const& all = sums_[s];
      double const clipped = all[bins_].count - all[kept].count;
      double const last = all[kept].count - all[kept - 1].count;
      if (clipped > 0 && last == 0) return std::numeric_limits<double>::infinity();
      within += all[kept].count;
      sum += all[kept - 1].powers + x_log_x(last + clipped);
      std::size_t begin = 0;
      for (std::size_t g = 0; g <= points[s].size(); ++g) {  // the bins whose middles are nearest to one point
        std::size_t end = kept;
        if (g != points[s].size()) {
          double const edge = std::ceil(points[s].middle(g) * static_cast<double>(kept) / outermost - 0.5);
          end =
              edge < static_cast<double>(kept) ? std::max(begin, static_cast<std::size_t>(std::max(edge, 0.0))) : kept;
        }
        double const count = all[end].count - all[begin].count;
        double const used = all[end].used - all[begin].used;
        double const mass = count + (end == kept && begin != end ? clipped : 0);
        if (g == 0 && points[0].start() == -points[1].start()) {  // the point of both sides
          shared_count += count;
          shared_used += used;
          shared_mass += mass;
        } else if (count > 0) {
          sum -= mass * log(count / used);
        }
        begin = end;
      }
    }
    if (within == 0) return std::numeric_limits<double>::infinity();
    if (shared_count > 0) sum -= shared_mass * log(shared_count / shared_used);
    return sum + all_ * log(within / all_);
  }

 private:
  struct tally {
    double count = 0, used = 0, powers = 0;  // of weights; of bins that have some; of count * log(count)
  };
  static double x_log_x(double x) noexcept { return x > 0 ? x * log(x) : 0; }

  std::size_t bins_, sides_;
  double all_;
  std::array<std::vector<tally>, 2> sums_;
};

}  // namespace detail

/// The scale whose clipping and rounding change the distribution of the weights least, by the Kullback-Leibler
/// divergence.
///
/// S. Migacz, "8-bit inference with TensorRT", GTC 2017: magnitudes are counted in `bins` equal bins up to the largest.
/// Each threshold that keeps i bins is tried, i from the number of points to `bins`. P is the first i bins, the last of
/// which takes in what is beyond. Q is the same bins without what is beyond; all bins that become the same point share
/// their weights evenly among those that are not empty. The threshold with the least sum of P log(P / Q) wins, the
/// first of equals, and the outermost point falls on the upper edge of its last bin. A threshold is not taken where Q
/// is 0 and P is not. What is this library's own: bins belong to the point nearest to their middle at the scale tried,
/// so that the rule holds for points of any spacing, where the published rule cuts i bins into 128 equal runs; and
/// points that do not lie evenly around zero have bins for both signs.
///
/// Made for 8 bits: with few points it clips too little. With few weights a bin the counts say little: meant for blocks
/// of many thousands. An outlier that leaves no weights in the bins just below the thresholds is not clipped: then more
/// bins help, or `percentile`. An empty or all-zero block gives 0. Memory: 24 bytes a bin, 48 for uneven points. Time:
/// one pass, and O(bins * points).
struct entropy {
  int bins = 2048;

  /// @pre bins >= 1
  template <real T, uniform_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const&) const {
    std::array const points{detail::even_side(F::max_code), detail::even_side(F::max_code)};
    return best(block, points, true, F::max_code);
  }
  /// @pre bins >= 1; the points are finite and strictly ascending
  template <real T, point_format F>
    requires(F::levels >= 3)
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    point_chooser<F> const all(format);
    std::array const points{detail::point_side<F>(all, false), detail::point_side<F>(all, true)};
    return best(block, points, detail::mirrored(all), static_cast<double>(outermost_point(format)));
  }

 private:
  template <real T, class Side>
  [[nodiscard]] float best(std::span<T const> block, std::array<Side, 2> const& points, bool fold,
                           double outermost) const {
    expects(bins >= 1, "entropy: {} bins", bins);
    auto const largest = static_cast<double>(detail::largest_magnitude(block));
    if (largest == 0) return 0;
    auto const n = static_cast<std::size_t>(bins);
    detail::weight_histogram const counts(block, largest, n, fold);
    double const weights = static_cast<double>(block.size());
    double const noise_floor = 1e-12 * weights * (1 + detail::log(weights));  // equals must stay equal
    double least = std::numeric_limits<double>::infinity();
    std::size_t chosen = n;
    for (std::size_t kept = std::min(n, std::max(points[0].size(), points[1].size()) + 1); kept <= n; ++kept) {
      double const d = counts.divergence(points, outermost, kept);
      if (d < least - noise_floor) {
        least = d;
        chosen = kept;
      }
    }
    double const threshold = largest * (static_cast<double>(chosen) / static_cast<double>(n));
    return detail::finite_scale(threshold / outermost, outermost);
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
