// SPDX-License-Identifier: BSD-3-Clause
// Labelled images from NumPy's files: an array of bytes for the images, one of integers for the labels.
#ifndef SQWA_IO_NPY_IMAGES_HPP
#define SQWA_IO_NPY_IMAGES_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/io/npy_array.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/nn/data_set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// Element `at` of an array of integers; negative ones come as numbers above 2^63.
inline std::uint64_t npy_integer(npy_view const& array, std::size_t each, std::size_t at) {
  auto const bytes = array.bytes.subspan(at * each, each);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i != each; ++i) {  // from the most significant byte on
    std::byte const b = bytes[array.type[0] == '>' ? i : each - 1 - i];
    if (i == 0 && array.type[1] == 'i' && (b & std::byte{0x80}) != std::byte{0}) value = ~value;
    value = value << 8 | std::to_integer<std::uint64_t>(b);
  }
  return value;
}

/// Images and labels that are in memory: each from a file, or a member of an archive, of this name.
inline nn::data_set npy_images(std::filesystem::path const& image_path, std::span<std::byte const> image_file,
                               std::filesystem::path const& label_path, std::span<std::byte const> label_file,
                               std::size_t classes) {
  npy_view const images = view_npy_array(image_path, image_file), labels = view_npy_array(label_path, label_file);
  auto const text = [](shape const& extents) {
    std::string all = "(";
    for (std::size_t e : extents) all += (all.size() == 1 ? "" : ", ") + std::to_string(e);
    return all + ")";
  };
  shape const e = images.extents;
  if (images.type[1] != 'u' || npy_size(images.type) != 1) {
    throw error(image_path, 10, "images of type u1", std::string(images.type));
  }
  bool const ranked = e.rank() == 3 || e.rank() == 4;
  if (!ranked || std::ranges::find(e.begin() + 1, e.end(), std::size_t{0}) != e.end()) {
    throw error(image_path, 10, "extents (n, rows, columns) or (n, rows, columns, channels), none but n 0", text(e));
  }
  if (images.fortran) throw error(image_path, 10, "C order", "'fortran_order': True");
  if (labels.type[1] != 'u' && labels.type[1] != 'i') {
    throw error(label_path, 10, "labels that are integers", std::string(labels.type));
  }
  shape const l = labels.extents;
  if ((l.rank() != 1 && (l.rank() != 2 || l[1] != 1)) || l[0] != e[0]) {
    throw error(label_path, 10, "one label for each image, (" + std::to_string(e[0]) + ")", text(l));
  }

  nn::data_set set;
  set.labels.resize({l[0]});
  std::size_t const each = npy_size(labels.type);
  std::size_t const limit = classes == 0 ? 256 : classes;
  for (std::size_t i = 0; i != l[0]; ++i) {
    std::uint64_t const label = npy_integer(labels, each, i);
    if (label >= limit) {
      throw error(label_path, label_file.size() - labels.bytes.size() + i * each,
                  "a label from 0 to " + std::to_string(limit - 1), std::to_string(static_cast<std::int64_t>(label)));
    }
    set.labels(i) = static_cast<std::uint8_t>(label);
    set.classes = std::max(set.classes, static_cast<std::size_t>(label) + 1);
  }
  if (classes != 0) set.classes = classes;
  set.images.resize({e[0], e[1], e[2], e.rank() == 4 ? e[3] : 1});
  if (!images.bytes.empty()) std::memcpy(set.images.data(), images.bytes.data(), images.bytes.size());
  return set;
}

inline void check_class_count(std::size_t classes, char const* who) {
  expects(classes <= 256, "{}: {} classes, but labels are bytes", who, classes);
}

}  // namespace detail

/// Reads a data set from two .npy files: images of type u1 and extents (n, rows, columns) or (n, rows, columns,
/// channels), and n labels, integers of any type, of extents (n) or (n, 1).
///
/// `classes` is how many there are; 0 stands for the largest label + 1. Throws `error` for damaged files, for other
/// types, extents and orders, where the counts differ, and for a label that is no class. Memory: the data set.
/// @pre classes <= 256
[[nodiscard]] inline nn::data_set read_npy_images(std::filesystem::path const& images,
                                                  std::filesystem::path const& labels, std::size_t classes = 0) {
  detail::check_class_count(classes, "read_npy_images");
  mapped_file const image_file(images), label_file(labels);
  return detail::npy_images(images, image_file.bytes(), labels, label_file.bytes(), classes);
}

/// Reads a data set from two members of an .npz archive, named without ".npy": for example "x_train" and "y_train".
///
/// As `read_npy_images`; the other members are not looked at. Memory: the data set, and its two members inflated.
/// @pre classes <= 256
[[nodiscard]] inline nn::data_set read_npz_images(std::filesystem::path const& archive, std::string const& images,
                                                  std::string const& labels, std::size_t classes = 0) {
  detail::check_class_count(classes, "read_npz_images");
  mapped_file const file(archive);
  auto const members = detail::read_zip_directory(archive, file.bytes());
  auto const extracted = [&](std::string const& name) {
    auto const at = std::ranges::find(members, name + ".npy", &detail::zip_member::name);
    if (at != members.end()) return detail::extract(archive, file.bytes(), *at);
    std::string found = "only";
    for (auto const& m : members) found += " " + m.name;
    throw error(archive, 0, "a member " + name + ".npy", members.empty() ? "none" : found);
  };
  auto const image_file = extracted(images), label_file = extracted(labels);
  return detail::npy_images(archive / (images + ".npy"), image_file, archive / (labels + ".npy"), label_file, classes);
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
