// SPDX-License-Identifier: BSD-3-Clause
// Contour lines, filled contours and good levels of a function on a rectangular grid.
#ifndef SQWA_SURFACE_CONTOURS_HPP
#define SQWA_SURFACE_CONTOURS_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A place in a plane, in the units of its axes.
struct plane_point {
  double x = 0, y = 0;
  bool operator==(plane_point const&) const = default;
};

/// A polygonal line; a closed one returns from its last point to its first, which is not repeated.
struct contour_line {
  std::vector<plane_point> points;
  bool closed = false;
};

namespace detail {

/// A directed piece of a contour. A place has a number: 3 n is node n, 3 n + 1 and 3 n + 2 lie on the edge from node n
/// to its right and to its upper neighbour.
using contour_pieces = std::multimap<std::size_t, std::size_t>;

/// A function on a grid, its values as columns of a row of cells see them.
class contour_grid {
 public:
  contour_grid(char const* who, surface_axis const& x, surface_axis const& y, std::span<double const> v)
      : x_(x), y_(y), v_(v) {
    check_axis(who, x);
    check_axis(who, y);
    expects(v.size() == x.count * y.count, "{}: {} values for {} nodes", who, v.size(), x.count * y.count);
  }

  /// The parts of all cells that are at least as high as the level; the high side is on the left of each piece. With
  /// `border`, pieces along the border of what is known close them.
  [[nodiscard]] contour_pieces pieces(double level, bool border) const {
    contour_pieces all;
    for (std::size_t j = 0; j + 1 < y_.count; ++j) {
      for (std::size_t i = 0; i + 1 < x_.count; ++i) {
        if (known(i, j)) add_cell(all, i, j, level, border);
      }
    }
    return all;
  }

  /// The pieces as lines. Takes them apart.
  [[nodiscard]] std::vector<contour_line> join(contour_pieces pieces, double level) const {
    std::map<std::size_t, std::size_t> ends;  // how many pieces end at a place
    for (auto const& [from, to] : pieces) ++ends[to];
    std::vector<contour_line> lines;
    auto const follow = [&](contour_pieces::iterator piece) {
      std::size_t const first = piece->first;
      contour_line line;
      line.points.push_back(place(first, level));
      for (;;) {
        std::size_t const to = piece->second;
        pieces.erase(piece);
        line.closed = to == first;
        if (plane_point const p = place(to, level); !line.closed && p != line.points.back()) line.points.push_back(p);
        if (line.closed || (piece = pieces.find(to)) == pieces.end()) break;
      }
      while (line.closed && line.points.size() > 1 && line.points.back() == line.points.front()) line.points.pop_back();
      if (line.points.size() > (line.closed ? 2U : 1U)) lines.push_back(std::move(line));
    };
    for (auto piece = pieces.begin(); piece != pieces.end();) {  // open lines from their beginnings
      auto const begin = piece++;
      if (ends.contains(begin->first)) continue;
      std::size_t const from = begin->first;
      follow(begin);
      piece = pieces.upper_bound(from);
    }
    while (!pieces.empty()) follow(pieces.begin());
    return lines;
  }

 private:
  [[nodiscard]] double value(std::size_t i, std::size_t j) const { return v_[j * x_.count + i]; }

  /// Whether there is a cell with this lower left node, all of whose corners are finite.
  [[nodiscard]] bool known(std::size_t i, std::size_t j) const {
    return i + 1 < x_.count && j + 1 < y_.count && std::isfinite(value(i, j)) && std::isfinite(value(i + 1, j)) &&
           std::isfinite(value(i, j + 1)) && std::isfinite(value(i + 1, j + 1));
  }

  void add_cell(contour_pieces& all, std::size_t i, std::size_t j, double level, bool border) const {
    std::size_t const n = j * x_.count + i;
    // Corners and sides counterclockwise from the lower left; side k leads from corner k to corner k + 1.
    std::array<std::size_t, 4> const node{n, n + 1, n + x_.count + 1, n + x_.count};
    std::array<std::size_t, 4> const side{3 * n + 1, 3 * (n + 1) + 2, 3 * (n + x_.count) + 1, 3 * n + 2};
    std::array<bool, 4> high{};
    double centre = 0;
    for (std::size_t k = 0; k != 4; ++k) {
      high[k] = v_[node[k]] >= level;
      centre += v_[node[k]] / 4;
    }
    bool const saddle = high[0] == high[2] && high[1] == high[3] && high[0] != high[1];
    for (std::size_t k = 0; k != 4; ++k) {  // a piece leaves where a high corner is followed by a low one
      if (!high[k] || high[(k + 1) % 4]) continue;
      std::size_t to = (k + 1) % 4;  // the next side that leads up again; of a saddle with a low centre the one before
      while (!(!high[to] && high[(to + 1) % 4])) to = (to + 1) % 4;
      if (saddle && centre < level) to = (k + 3) % 4;
      all.emplace(side[k], side[to]);
    }
    if (!border) return;
    std::array<bool, 4> const outer{j == 0 || !known(i, j - 1), !known(i + 1, j), !known(i, j + 1),
                                    i == 0 || !known(i - 1, j)};
    for (std::size_t k = 0; k != 4; ++k) {
      bool const a = high[k], b = high[(k + 1) % 4];
      if (!outer[k] || (!a && !b)) continue;
      all.emplace(a ? 3 * node[k] : side[k], b ? 3 * node[(k + 1) % 4] : side[k]);
    }
  }

