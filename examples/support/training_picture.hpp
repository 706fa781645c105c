// SPDX-License-Identifier: BSD-3-Clause
// Draws a run as an SVG picture: learning rate, loss and, where it was measured, accuracy; captures marked.
#ifndef SQWA_EXAMPLES_SUPPORT_TRAINING_PICTURE_HPP
#define SQWA_EXAMPLES_SUPPORT_TRAINING_PICTURE_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace example {

/// One training step as the picture sees it, or several in a row.
struct curve_point {
  std::string phase;
  double rate = 0;  ///< at the last of the steps
  double loss = 0;  ///< their mean
  bool captured = false;
  double steps = 1;                     ///< how many
  std::optional<double> accuracy = {};  ///< percent, measured after the last
};

namespace detail {

inline std::string escaped(std::string_view text) {
  std::string all;
  for (char c : text) all += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return all;
}

struct place {
  double x;
  double y;
};

/// A polyline that looks as one through all of these places, which ascend in x: of each half pixel the first, the last,
/// the lowest and the highest. Its length depends on the width alone.
///
/// U. Jugel et al., "M4: a visualization-oriented time series data aggregation", VLDB 2014.
inline std::string polyline(std::vector<place> const& places, char const* colour) {
  std::string svg = "<polyline fill='none' stroke='" + std::string(colour) + "' stroke-width='1.3' points='";
  for (std::size_t begin = 0; begin != places.size();) {
    std::array<std::size_t, 4> drawn{begin, begin, begin, begin};
    std::size_t end = begin;
    for (; end != places.size() && std::floor(2 * places[end].x) == std::floor(2 * places[begin].x); ++end) {
      if (places[end].y < places[drawn[1]].y) drawn[1] = end;
      if (places[end].y > places[drawn[2]].y) drawn[2] = end;
      drawn[3] = end;
    }
    std::ranges::sort(drawn);
    auto const last = std::ranges::unique(drawn).begin();
    for (auto i = drawn.begin(); i != last; ++i) {
      char text[64];
      std::snprintf(text, sizeof text, "%.1f,%.1f ", places[*i].x, places[*i].y);
      svg += text;
    }
    begin = end;
  }
  return svg + "'/>\n";
}

}  // namespace detail

