// SPDX-License-Identifier: BSD-3-Clause
// Planes in the space of all trained tensors: through three models, or along two random directions.
#ifndef SQWA_SURFACE_PLANE_HPP
#define SQWA_SURFACE_PLANE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/core/normal.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Where a model lies in relation to a plane.
struct plane_place {
  double x = 0, y = 0;  ///< of its orthogonal projection
  double distance = 0;  ///< to the plane

  bool operator==(plane_place const&) const = default;
};

namespace detail {

/// The sum of products, in double, from the first to the last.
inline double dot(std::span<double const> a, std::span<double const> b) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i != a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
inline double norm(std::span<double const> a) noexcept { return std::sqrt(dot(a, a)); }

inline std::vector<double> difference(std::span<double const> a, std::span<double const> b) {
  std::vector<double> d(a.size());
  for (std::size_t i = 0; i != d.size(); ++i) d[i] = a[i] - b[i];
  return d;
}

/// to += factor * direction
inline void add(std::span<double> to, double factor, std::span<double const> direction) noexcept {
  for (std::size_t i = 0; i != to.size(); ++i) to[i] += factor * direction[i];
}

}  // namespace detail

/// The plane through three models a, b and c.
///
/// Affine coordinates: the point (alpha, beta) is (1 - alpha - beta) a + alpha b + beta c. Orthonormal ones, by
/// Gram-Schmidt from a along b - a and c - a, in units of Euclidean distance over all trained tensors: a lies at
/// (0, 0), b at (b_x, 0) with b_x > 0, c at (c_x, c_y) with c_y > 0; in them a rectangle is a rectangle. Both
/// coordinates of a, b and c, and the points there, are exact to the last bit.
///
/// Statistics move by the same affine rule, but never out of the range of the three models: a variance extrapolated
/// below zero would be none. Memory: five models in double.
class plane {
 public:
  /// @pre the models have as many numbers each, all finite; they differ, and do not lie on one line, by more than the
  /// rounding of floats: 2^-23 of the largest of their norms
  plane(model_point a, model_point b, model_point c) : a_(std::move(a)), b_(std::move(b)), c_(std::move(c)) {
    constexpr char const* who = "plane";
    double largest = 0;
    for (model_point const* p : {&a_, &b_, &c_}) {
      detail::check_point(who, *p, a_.trained.size(), a_.statistics.size());
      for (auto const* numbers : {&p->trained, &p->statistics}) {
        expects(std::ranges::all_of(*numbers, [](double v) { return std::isfinite(v); }),
                "{}: a model with a number that is infinite or NaN", who);
      }
      largest = std::max(largest, detail::norm(p->trained));
    }
    double const least = static_cast<double>(std::numeric_limits<float>::epsilon()) * largest;
    e1_ = detail::difference(b_.trained, a_.trained);
    e2_ = detail::difference(c_.trained, a_.trained);
    bx_ = detail::norm(e1_);
    expects(bx_ > least, "{}: the first two models are equal: their distance is {}", who, bx_);
    double const ac = detail::norm(e2_);
    expects(ac > least, "{}: the first and the third model are equal: their distance is {}", who, ac);
    for (double& v : e1_) v /= bx_;
    for (int pass = 0; pass != 2; ++pass) {  // the second removes what rounding left of the first
      double const along = detail::dot(e2_, e1_);
      detail::add(e2_, -along, e1_);
      cx_ += along;
    }
    cy_ = detail::norm(e2_);
    expects(cy_ > least, "{}: the three models lie on one line: the third is {} away from that through the others", who,
            cy_);
    for (double& v : e2_) v /= cy_;
  }

  [[nodiscard]] model_point const& a() const noexcept { return a_; }
  [[nodiscard]] model_point const& b() const noexcept { return b_; }
  [[nodiscard]] model_point const& c() const noexcept { return c_; }

  /// (alpha, beta) of the orthonormal coordinates (x, y).
  [[nodiscard]] std::pair<double, double> affine(double x, double y) const noexcept {
    double const beta = y / cy_;
    return {(x - beta * cx_) / bx_, beta};
  }
  /// (x, y) of the affine coordinates (alpha, beta).
  [[nodiscard]] std::pair<double, double> orthonormal(double alpha, double beta) const noexcept {
    return {alpha * bx_ + beta * cx_, beta * cy_};
  }

  /// The point (x, y) of the plane, written over `out`, whose memory is used again.
  void at(double x, double y, model_point& out) const {
    auto const [alpha, beta] = affine(x, y);
    if (beta == 0 && (alpha == 0 || alpha == 1)) {
      out = alpha == 0 ? a_ : b_;
    } else if (alpha == 0 && beta == 1) {
      out = c_;
    } else {
      mix(alpha, beta, out);
    }
  }
  [[nodiscard]] model_point at(double x, double y) const {
    model_point p;
    at(x, y, p);
    return p;
  }

  /// The orthogonal projection of a model, and its distance to the plane, which is the norm of what is left. a, b and c
  /// have the distance 0 and exact coordinates.
  /// @pre as many numbers as the models of the plane
  [[nodiscard]] plane_place place_of(model_point const& p) const {
    detail::check_point("plane::place_of", p, a_.trained.size(), a_.statistics.size());
    if (p.trained == a_.trained) return {};
    if (p.trained == b_.trained) return {bx_, 0, 0};
    if (p.trained == c_.trained) return {cx_, cy_, 0};
    auto rest = detail::difference(p.trained, a_.trained);
    plane_place where{detail::dot(rest, e1_), detail::dot(rest, e2_), 0};
    detail::add(rest, -where.x, e1_);
    detail::add(rest, -where.y, e2_);
    where.distance = detail::norm(rest);
    return where;
  }

