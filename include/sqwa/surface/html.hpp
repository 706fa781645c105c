// SPDX-License-Identifier: BSD-3-Clause
// A surface as one page that a browser opens without a network: maps and 3-D views that tell the values.
#ifndef SQWA_SURFACE_HTML_HPP
#define SQWA_SURFACE_HTML_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/surface/colours.hpp>
#include <sqwa/surface/html_controls.hpp>
#include <sqwa/surface/html_drawing.hpp>
#include <sqwa/surface/html_style.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>
#include <sqwa/surface/svg.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// A string of JSON that may stand inside a script element: <, > and & are escaped, so no tag or comment can end it.
inline std::string json_string(std::string_view text) {
  std::string all = "\"";
  for (char c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      all += {'\\', c};
    } else if (code < 0x20 || c == '<' || c == '>' || c == '&') {
      all += "\\u00";
      all += "0123456789abcdef"[code / 16];
      all += "0123456789abcdef"[code % 16];
    } else {
      all += c;
    }
  }
  return all + '"';
}

/// JSON has no NaN and no infinities: null, and a number so large that it reads back as infinite.
inline std::string json_number(double v) {
  if (std::isnan(v)) return "null";
  if (std::isinf(v)) return v > 0 ? "1e999" : "-1e999";
  return exact_text(v);
}

/// A list of numbers.
template <class Numbers>
std::string json_list(Numbers const& values) {
  std::string all = "[";
  for (auto const v : values) {
    if (all.size() > 1) all += ',';
    if constexpr (std::is_floating_point_v<std::remove_cv_t<decltype(v)>>) {
      all += json_number(v);
    } else {
      all += std::to_string(v);
    }
  }
  return all + ']';
}

inline std::string surface_json(loss_surface const& s) {
  auto const axis = [](surface_axis const& a) {
    return "{\"name\":" + json_string(a.name) + ",\"first\":" + json_number(a.first) +
           ",\"last\":" + json_number(a.last) + ",\"count\":" + std::to_string(a.count) + "}";
  };
  std::string all = "{\"x\":" + axis(s.x) + ",\n\"y\":" + axis(s.y) + ",\n\"surfaces\":[";
  for (std::size_t i = 0; i != s.surfaces.size(); ++i) {
    surface_values const& v = s.surfaces[i];
    all += (i == 0 ? "{\"name\":" : ",\n{\"name\":") + json_string(v.name) + ",\n\"loss\":" + json_list(v.loss) +
           ",\n\"accuracy\":" + json_list(v.accuracy) + "}";
  }
  all += "],\n\"cells\":" + json_list(s.cells) + ",\n\"changesX\":" + json_list(s.changes_x) +
         ",\n\"changesY\":" + json_list(s.changes_y) + ",\n\"models\":[";
  for (std::size_t i = 0; i != s.models.size(); ++i) {
    marked_model const& m = s.models[i];
    all += (i == 0 ? "{\"name\":" : ",\n{\"name\":") + json_string(m.name) + ",\"x\":" + json_number(m.x) +
           ",\"y\":" + json_number(m.y) + ",\"distance\":" + json_number(m.distance) +
           ",\"loss\":" + json_number(m.loss) + ",\"accuracy\":" + json_number(m.accuracy) + "}";
  }
  return all + "],\n\"levels\":{\"loss\":" + json_list(common_levels(s, false, 10)) +
         ",\"accuracy\":" + json_list(common_levels(s, true, 10)) + "},\n\"colours\":" + json_list(viridis) + "}";
}

}  // namespace detail

/// One self-contained page in UTF-8: the surfaces side by side, as maps or in 3-D; what the pointer, a finger or the
/// arrow keys are at is told for all of them: loss, accuracy, cell. Loss or accuracy, one surface or all, linear or
/// logarithmic colours. Light or dark as the viewer prefers.
///
/// Names cannot leave the data they stand in. Values keep all their bits; NaN and infinities are told as such and drawn
/// as missing.
/// @pre as for `surface_csv`
[[nodiscard]] inline std::string surface_html(loss_surface const& s) {
  detail::check_surface("surface_html", s);
  std::string const title = detail::xml_text(s.title);
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  page += title + "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" + std::string(detail::html_style) +
          "</style>\n</head>\n<body>\n<h1>" + title + "</h1>\n";
  page += R"(<noscript><p>This page draws with a script, which the browser does not run.</p></noscript>
<form id="controls"></form>
<main>
<div id="panels"></div>
<div id="bar"><span></span><div></div><span></span></div>
<p class="hint">Axes: distance in weight space. Point, touch or use the arrow keys to read a node; drag to turn the 3-D view.
The red outline is the cell of equal codes. A white dot is a projection of a model that lies off the plane.</p>
<h2>At the node</h2>
<div class="scroll"><table><tbody id="node" aria-live="polite"></tbody></table></div>
<section id="marked">
<h2>Marked models</h2>
<div class="scroll"><table><thead><tr><th></th><th>model</th><th>distance to the plane</th><th>loss</th><th>accuracy, %</th>
<th>x</th><th>y</th></tr></thead><tbody id="models"></tbody></table></div>
</section>
</main>
<script type="application/json" id="data">)";
  return page + detail::surface_json(s) + "</script>\n<script>" + std::string(detail::html_drawing) +
         std::string(detail::html_controls) + "</script>\n</body>\n</html>\n";
}

}  // namespace sqwa::inline SQWA_ABI

#endif