/// The picture of a run: phases side by side, rates on a square-root axis, losses (running means over a two-hundredth
/// of the run, of at least 20 steps) on a logarithmic one, accuracies from the lowest to the highest.
///
/// No points: an empty picture. No accuracies: no place for them. Its size does not grow with the number of points.
inline std::string training_picture(std::vector<curve_point> const& points, std::string_view title) {
  constexpr double width = 860, left = 60, right = 20, top = 64, panel = 130, gap = 34;
  constexpr char const *blue = "#2a6fdb", *red = "#c2410c", *violet = "#7c3aed";
  bool const measured = std::ranges::any_of(points, [](auto const& p) { return p.accuracy.has_value(); });
  double const bottom = top + (measured ? 3 : 2) * panel + (measured ? 2 : 1) * gap;
  std::string svg;
  auto const put = [&svg](char const* pattern, auto... values) {
    char line[512];
    std::snprintf(line, sizeof line, pattern, values...);
    svg += line;
  };
  put("<svg xmlns='http://www.w3.org/2000/svg' width='%g' height='%g' viewBox='0 0 %g %g' "
      "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
      width, bottom + 40, width, bottom + 40);
  svg += "<text x='60' y='20' font-size='14' font-weight='bold'>" + detail::escaped(title) + "</text>\n";
  if (points.empty()) return svg + "</svg>\n";

  double total = 0, highest = 0, lowest_accuracy = 100, highest_accuracy = 0;
  for (curve_point const& p : points) {
    total += p.steps;
    highest = std::max(highest, p.rate);
    if (p.accuracy) lowest_accuracy = std::min(lowest_accuracy, *p.accuracy);
    if (p.accuracy) highest_accuracy = std::max(highest_accuracy, *p.accuracy);
  }
  double const memory = std::max(total / 200, 20.0);
  double least = 1e9, most = 1e-9, mean = points.front().loss, done = 0;
  std::vector<double> smooth, x;  // of each point: its running mean of losses, and where its last step stands
  for (curve_point const& p : points) {
    mean += (1 - std::exp(-p.steps / memory)) * (p.loss - mean);
    done += p.steps;
    smooth.push_back(std::max(mean, 1e-6));
    x.push_back(left + (width - left - right) * done / total);
    least = std::min(least, smooth.back());
    most = std::max(most, smooth.back());
  }
  if (highest <= 0) highest = 1;
  if (most <= least) most = 2 * least;
  if (highest_accuracy <= lowest_accuracy) lowest_accuracy = highest_accuracy - 1;
  double const loss_top = top + panel + gap, accuracy_top = loss_top + panel + gap;
  auto const rate_y = [&](double rate) { return top + panel * (1 - std::sqrt(std::max(rate, 0.0) / highest)); };
  auto const loss_y = [&](double loss) { return loss_top + panel * std::log(most / loss) / std::log(most / least); };
  auto const accuracy_y = [&](double percent) {
    return accuracy_top + panel * (highest_accuracy - percent) / (highest_accuracy - lowest_accuracy);
  };

  for (std::size_t begin = 0; begin != points.size();) {  // a band for each phase
    std::size_t end = begin;
    while (end != points.size() && points[end].phase == points[begin].phase) ++end;
    double const from = begin == 0 ? left : x[begin - 1];
    put("<rect x='%.1f' y='%g' width='%.1f' height='%g' fill='%s'/>\n", from, top, x[end - 1] - from, bottom - top,
        points[begin].phase == "retrain" ? "#eef3fb" : "#f7f7f7");
    put("<text x='%.1f' y='%g' fill='#444'>%s</text>\n", from + 4, top - 8, points[begin].phase.c_str());
    begin = end;
  }
  std::vector<detail::place> rates, losses, accuracies;
  for (std::size_t i = 0; i != points.size(); ++i) {
    rates.push_back({x[i], rate_y(points[i].rate)});
    losses.push_back({x[i], loss_y(smooth[i])});
    if (points[i].accuracy) accuracies.push_back({x[i], accuracy_y(*points[i].accuracy)});
  }
  svg += detail::polyline(rates, blue) + detail::polyline(losses, red);
  if (measured) svg += detail::polyline(accuracies, violet);
  for (std::size_t i = 0; i != points.size(); ++i) {
    if (points[i].captured) {
      put("<circle cx='%.1f' cy='%.1f' r='4' fill='#16a34a' stroke='#fff'/>\n", rates[i].x, rates[i].y);
    }
  }
  auto const axis = [&](double y, char const* colour, char const* name, std::string const& high,
                        std::string const& low) {
    put("<text x='8' y='%g' fill='%s'>%s</text>\n<text x='8' y='%g' fill='%s'>%s</text>\n", y + 26, colour, name,
        y + 10, colour, high.c_str());
    put("<text x='8' y='%g' fill='%s'>%s</text>\n", y + panel, colour, low.c_str());
  };
  auto const number = [](char const* pattern, double value) {
    char text[32];
    std::snprintf(text, sizeof text, pattern, value);
    return std::string(text);
  };
  axis(top, blue, "rate", number("%.3g", highest), "0");
  axis(loss_top, red, "loss", number("%.3g", most), number("%.2g", least));
  if (measured) {
    axis(accuracy_top, violet, "test", number("%.1f %%", highest_accuracy), number("%.1f %%", lowest_accuracy));
  }
  put("<circle cx='%g' cy='%g' r='4' fill='#16a34a'/>\n<text x='%g' y='%g' fill='#444'>captured low-bit model</text>\n",
      left + 6, bottom + 22, left + 16, bottom + 26);
  put("<text x='%g' y='%g' fill='#444' text-anchor='end'>%.0f training steps</text>\n", width - right, bottom + 26,
      total);
  return svg + "</svg>\n";
}

}  // namespace example

#endif
