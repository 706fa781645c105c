// SPDX-License-Identifier: BSD-3-Clause
// Everything that is written of a loss surface, into one directory.
#ifndef SQWA_IO_SURFACE_FILES_HPP
#define SQWA_IO_SURFACE_FILES_HPP

#include <sqwa/io/file.hpp>
#include <sqwa/io/npy_array.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/surface/csv.hpp>
#include <sqwa/surface/html.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/surface_text.hpp>
#include <sqwa/surface/svg.hpp>
#include <sqwa/surface/vtk.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

template <npy_number T>
npy_array array_of(std::span<T const> values, shape extents) {
  auto const bytes = std::as_bytes(values);
  return {npy_type<T>(), extents, false, {bytes.begin(), bytes.end()}};
}

}  // namespace detail

/// The losses and accuracies as one array of doubles: [surface][loss, accuracy][y][x].
/// @pre as for `surface_csv`
[[nodiscard]] inline npy_array surface_array(loss_surface const& s) {
  sqwa::detail::check_surface("surface_array", s);
  std::vector<double> all;
  for (surface_values const& v : s.surfaces) {
    all.insert(all.end(), v.loss.begin(), v.loss.end());
    all.insert(all.end(), v.accuracy.begin(), v.accuracy.end());
  }
  return detail::array_of<double>(all, {s.surfaces.size(), 2, s.y.count, s.x.count});
}

/// The members of an archive: x and y, then NAME_loss and NAME_accuracy of each surface as [y][x]; cell, changes_x and
/// changes_y, if there are any, as [y][x]; models.x, models.y, models.distance, models.loss and models.accuracy.
///
/// A character of a surface's name that is no letter of ASCII, digit or _ becomes -. NumPy's types of text are not
/// written: the names of the models are in the other files, in the same order.
/// @pre as for `surface_csv`
[[nodiscard]] inline std::vector<npz_member> surface_arrays(loss_surface const& s) {
  sqwa::detail::check_surface("surface_arrays", s);
  std::vector<npz_member> all;
  for (surface_axis const* a : {&s.x, &s.y}) {
    std::vector<double> nodes;
    for (std::size_t i = 0; i != a->count; ++i) nodes.push_back(a->at(i));
    all.push_back({a == &s.x ? "x" : "y", detail::array_of<double>(nodes, {a->count})});
  }
  shape const nodes{s.y.count, s.x.count};
  auto const words = sqwa::detail::file_words(s);
  for (std::size_t i = 0; i != words.size(); ++i) {
    all.push_back({words[i] + "_loss", detail::array_of<double>(s.surfaces[i].loss, nodes)});
    all.push_back({words[i] + "_accuracy", detail::array_of<double>(s.surfaces[i].accuracy, nodes)});
  }
  if (!s.cells.empty()) {
    all.push_back({"cell", detail::array_of<std::uint32_t>(s.cells, nodes)});
    all.push_back({"changes_x", detail::array_of<std::uint64_t>(s.changes_x, nodes)});
    all.push_back({"changes_y", detail::array_of<std::uint64_t>(s.changes_y, nodes)});
  }
  auto const of_models = [&](std::string const& name, double marked_model::*number) {
    std::vector<double> values;
    for (marked_model const& m : s.models) values.push_back(m.*number);
    all.push_back({"models." + name, detail::array_of<double>(values, {values.size()})});
  };
  of_models("x", &marked_model::x);
  of_models("y", &marked_model::y);
  of_models("distance", &marked_model::distance);
  of_models("loss", &marked_model::loss);
  of_models("accuracy", &marked_model::accuracy);
  return all;
}

/// Writes surface.csv, surface.npy, surface.npz, surface.vti, models.vtp, surface.html, and NAME_loss.svg and
/// NAME_accuracy.svg of each surface, into a directory, which is made if need be; each through `write_aside`.
///
/// The same surface gives the same bytes. Throws `error` when a file cannot be written, `std::filesystem_error` when
/// the directory cannot be made.
/// @pre as for `surface_csv`
inline void write_surface(std::filesystem::path const& directory, loss_surface const& s) {
  sqwa::detail::check_surface("write_surface", s);
  std::filesystem::create_directories(directory);
  auto const write = [&](std::string const& name, std::string_view text) {
    write_aside(directory / name, std::as_bytes(std::span(text)));
  };
  write("surface.csv", surface_csv(s));
  write_aside(directory / "surface.npy", npy_file_bytes(surface_array(s)));
  write_npz(directory / "surface.npz", surface_arrays(s));
  write("surface.vti", surface_vti(s));
  write("models.vtp", marked_models_vtp(s));
  write("surface.html", surface_html(s));
  auto const words = sqwa::detail::file_words(s);
  for (std::size_t i = 0; i != words.size(); ++i) {
    write(words[i] + "_loss.svg", surface_svg(s, {.surface = i, .accuracy = false}));
    write(words[i] + "_accuracy.svg", surface_svg(s, {.surface = i, .accuracy = true}));
  }
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
