// SPDX-License-Identifier: BSD-3-Clause
// What the writers of surfaces share: the shape they rely on, numbers and names as text in any format.
#ifndef SQWA_SURFACE_SURFACE_TEXT_HPP
#define SQWA_SURFACE_SURFACE_TEXT_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/surface/loss_surface.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline void check_axis(char const* who, surface_axis const& axis) {
  expects(axis.count > 0, "{}: axis {} has no nodes", who, std::string_view(axis.name));
  expects(std::isfinite(axis.first) && std::isfinite(axis.last), "{}: axis {} has an end that is not finite", who,
          std::string_view(axis.name));
  expects(axis.count == 1 || axis.first < axis.last, "{}: axis {} does not ascend", who, std::string_view(axis.name));
}

/// What every writer asks of a surface: ascending axes, names that differ, one value a node.
inline void check_surface(char const* who, loss_surface const& s) {
  check_axis(who, s.x);
  check_axis(who, s.y);
  std::set<std::string_view> names;
  for (surface_values const& v : s.surfaces) {
    expects(names.insert(v.name).second, "{}: two surfaces are named {}", who, std::string_view(v.name));
    expects(v.loss.size() == s.size() && v.accuracy.size() == s.size(),
            "{}: surface {} has {} losses and {} accuracies for {} nodes", who, std::string_view(v.name), v.loss.size(),
            v.accuracy.size(), s.size());
  }
  for (std::size_t n : {s.cells.size(), s.changes_x.size(), s.changes_y.size()}) {
    expects(n == s.cells.size() && (n == 0 || n == s.size()), "{}: cells or changes for {} of {} nodes", who, n,
            s.size());
  }
}

/// The shortest decimal that reads back as the same bits, in any locale; nan, inf, -inf.
inline std::string exact_text(double v) {
  if (std::isnan(v)) return "nan";
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, v).ptr);
}

/// A number for people: at most `digits` significant ones.
inline std::string short_text(double v, int digits) {
  if (std::isnan(v)) return "nan";
  if (v == 0) return "0";  // not -0
  char text[48];
  return std::string(text, std::to_chars(text, text + sizeof text, v, std::chars_format::general, digits).ptr);
}

/// Text inside XML or HTML, in elements and attributes alike. Control characters, which XML forbids, become spaces.
inline std::string xml_text(std::string_view text) {
  std::string all;
  for (char c : text) {
    switch (c) {
      case '<':
        all += "&lt;";
        break;
      case '>':
        all += "&gt;";
        break;
      case '&':
        all += "&amp;";
        break;
      case '"':
        all += "&quot;";
        break;
      case '\'':
        all += "&#39;";
        break;
      default:
        all += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return all;
}

/// The names of the surfaces as parts of file names: letters, digits, - and _; told apart by a number if need be.
inline std::vector<std::string> file_words(loss_surface const& s) {
  std::vector<std::string> words;
  std::set<std::string> taken;
  for (surface_values const& v : s.surfaces) {
    std::string word;
    for (char c : v.name) {
      bool const kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      word += kept ? c : '-';
    }
    if (word.empty()) word = "surface";
    std::string unique = word;
    for (int n = 2; !taken.insert(unique).second; ++n) unique = word + "-" + std::to_string(n);
    words.push_back(unique);
  }
  return words;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
