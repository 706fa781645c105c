// SPDX-License-Identifier: BSD-3-Clause
// Places for labels that cover neither each other nor what they must leave free.
#ifndef SQWA_SURFACE_LABEL_BOARD_HPP
#define SQWA_SURFACE_LABEL_BOARD_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/surface/contours.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// A rectangle of a picture, y downwards, in pixels.
struct label_box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

/// The width of a text in a sans-serif font, rather too large than too small: 0.6 of its size a character (UTF-8).
inline double text_width(std::string_view text, double size) {
  auto const characters =
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned>(c) & 0xC0U) != 0x80U; });
  return 0.6 * size * static_cast<double>(characters);
}

/// The boxes of a picture that are taken.
class label_board {
 public:
  explicit label_board(label_box const& inside) : inside_(inside) {}

  void take(label_box const& b) { taken_.push_back(b); }

  [[nodiscard]] bool is_free(label_box const& b) const {
    return b.left >= inside_.left && b.right <= inside_.right && b.top >= inside_.top && b.bottom <= inside_.bottom &&
           std::ranges::none_of(taken_, [&](label_box const& t) {
             return b.left < t.right && t.left < b.right && b.top < t.bottom && t.top < b.bottom;
           });
  }

  /// How far the middle of a box is from the middle of the nearest one that is taken.
  [[nodiscard]] double distance(label_box const& b) const {
    double least = 1e9;
    for (label_box const& t : taken_) {
      least = std::min(least, std::hypot(b.left + b.right - t.left - t.right, b.top + b.bottom - t.top - t.bottom) / 2);
    }
    return least;
  }

  /// Takes a free box of this size near a place: the nearest of a few rings, to the right first. None if all are taken.
  std::optional<label_box> place_near(double x, double y, double width, double height) {
    for (double const away : {8.0, 18.0, 32.0, 50.0, 72.0, 100.0, 140.0}) {
      for (int const sixteenth : {0, 14, 2, 8, 6, 10, 12, 4, 15, 1, 13, 3, 7, 9, 11, 5}) {
        double const angle = sixteenth * std::numbers::pi / 8, c = std::cos(angle), s = std::sin(angle);
        double const middle = x + away * c + width / 2 * std::clamp(2 * c, -1.0, 1.0);
        double const level = y + away * s + height / 2 * std::clamp(2 * s, -1.0, 1.0);
        label_box const b{middle - width / 2, level - height / 2, middle + width / 2, level + height / 2};
        if (!is_free(b)) continue;
        take(b);
        return b;
      }
    }
    return {};
  }

 private:
  label_box inside_;
  std::vector<label_box> taken_;
};

/// The direction of a line around a point, upright for reading, if it is straight there for a label's width.
inline std::optional<double> straight_at(contour_line const& line, std::size_t i, double width) {
  std::size_t const n = line.points.size();
  auto const walk = [&](bool forward) -> std::optional<plane_point> {
    double gone = 0;
    for (std::size_t at = i, k = 0; k != n; ++k) {
      if (!line.closed && at == (forward ? n - 1 : 0)) return {};
      std::size_t const next = forward ? (at + 1) % n : (at + n - 1) % n;
      gone += std::hypot(line.points[next].x - line.points[at].x, line.points[next].y - line.points[at].y);
      at = next;
      if (gone >= width / 2) return line.points[at];
    }
    return {};
  };
  auto const a = walk(false), b = walk(true);
  if (!a || !b) return {};
  auto const [x, y] = line.points[i];
  double const chord = std::hypot(b->x - a->x, b->y - a->y);
  if (chord < 0.96 * (std::hypot(x - a->x, y - a->y) + std::hypot(b->x - x, b->y - y))) return {};
  double const angle = std::atan2(b->y - a->y, b->x - a->x);
  return std::abs(angle) <= std::numbers::pi / 2 ? angle : angle - std::copysign(std::numbers::pi, angle);
}

/// Multiples of 1, 2 or 5 times a power of ten between two numbers, at most `most` and at least about a third of that.
inline std::vector<double> nice_ticks(double first, double last, int most) {
  double const least = (last - first) / most;
  if (!(least > 0) || !std::isfinite(least)) return {first};
  double step = std::pow(10, std::floor(std::log10(least)));
  for (double const factor : {2.0, 2.5, 2.0}) {
    if (step < least) step *= factor;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(first / step); i * step <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
