// SPDX-License-Identifier: BSD-3-Clause
// A surface as a picture: filled and labelled contours, marked models, axes in units of distance, a colour bar.
#ifndef SQWA_SURFACE_SVG_HPP
#define SQWA_SURFACE_SVG_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/surface/colours.hpp>
#include <sqwa/surface/contours.hpp>
#include <sqwa/surface/label_board.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// What a picture of a surface shows.
struct surface_picture {
  std::size_t surface = 0;  ///< its place in `loss_surface::surfaces`
  bool accuracy = false;    ///< rather than the loss
  std::size_t levels = 10;  ///< at most; the same for all surfaces, so that their pictures compare
};

namespace detail {

/// Contour levels for all surfaces together.
inline std::vector<double> common_levels(loss_surface const& s, bool accuracy, std::size_t count) {
  std::vector<double> all;
  for (surface_values const& v : s.surfaces) {
    auto const& values = accuracy ? v.accuracy : v.loss;
    all.insert(all.end(), values.begin(), values.end());
  }
  return contour_levels(all, count);
}

/// Draws one picture. Coordinates are in pixels, y downwards, rounded to tenths.
class svg_drawing {
 public:
  svg_drawing(loss_surface const& s, surface_picture const& p)
      : s_(s), p_(p), levels_(common_levels(s, p.accuracy, p.levels)) {
    double const wide = s.x.last - s.x.first, high = s.y.last - s.y.first;
    scale_ = std::min(wide > 0 ? 620 / wide : 620, high > 0 ? 520 / high : 520);
    plot_ = {left, top, left + std::max(wide * scale_, 1.0), top + std::max(high * scale_, 1.0)};
    bar_bottom_ = std::max(plot_.bottom, top + 15.0 * static_cast<double>(levels_.size() + 1));
    width_ = std::max(plot_.right, left + 260.0) + 130;
    height_ = bar_bottom_ + 88;
  }

  [[nodiscard]] std::string text() {
    begin();
    fills();
    label_board board({plot_.left + 3, plot_.top + 3, plot_.right - 3, plot_.bottom - 3});
    std::string const marks = models(board);
    lines(board);
    svg_ += marks;
    axes();
    colour_bar();
    return svg_ + "</svg>\n";
  }

 private:
  static constexpr double left = 66, top = 64;

  static std::string number(double v) {
    char text[64];
    auto const end = std::to_chars(text, text + sizeof text, v, std::chars_format::fixed, 1).ptr;
    std::string all(text, end);
    if (all.ends_with(".0")) all.resize(all.size() - 2);
    return all == "-0" ? "0" : all;
  }
  static std::string attributes(std::initializer_list<std::pair<char const*, double>> all) {
    std::string text;
    for (auto const& [name, value] : all) text += " " + std::string(name) + "='" + number(value) + "'";
    return text;
  }
  void label(double x, double y, std::string_view classes, std::string_view words, std::string const& more = {}) {
    svg_ += "<text" + attributes({{"x", x}, {"y", y}}) + " class='" + std::string(classes) + "'" + more + ">" +
            xml_text(words) + "</text>\n";
  }

  [[nodiscard]] double px(double x) const { return plot_.left + (x - s_.x.first) * scale_; }
  [[nodiscard]] double py(double y) const { return plot_.bottom - (y - s_.y.first) * scale_; }
  [[nodiscard]] std::span<double const> values() const {
    return p_.accuracy ? s_.surfaces[p_.surface].accuracy : s_.surfaces[p_.surface].loss;
  }
  [[nodiscard]] std::string colour(std::size_t band) const {
    return viridis_text(levels_.empty() ? 0.5 : static_cast<double>(band) / static_cast<double>(levels_.size()));
  }

  void begin() {
    std::string const kind = p_.accuracy ? "accuracy in percent" : "loss";
    std::string const about = kind + " of the surface “" + s_.surfaces[p_.surface].name + "”";
    svg_ = "<svg xmlns='http://www.w3.org/2000/svg'" + attributes({{"width", width_}, {"height", height_}}) +
           " viewBox='0 0 " + number(width_) + " " + number(height_) +
           "' role='img' font-family='sans-serif' font-size='12'>\n<title>" + xml_text(s_.title + ": " + about) +
           "</title>\n<style>.ground{fill:#fff}.ink{fill:#1b1f24}.soft{fill:#4b5563}.line{stroke:#4b5563;fill:none}"
           ".over{fill:#111;stroke:#fff;stroke-width:3px;paint-order:stroke;stroke-linejoin:round}"
           ".end{text-anchor:end}.mid{text-anchor:middle}\n"
           "@media(prefers-color-scheme:dark){.ground{fill:#14171c}.ink{fill:#f3f4f6}.soft{fill:#b6bdc8}"
           ".line{stroke:#b6bdc8}}</style>\n<defs><pattern id='missing' width='6' height='6' "
           "patternUnits='userSpaceOnUse' patternTransform='rotate(45)'><rect width='6' height='6' fill='#d1d5db'/>"
           "<rect width='2' height='6' fill='#9ca3af'/></pattern></defs>\n"
           "<rect class='ground' width='100%' height='100%'/>\n";
    double const size = std::clamp((width_ - left - 16) / std::max(text_width(s_.title, 1), 1.0), 7.0, 16.0);
    label(left, 26, "ink", s_.title, " font-weight='bold' font-size='" + number(size) + "'");
    label(left, 47, "soft", about);
  }

