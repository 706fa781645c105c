// SPDX-License-Identifier: BSD-3-Clause
// The best scale for points of any spacing: a sweep over all scales at which a weight passes to another point.
#ifndef SQWA_QUANT_L2_POINTS_HPP
#define SQWA_QUANT_L2_POINTS_HPP

#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI::detail {

/// The points that weights of one sign can take, with the sign taken off: `start` just above 0, and `point(j)` between
/// `middle(j)` and `middle(j + 1)`. Points of the other sign come out negative.
///
/// Memory: 16 bytes a point.
template <point_format F>
class point_side {
 public:
  point_side(point_chooser<F> const& all, bool negative) noexcept {
    std::size_t at = 0;  // the point just beside zero
    while (at + 1 != F::levels && (negative ? all.middle(at) < 0 : all.middle(at) <= 0)) ++at;
    start_ = negative ? -all.point(at) : all.point(at);
    while (negative ? at != 0 : at + 1 != F::levels) {
      middle_[size_] = negative ? -all.middle(at - 1) : all.middle(at);
      at = negative ? at - 1 : at + 1;
      point_[size_++] = negative ? -all.point(at) : all.point(at);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] double start() const noexcept { return start_; }
  [[nodiscard]] double middle(std::size_t j) const noexcept { return middle_[j]; }
  [[nodiscard]] double point(std::size_t j) const noexcept { return point_[j]; }

 private:
  std::array<double, std::size_t{F::levels}> middle_, point_;
  std::size_t size_ = 0;
  double start_ = 0;
};

/// The same for the points 0, 1 … size.
class even_side {
 public:
  explicit even_side(int size) noexcept : size_(static_cast<std::size_t>(size)) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] static double start() noexcept { return 0; }
  [[nodiscard]] static double middle(std::size_t j) noexcept { return static_cast<double>(j) + 0.5; }
  [[nodiscard]] static double point(std::size_t j) noexcept { return static_cast<double>(j + 1); }

 private:
  std::size_t size_;
};

/// Whether the points lie evenly around zero.
template <point_format F>
[[nodiscard]] bool mirrored(point_chooser<F> const& all) noexcept {
  for (std::size_t i = 0; i != F::levels; ++i) {
    if (all.point(i) != -all.point(F::levels - 1 - i)) return false;
  }
  return true;
}

/// Finds the scale with the least squared error for points of any spacing.
///
/// For fixed points p the best scale is A / B with A = <w, p> and B = <p, p>, if A > 0, and the error is ||w||^2 - A^2
/// / B. The nearest point of a weight w changes only where the scale is w / middle, for the middles between neighbours
/// on the side of w; so the scale sweeps these breakpoints from the largest to the smallest. At each a point moves away
/// from zero, so A and B only grow; the points with the largest A^2 / B win. Of equals the smallest scale is taken,
/// which uses the outermost points: formats with exponents have equals at all powers of two. (Affine formats: the first
/// zero point, its largest scale.) The sweep ends where the weights beyond the outermost point of their sign alone cost
/// more than the best so far. Where A / B is above the largest scale allowed, that scale is taken with the same points.
/// Sums are double, in an order that the values alone determine.
///
/// Memory: one copy of the block, and one list head for each middle in use.
/// Time of a sweep: O(n log n + b log L) for b breakpoints, at most n * L with L points on a side. Formats with a wide
/// range of exponents come close to that: nearly every weight passes nearly every point.
template <real T>
class scale_sweep {
 public:
  /// `fold`: the points lie evenly around zero, so that signs need not be told apart.
  scale_sweep(std::span<T const> block, bool fold) {
    for (auto& w : sides_) w.reserve(fold ? 0 : block.size() / 2);
    if (fold) sides_[0].reserve(block.size());
    for (T v : block) {
      if (v != 0) sides_[!fold && v < 0 ? 1 : 0].push_back(std::abs(v));
    }
    for (auto& w : sides_) {
      std::ranges::sort(w, [](T a, T b) { return a > b; });
      for (T m : w) total_ += static_cast<double>(m) * static_cast<double>(m);
    }
    zeros_ = block.size() - sides_[0].size() - sides_[1].size();
  }

  [[nodiscard]] bool empty() const noexcept { return sides_[0].empty() && sides_[1].empty(); }
  /// The best scale of all runs, 0 if none is better than no weights at all.
  [[nodiscard]] double scale() const noexcept { return scale_; }