 private:
  void mix(double alpha, double beta, model_point& out) const {
    double const rest = 1 - alpha - beta;
    auto const one = [&](double a, double b, double c) { return rest * a + alpha * b + beta * c; };
    out.trained.resize(a_.trained.size());
    for (std::size_t i = 0; i != out.trained.size(); ++i) {
      out.trained[i] = one(a_.trained[i], b_.trained[i], c_.trained[i]);
    }
    out.statistics.resize(a_.statistics.size());
    for (std::size_t i = 0; i != out.statistics.size(); ++i) {
      auto const [least, most] = std::minmax({a_.statistics[i], b_.statistics[i], c_.statistics[i]});
      out.statistics[i] = std::clamp(one(a_.statistics[i], b_.statistics[i], c_.statistics[i]), least, most);
    }
  }

  model_point a_, b_, c_;
  std::vector<double> e1_, e2_;  // orthonormal
  double bx_ = 0, cx_ = 0, cy_ = 0;
};

/// A random direction at the learner's model `p`, normalized filter by filter: over the trained numbers of a point.
///
/// Normal numbers, and each filter then scaled to the norm that the filter has in the model. A filter is what one index
/// of the first axis holds: the weights of one output channel or neuron. In tensors of one axis (biases,
/// normalizations) the direction is 0. H. Li et al., "Visualizing the loss landscape of neural nets", NeurIPS 2018,
/// section 4, and the option `biasbn` of its program. A filter of zeros stays where it is. Directions of different
/// `number` are independent.
/// @pre the point is one of this learner
template <learner L>
[[nodiscard]] std::vector<double> filter_normalized_direction(L& l, model_point const& p, std::uint64_t seed,
                                                              std::uint64_t number = 0) {
  std::vector<double> d;
  d.reserve(p.trained.size());
  detail::for_each_trained(l, [&](auto const& t, std::string const&, std::size_t place) {
    shape const extents = shape_of(t);
    std::size_t const begin = d.size(), size = extents.size();
    expects(p.trained.size() >= begin + size,
            "filter_normalized_direction: the point has {} trained numbers, the "
            "learner more",
            p.trained.size());
    d.resize(begin + size);
    if (extents.rank() < 2 || size == 0) return;
    noise const u{seed, static_cast<std::uint32_t>(place), number};
    std::size_t const filter = size / extents[0];
    for (std::size_t first = 0; first != size; first += filter) {
      std::span<double> const part = std::span(d).subspan(begin + first, filter);
      for (std::size_t k = 0; k != filter; ++k) part[k] = normal(u, first + k);
      double const drawn = detail::norm(part);
      double const wanted = detail::norm(std::span(p.trained).subspan(begin + first, filter));
      for (double& v : part) v = drawn > 0 ? v * (wanted / drawn) : 0;
    }
  });
  expects(d.size() == p.trained.size(), "filter_normalized_direction: the point has {} trained numbers, the learner {}",
          p.trained.size(), d.size());
  return d;
}

/// The plane at `p` along two independent filter-normalized directions; b and c lie one direction away, so that (1, 0)
/// and (0, 1) of the affine coordinates are as far from `p` as its own filters are long. Statistics are those of `p`.
/// @pre as above; the learner has a tensor of two or more axes that is not all 0
template <learner L>
[[nodiscard]] plane random_plane(L& l, model_point const& p, std::uint64_t seed) {
  model_point b = p, c = p;
  detail::add(b.trained, 1, filter_normalized_direction(l, p, seed, 0));
  detail::add(c.trained, 1, filter_normalized_direction(l, p, seed, 1));
  return {p, std::move(b), std::move(c)};
}

/// The rectangle of a surface: two axes.
struct surface_grid {
  surface_axis x{.name = "x"}, y{.name = "y"};
  bool operator==(surface_grid const&) const = default;
};

struct grid_options {
  double margin = 0.3;  ///< on each side, as a share of the longer side of the rectangle around the places
  std::size_t columns = 51, rows = 51;
};

/// The rectangle around some places, with a margin.
/// @pre the places are not all one; margin > 0; at least two columns and rows
[[nodiscard]] inline surface_grid grid_around(std::span<plane_place const> places, grid_options how = {}) {
  expects(!places.empty(), "grid_around: no places");
  expects(how.margin > 0 && how.columns > 1 && how.rows > 1, "grid_around: a margin of {}, {} columns, {} rows",
          how.margin, how.columns, how.rows);
  auto const [left, right] = std::ranges::minmax(places, {}, &plane_place::x);
  auto const [low, high] = std::ranges::minmax(places, {}, &plane_place::y);
  double const side = std::max(right.x - left.x, high.y - low.y);
  expects(side > 0, "grid_around: all {} places are one", places.size());
  double const m = how.margin * side;
  return {{"x", left.x - m, right.x + m, how.columns}, {"y", low.y - m, high.y + m, how.rows}};
}

}  // namespace sqwa::inline SQWA_ABI

#endif
