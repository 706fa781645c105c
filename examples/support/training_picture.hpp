// SPDX-License-Identifier: BSD-3-Clause
// Draws a run as an SVG picture: learning rate above, loss below, captures marked.
#ifndef SQWA_EXAMPLES_SUPPORT_TRAINING_PICTURE_HPP
#define SQWA_EXAMPLES_SUPPORT_TRAINING_PICTURE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace example {

/// One training step as the picture sees it.
struct curve_point {
  std::string_view phase;
  double rate = 0;
  double loss = 0;
  bool captured = false;
};

/// The picture of a run: phases side by side, rates on a square-root axis, losses (running means) on a logarithmic one.
///
/// No points: an empty picture.
inline std::string training_picture(std::vector<curve_point> const& points, std::string_view title) {
  constexpr double width = 860, left = 60, right = 20, top = 64, panel = 130, gap = 34;
  std::string svg;
  auto const put = [&svg](char const* pattern, auto... values) {
    char line[512];
    std::snprintf(line, sizeof line, pattern, values...);
    svg += line;
  };
  put("<svg xmlns='http://www.w3.org/2000/svg' width='%g' height='%g' viewBox='0 0 %g %g' "
      "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
      width, top + 2 * panel + gap + 40, width, top + 2 * panel + gap + 40);
  svg += "<text x='60' y='20' font-size='14' font-weight='bold'>" + std::string(title) + "</text>\n";
  if (points.empty()) return svg + "</svg>\n";

  double highest = 0, least = 1e9, most = 1e-9, mean = points.front().loss;
  std::vector<double> smooth;
  for (curve_point const& p : points) {
    mean += 0.05 * (p.loss - mean);
    smooth.push_back(std::max(mean, 1e-6));
    highest = std::max(highest, p.rate);
    least = std::min(least, smooth.back());
    most = std::max(most, smooth.back());
  }
  if (highest <= 0) highest = 1;
  if (most <= least) most = 2 * least;
  auto const x = [&](std::size_t i) {
    return left + (width - left - right) * static_cast<double>(i) / static_cast<double>(points.size());
  };
  auto const rate_y = [&](double rate) { return top + panel * (1 - std::sqrt(std::max(rate, 0.0) / highest)); };
  auto const loss_y = [&](double loss) {
    return top + panel + gap + panel * std::log(most / loss) / std::log(most / least);
  };

  for (std::size_t begin = 0; begin != points.size();) {  // a band for each phase
    std::size_t end = begin;
    while (end != points.size() && points[end].phase == points[begin].phase) ++end;
    bool const even = points[begin].phase == "retrain";
    put("<rect x='%.1f' y='%g' width='%.1f' height='%g' fill='%s'/>\n", x(begin), top, x(end) - x(begin),
        2 * panel + gap, even ? "#eef3fb" : "#f7f7f7");
    svg += "<text x='" + std::to_string(x(begin) + 4) + "' y='" + std::to_string(top - 8) + "' fill='#444'>" +
           std::string(points[begin].phase) + "</text>\n";
    begin = end;
  }
  auto const line = [&](char const* colour, auto&& y) {
    std::size_t const stride = std::max<std::size_t>(1, points.size() / 1'600);
    put("<polyline fill='none' stroke='%s' stroke-width='1.3' points='", colour);
    for (std::size_t i = 0; i < points.size(); i += stride) put("%.1f,%.1f ", x(i), y(i));
    svg += "'/>\n";
  };
  line("#2a6fdb", [&](std::size_t i) { return rate_y(points[i].rate); });
  line("#c2410c", [&](std::size_t i) { return loss_y(smooth[i]); });
  for (std::size_t i = 0; i != points.size(); ++i) {
    if (points[i].captured) {
      put("<circle cx='%.1f' cy='%.1f' r='4' fill='#16a34a' stroke='#fff'/>\n", x(i), rate_y(points[i].rate));
    }
  }
  put("<text x='8' y='%g' fill='#2a6fdb'>rate</text>\n<text x='8' y='%g' fill='#2a6fdb'>%.3g</text>\n", top + 26,
      top + 10, highest);
  put("<text x='8' y='%g' fill='#2a6fdb'>0</text>\n", top + panel);
  put("<text x='8' y='%g' fill='#c2410c'>loss</text>\n<text x='8' y='%g' fill='#c2410c'>%.3g</text>\n",
      top + panel + gap + 26, top + panel + gap + 10, most);
  put("<text x='8' y='%g' fill='#c2410c'>%.2g</text>\n", top + 2 * panel + gap, least);
  put("<circle cx='%g' cy='%g' r='4' fill='#16a34a'/>\n<text x='%g' y='%g' fill='#444'>captured low-bit model</text>\n",
      left + 6, top + 2 * panel + gap + 22, left + 16, top + 2 * panel + gap + 26);
  put("<text x='%g' y='%g' fill='#444' text-anchor='end'>%zu training steps</text>\n", width - right,
      top + 2 * panel + gap + 26, points.size());
  return svg + "</svg>\n";
}

}  // namespace example

#endif