  /// Whether points on the two sides of zero, a zero weight being at point `zero`, give a better scale than before,
  /// among those whose product with `outermost` is finite. What falls short by `slack` is as good.
  template <class Side>
  bool run(std::array<Side, 2> const& points, double zero, double outermost, double slack) {
    most_ = std::numeric_limits<float>::max() / std::max(outermost, 1.0);
    double a = 0, b = static_cast<double>(zeros_) * (zero * zero);
    std::vector<head> lists;  // a heap; a list holds where the weights of one sign pass one middle
    for (std::size_t s = 0; s != 2; ++s) {
      for (T m : sides_[s]) a += points[s].start() * static_cast<double>(m);
      b += static_cast<double>(sides_[s].size()) * (points[s].start() * points[s].start());
      if (!sides_[s].empty() && points[s].size() != 0) push(lists, head_of(points[s], s, 0, 0));
    }
    std::array<clipped, 2> beyond;
    bool better = accept(a, b, slack);
    while (!lists.empty()) {
      std::ranges::pop_heap(lists, later);
      head const now = lists.back();
      lists.pop_back();
      auto const& side = points[now.side];
      auto const& w = sides_[now.side];
      double const before = now.step == 0 ? side.start() : side.point(now.step - 1), after = side.point(now.step);
      a += static_cast<double>(w[now.next]) * (after - before);
      b += after * after - before * before;
      better = accept(a, b, slack) || better;
      if (now.next == 0 && now.step + 1 != side.size()) push(lists, head_of(side, now.side, 0, now.step + 1));
      if (now.next + 1 != w.size()) push(lists, head_of(side, now.side, now.next + 1, now.step));

      double lost = 0;
      for (std::size_t s = 0; s != 2; ++s) {
        double const last = points[s].size() == 0 ? points[s].start() : points[s].point(points[s].size() - 1);
        if (last >= 0) lost += beyond[s].lost(sides_[s], last * now.at);
      }
      if (lost > total_ * (1 + 1e-6) - best_ * best_) break;  // more than rounding could explain
    }
    return better;
  }

 private:
  struct head {
    double at;         // the scale at which weight `next` passes middle `step`
    std::size_t next;  // in the order of falling magnitudes
    std::size_t step;
    std::size_t side;
  };

  /// Sums over the weights beyond an outermost point that comes nearer.
  struct clipped {
    std::size_t count = 0;
    double first_power = 0, second_power = 0;

    double lost(std::vector<T> const& w, double outermost) noexcept {
      for (; count != w.size() && static_cast<double>(w[count]) >= outermost; ++count) {
        auto const m = static_cast<double>(w[count]);
        first_power += m;
        second_power += m * m;
      }
      return second_power - 2 * outermost * first_power + outermost * outermost * static_cast<double>(count);
    }
  };

  bool accept(double a, double b, double slack) noexcept {
    if (!(a > 0)) return false;
    double quality = a / std::sqrt(b), scale = a / b;
    if (scale > most_) {
      scale = most_;
      quality = std::sqrt(std::max(scale * (2 * a - scale * b), 0.0));
    }
    if (!(quality > best_ * (1 - slack))) return false;
    best_ = std::max(best_, quality);
    scale_ = scale;
    return true;
  }

  template <class Side>
  head head_of(Side const& points, std::size_t side, std::size_t next, std::size_t step) const noexcept {
    return {static_cast<double>(sides_[side][next]) / points.middle(step), next, step, side};
  }

  static bool later(head const& x, head const& y) noexcept {
    return x.at != y.at ? x.at < y.at : x.side != y.side ? x.side > y.side : x.step > y.step;
  }

  static void push(std::vector<head>& lists, head h) {
    lists.push_back(h);
    std::ranges::push_heap(lists, later);
  }

  std::array<std::vector<T>, 2> sides_;  // magnitudes of the weights above and below 0, falling
  std::size_t zeros_ = 0;
  double total_ = 0;
  double best_ = 0, scale_ = 0;
  double most_ = 0;
};

template <real T, point_format F>
float l2_of_points(std::span<T const> block, F const& format) {
  point_chooser<F> const points(format);
  scale_sweep<T> sweep(block, mirrored(points));
  if (sweep.empty()) return 0;
  auto const outermost = static_cast<double>(outermost_point(format));
  sweep.run(std::array{point_side<F>(points, false), point_side<F>(points, true)}, points.point(points.nearest_zero()),
            outermost, 1e-12);
  return finite_scale(sweep.scale(), outermost);
}

template <real T, affine_format F>
affine_scale l2_of_affine(std::span<T const> block, F const&) {
  scale_sweep<T> sweep(block, false);
  affine_scale best{0, F::lowest_code};
  if (sweep.empty()) return best;
  for (int zero = F::lowest_code; zero <= F::highest_code; ++zero) {
    int const below = zero - F::lowest_code, above = F::highest_code - zero;
    if (sweep.run(std::array{even_side(above), even_side(below)}, 0, std::max(above, below), 0)) {
      best = {finite_scale(sweep.scale(), std::max(above, below)), zero};
    }
  }
  return best.scale == 0 ? affine_scale{0, F::lowest_code} : best;
}

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