  [[nodiscard]] std::string path(std::vector<contour_line> const& all) const {
    std::string d;
    for (contour_line const& line : all) {
      std::string before;
      for (plane_point const& p : line.points) {
        std::string const at = number(px(p.x)) + " " + number(py(p.y));
        if (at != before) d += (before.empty() ? "M" : "L") + at;
        before = at;
      }
      if (line.closed) d += "Z";
    }
    return d;
  }

  void fills() {  // each region over the one below it, so that no seams show between bands
    svg_ += "<rect fill='url(#missing)'" +
            attributes({{"x", plot_.left},
                        {"y", plot_.top},
                        {"width", plot_.right - plot_.left},
                        {"height", plot_.bottom - plot_.top}}) +
            "/>\n";
    for (std::size_t band = 0; band != levels_.size() + 1; ++band) {
      double const level = band == 0 ? -std::numeric_limits<double>::infinity() : levels_[band - 1];
      std::string const d = path(contour_region(s_.x, s_.y, values(), level));
      if (!d.empty()) svg_ += "<path fill='" + colour(band) + "' fill-rule='evenodd' d='" + d + "'/>\n";
    }
  }

  void lines(label_board& board) {
    for (std::size_t k = 0; k != levels_.size(); ++k) {
      auto const all = contour_lines(s_.x, s_.y, values(), levels_[k]);
      if (all.empty()) continue;
      svg_ += "<path fill='none' stroke='#fff' stroke-opacity='0.65' stroke-width='0.8' d='" + path(all) + "'/>\n";
      std::string const words = exact_text(levels_[k]);
      double const width = text_width(words, 10), height = 12;
      double best = 0, turn = 0;
      std::optional<label_box> place;
      for (contour_line line : all) {
        for (plane_point& p : line.points) p = {px(p.x), py(p.y)};
        for (std::size_t i = 0; i != line.points.size(); ++i) {
          auto const along = straight_at(line, i, width);
          if (!along) continue;
          double const c = std::abs(std::cos(*along)), s = std::abs(std::sin(*along));
          double const w = (width * c + height * s) / 2, h = (width * s + height * c) / 2;
          auto const [x, y] = line.points[i];
          label_box const b{x - w, y - h, x + w, y + h};
          if (double const away = board.distance(b); away > best && board.is_free(b)) {
            best = away;
            place = b;
            turn = *along;
          }
        }
      }
      if (!place) continue;
      board.take(*place);
      double const x = (place->left + place->right) / 2, y = (place->top + place->bottom) / 2;
      label(x, y + 3.5, "over mid", words,
            " font-size='10' transform='rotate(" + number(turn * 180 / std::numbers::pi) + " " + number(x) + " " +
                number(y) + ")'");
    }
  }