  [[nodiscard]] plane_point place(std::size_t number, double level) const {
    std::size_t const n = number / 3, i = n % x_.count, j = n / x_.count;
    plane_point const p{x_.at(i), y_.at(j)};
    if (number % 3 == 0) return p;
    bool const right = number % 3 == 1;
    double const a = v_[n] / 2, b = v_[right ? n + 1 : n + x_.count] / 2;  // halves: differences stay finite
    double const t = std::clamp((level / 2 - a) / (b - a), 0.0, 1.0);
    return right ? plane_point{p.x + t * (x_.at(i + 1) - p.x), p.y} : plane_point{p.x, p.y + t * (y_.at(j + 1) - p.y)};
  }

  surface_axis const& x_;
  surface_axis const& y_;
  std::span<double const> v_;
};

/// The number with the fewest digits strictly between two others, nearest to `wish`.
inline double roundest_between(double low, double wish, double high) {
  for (int digits = 1; digits < 17; ++digits) {
    std::string const text = short_text(wish, digits);
    double rounded = wish;
    std::from_chars(text.data(), text.data() + text.size(), rounded);
    if (rounded > low && rounded < high) return rounded;
  }
  return wish;
}

}  // namespace detail

/// The lines at which a function, linear along the edges of the grid, passes a level; values x fastest.
///
/// Marching squares. A node whose value equals the level counts as high, so that plateaus give no lines inside them. In
/// a cell with two high corners across, the mean of the four decides which are joined. Higher values are on the left.
/// Cells with a corner that is not finite are left out: lines end there and at the border. Points that coincide are
/// dropped. Time: nodes times log pieces.
/// @pre the axes ascend, one value for each node, the level is not NaN
[[nodiscard]] inline std::vector<contour_line> contour_lines(surface_axis const& x, surface_axis const& y,
                                                             std::span<double const> values, double level) {
  expects(!std::isnan(level), "contour_lines: the level is NaN");
  detail::contour_grid const grid("contour_lines", x, y, values);
  return grid.join(grid.pieces(level, false), level);
}

/// Where the function is at least as high as the level: closed rings, counterclockwise around it, clockwise around its
/// holes. Minus infinity gives everything that is known. Rules and preconditions as for `contour_lines`.
[[nodiscard]] inline std::vector<contour_line> contour_region(surface_axis const& x, surface_axis const& y,
                                                              std::span<double const> values, double level) {
  expects(!std::isnan(level), "contour_region: the level is NaN");
  detail::contour_grid const grid("contour_region", x, y, values);
  return grid.join(grid.pieces(level, true), level);
}

/// The area inside rings, holes taken off; in square units of the axes.
[[nodiscard]] inline double area_of(std::span<contour_line const> rings) {
  double twice = 0;
  for (contour_line const& ring : rings) {
    plane_point const o = ring.points.front();
    for (std::size_t i = 1; i + 1 < ring.points.size(); ++i) {
      plane_point const p = ring.points[i], q = ring.points[i + 1];
      twice += (p.x - o.x) * (q.y - o.y) - (q.x - o.x) * (p.y - o.y);
    }
  }
  return twice / 2;
}

/// At most `count` ascending levels that cut the finite values into parts of about equal size, each with as few digits
/// as its neighbours allow.
///
/// Equal parts give lines that are spread over the picture, whatever orders of magnitude the values span. Every level
/// is above the lowest value and not above the highest; values that are all equal have none.
[[nodiscard]] inline std::vector<double> contour_levels(std::span<double const> values, std::size_t count) {
  std::vector<double> sorted;
  std::ranges::copy_if(values, std::back_inserter(sorted), [](double v) { return std::isfinite(v); });
  std::ranges::sort(sorted);
  if (sorted.empty() || sorted.front() == sorted.back()) return {};
  std::vector<double> cuts;  // the lowest value, the quantiles, the highest value
  for (std::size_t i = 0; i != count + 2; ++i) cuts.push_back(sorted[i * (sorted.size() - 1) / (count + 1)]);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  std::vector<double> levels;
  for (std::size_t i = 1; i + 1 < cuts.size(); ++i) {
    levels.push_back(
        detail::roundest_between(std::midpoint(cuts[i - 1], cuts[i]), cuts[i], std::midpoint(cuts[i], cuts[i + 1])));
  }
  if (levels.empty() && count != 0) levels.push_back(sorted.back());  // two values: where the higher one begins
  return levels;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
