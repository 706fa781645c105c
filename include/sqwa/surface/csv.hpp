// SPDX-License-Identifier: BSD-3-Clause
// A surface as a table of comma-separated values.
#ifndef SQWA_SURFACE_CSV_HPP
#define SQWA_SURFACE_CSV_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>

#include <cstddef>
#include <string>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// A field as RFC 4180 writes it.
inline std::string csv_field(std::string const& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace detail

/// One row a node, x fastest: x, y, then NAME_loss and NAME_accuracy of each surface, then cell, changes_x and
/// changes_y if there are any. Lines end in \n; names are quoted as in RFC 4180.
///
/// Numbers are the shortest that read back as the same bits; values that are not finite are nan, inf and -inf.
/// @pre the axes ascend, names differ, every array has a value for each node (cells and changes may be empty)
[[nodiscard]] inline std::string surface_csv(loss_surface const& s) {
  detail::check_surface("surface_csv", s);
  std::string text = "x,y";
  for (surface_values const& v : s.surfaces) {
    text += "," + detail::csv_field(v.name + "_loss") + "," + detail::csv_field(v.name + "_accuracy");
  }
  text += s.cells.empty() ? "\n" : ",cell,changes_x,changes_y\n";
  for (std::size_t node = 0; node != s.size(); ++node) {
    text += detail::exact_text(s.x.at(node % s.x.count)) + "," + detail::exact_text(s.y.at(node / s.x.count));
    for (surface_values const& v : s.surfaces) {
      text += "," + detail::exact_text(v.loss[node]) + "," + detail::exact_text(v.accuracy[node]);
    }
    if (!s.cells.empty()) {
      text += "," + std::to_string(s.cells[node]) + "," + std::to_string(s.changes_x[node]) + "," +
              std::to_string(s.changes_y[node]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