  /// Dots first, then labels that keep off them; a line leads to a label that had to go away.
  std::string models(label_board& board) {
    std::string const before = std::exchange(svg_, {});
    auto const inside = [&](marked_model const& m) {
      return m.x >= s_.x.first && m.x <= s_.x.last && m.y >= s_.y.first && m.y <= s_.y.last;
    };
    for (marked_model const& m : s_.models) {
      if (inside(m)) board.take({px(m.x) - 5, py(m.y) - 5, px(m.x) + 5, py(m.y) + 5});
    }
    std::string dots, outside;
    for (marked_model const& m : s_.models) {
      std::string const words = m.name + (m.distance > 0 ? " (" + short_text(m.distance, 2) + ")" : "");
      if (!inside(m)) {
        outside += (outside.empty() ? "outside: " : ", ") + m.name;
        continue;
      }
      double const x = px(m.x), y = py(m.y);
      dots += "<circle" + attributes({{"cx", x}, {"cy", y}, {"r", 4.5}}) + " fill='" +
              (m.distance > 0 ? "#fff" : "#e11d48") + "' stroke='" + (m.distance > 0 ? "#e11d48" : "#fff") +
              "' stroke-width='1.6'><title>" +
              xml_text(words + ": loss " + short_text(m.loss, 4) + ", accuracy " + short_text(m.accuracy, 4) + " %") +
              "</title></circle>\n";
      double const width = text_width(words, 12);
      auto const place = board.place_near(x, y, width, 15);
      if (!place) continue;  // its dot still says its name
      double const near_x = std::clamp(x, place->left, place->right), near_y = std::clamp(y, place->top, place->bottom);
      if (std::hypot(near_x - x, near_y - y) > 12) {
        svg_ += "<path stroke='#fff' stroke-width='1.2' d='M" + number(x) + " " + number(y) + "L" + number(near_x) +
                " " + number(near_y) + "'/>\n";
      }
      label((place->left + place->right) / 2, place->bottom - 3.5, "over mid", words);
    }
    svg_ += dots;
    if (std::ranges::any_of(s_.models, [](marked_model const& m) { return m.distance > 0; })) {
      label(left, height_ - 28, "soft",
            "Open circles are projections; in brackets: the model's distance from the plane.");
    }
    if (!outside.empty()) label(left, height_ - 11, "soft", outside);
    return std::exchange(svg_, before);
  }

  void axes() {
    double const right = plot_.right, bottom = plot_.bottom;
    svg_ += "<rect class='line'" +
            attributes({{"x", plot_.left}, {"y", plot_.top}, {"width", right - left}, {"height", bottom - top}}) +
            "/>\n";
    auto const most = [](double pixels, double each) { return std::max(1, static_cast<int>(pixels / each)); };
    for (double const t : nice_ticks(s_.x.first, s_.x.last, most(right - left, 70))) {
      svg_ += "<path class='line' d='M" + number(px(t)) + " " + number(bottom) + "v5'/>\n";
      label(px(t), bottom + 18, "soft mid", short_text(t, 6));
    }
    for (double const t : nice_ticks(s_.y.first, s_.y.last, most(bottom - top, 50))) {
      svg_ += "<path class='line' d='M" + number(left) + " " + number(py(t)) + "h-5'/>\n";
      label(left - 8, py(t) + 4, "soft end", short_text(t, 6));
    }
    label((left + right) / 2, bottom + 36, "ink mid", s_.x.name + " (distance in weight space)");
    std::string const turned = " transform='rotate(-90 16 " + number((top + bottom) / 2) + ")'";
    label(16, (top + bottom) / 2 + 4, "ink mid",
          bottom - top < 180 ? s_.y.name : s_.y.name + " (distance in weight space)", turned);
  }

  void colour_bar() {
    double const x = width_ - 112, each = (bar_bottom_ - top) / static_cast<double>(levels_.size() + 1);
    label(x, top - 8, "ink", p_.accuracy ? "accuracy, %" : "loss");
    for (std::size_t band = 0; band != levels_.size() + 1; ++band) {
      double const low = bar_bottom_ - static_cast<double>(band) * each;
      svg_ += "<rect fill='" + colour(band) + "'" +
              attributes({{"x", x}, {"y", low - each}, {"width", 18}, {"height", each}}) + "/>\n";
      if (band != 0) label(x + 24, low + 4, "soft", exact_text(levels_[band - 1]));
    }
    if (std::ranges::any_of(values(), [](double v) { return !std::isfinite(v); })) {
      svg_ += "<rect fill='url(#missing)'" +
              attributes({{"x", x}, {"y", bar_bottom_ + 12}, {"width", 18}, {"height", 12}}) + "/>\n";
      label(x + 24, bar_bottom_ + 22, "soft", "not finite");
    }
  }

  loss_surface const& s_;
  surface_picture p_;
  std::vector<double> levels_;
  label_box plot_;
  double scale_ = 1, bar_bottom_ = 0, width_ = 0, height_ = 0;
  std::string svg_;
};

}  // namespace detail

/// One surface as an SVG picture: filled contours in viridis, which colour-blind eyes can read, labelled levels, marked
/// models whose labels keep off each other, axes of equal scale in units of distance, and a colour bar.
///
/// Levels are those of all surfaces together. Where a value is not finite the picture is hatched. The ground is light
/// or dark as the viewer prefers. Models outside the rectangle are named below it.
/// @pre as for `surface_csv`; the surface exists
[[nodiscard]] inline std::string surface_svg(loss_surface const& s, surface_picture const& picture = {}) {
  detail::check_surface("surface_svg", s);
  expects(picture.surface < s.surfaces.size(), "surface_svg: surface {} of {}", picture.surface, s.surfaces.size());
  return detail::svg_drawing(s, picture).text();
}

}  // namespace sqwa::inline SQWA_ABI

#endif
