// SPDX-License-Identifier: BSD-3-Clause
// A surface as VTK's XML files: the nodes as image data (.vti), the marked models as points (.vtp).
#ifndef SQWA_SURFACE_VTK_HPP
#define SQWA_SURFACE_VTK_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// RFC 4648, section 4.
inline std::string base64(std::span<std::byte const> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k != 3; ++k) {
      three = three << 8 | (i + k < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k != 4; ++k) {
      text += i + k < bytes.size() + 1 ? letters[three >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

/// A DataArray in base64, which keeps NaN and every bit; VTK's ASCII reader stops at nan.
template <class T>
std::string vtk_array(std::string_view name, std::vector<T> const& values, std::size_t components = 1) {
  std::string const kind = std::is_floating_point_v<T> ? "Float" : std::is_signed_v<T> ? "Int" : "UInt";
  std::uint64_t const size = values.size() * sizeof(T);
  std::vector<std::byte> bytes(sizeof size + size);
  std::memcpy(bytes.data(), &size, sizeof size);
  if (size != 0) std::memcpy(bytes.data() + sizeof size, values.data(), size);
  return "<DataArray type=\"" + kind + std::to_string(8 * sizeof(T)) + "\" Name=\"" + xml_text(name) +
         "\" NumberOfComponents=\"" + std::to_string(components) + "\" format=\"binary\">" + base64(bytes) +
         "</DataArray>\n";
}

/// An array of strings: the bytes as numbers, a zero behind each string.
inline std::string vtk_strings(std::string_view name, std::vector<std::string> const& strings, bool field) {
  std::string text = "<Array type=\"String\" Name=\"" + xml_text(name) + "\" ";
  if (field) text += "NumberOfTuples=\"" + std::to_string(strings.size()) + "\" ";
  text += "format=\"ascii\">";
  for (std::string const& s : strings) {
    for (char c : s) {
      if (c != '\0') text += std::to_string(static_cast<unsigned char>(c)) + " ";
    }
    text += "0 ";
  }
  return text + "</Array>\n";
}

inline std::string vtk_begin(std::string_view type) {
  std::string const order = std::endian::native == std::endian::little ? "LittleEndian" : "BigEndian";
  return "<?xml version=\"1.0\"?>\n<VTKFile type=\"" + std::string(type) + "\" version=\"1.0\" byte_order=\"" + order +
         "\" header_type=\"UInt64\">\n<" + std::string(type) + ">\n";
}

}  // namespace detail

/// The nodes as VTK image data, for a file that ends in .vti: point arrays NAME_loss and NAME_accuracy of each surface,
/// cell, changes_x and changes_y, and the title as field data. An axis of one node has spacing 1.
///
/// Values are stored in base64 with all their bits, NaN and infinities included, in the byte order of this machine.
/// @pre as for `surface_csv`
[[nodiscard]] inline std::string surface_vti(loss_surface const& s) {
  detail::check_surface("surface_vti", s);
  auto const spacing = [](surface_axis const& a) {
    return detail::exact_text(a.count == 1 ? 1 : (a.last - a.first) / static_cast<double>(a.count - 1));
  };
  std::string const extent = "0 " + std::to_string(s.x.count - 1) + " 0 " + std::to_string(s.y.count - 1) + " 0 0";
  std::string text = detail::vtk_begin("ImageData");
  text.resize(text.size() - 2);  // the > of the element, which has attributes
  text += " WholeExtent=\"" + extent + "\" Origin=\"" + detail::exact_text(s.x.first) + " " +
          detail::exact_text(s.y.first) + " 0\" Spacing=\"" + spacing(s.x) + " " + spacing(s.y) + " 1\">\n";
  text += "<FieldData>\n" + detail::vtk_strings("title", {s.title}, true) + "</FieldData>\n";
  text += "<Piece Extent=\"" + extent + "\">\n<PointData>\n";
  for (surface_values const& v : s.surfaces) {
    text += detail::vtk_array(v.name + "_loss", v.loss) + detail::vtk_array(v.name + "_accuracy", v.accuracy);
  }
  if (!s.cells.empty()) {
    text += detail::vtk_array("cell", s.cells) + detail::vtk_array("changes_x", s.changes_x) +
            detail::vtk_array("changes_y", s.changes_y);
  }
  return text + "</PointData>\n</Piece>\n</ImageData>\n</VTKFile>\n";
}

/// The marked models as VTK points at (x, y, 0), for a file that ends in .vtp: point arrays name, distance, loss,
/// accuracy.
///
/// @pre as for `surface_csv`
[[nodiscard]] inline std::string marked_models_vtp(loss_surface const& s) {
  detail::check_surface("marked_models_vtp", s);
  std::vector<double> places, distance, loss, accuracy;
  std::vector<std::int64_t> points, ends;
  std::vector<std::string> names;
  for (marked_model const& m : s.models) {
    places.insert(places.end(), {m.x, m.y, 0.0});
    points.push_back(static_cast<std::int64_t>(points.size()));
    ends.push_back(static_cast<std::int64_t>(points.size()));
    names.push_back(m.name);
    distance.push_back(m.distance);
    loss.push_back(m.loss);
    accuracy.push_back(m.accuracy);
  }
  std::string const count = std::to_string(s.models.size());
  return detail::vtk_begin("PolyData") + "<Piece NumberOfPoints=\"" + count + "\" NumberOfVerts=\"" + count +
         "\">\n<PointData>\n" + detail::vtk_strings("name", names, false) + detail::vtk_array("distance", distance) +
         detail::vtk_array("loss", loss) + detail::vtk_array("accuracy", accuracy) + "</PointData>\n<Points>\n" +
         detail::vtk_array("Points", places, 3) + "</Points>\n<Verts>\n" + detail::vtk_array("connectivity", points) +
         detail::vtk_array("offsets", ends) + "</Verts>\n</Piece>\n</PolyData>\n</VTKFile>\n";
}

}  // namespace sqwa::inline SQWA_ABI

#endif
