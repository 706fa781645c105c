// SPDX-License-Identifier: BSD-3-Clause
// People's own pictures: a folder of PNG files for each class.
#ifndef SQWA_IO_PNG_FOLDER_HPP
#define SQWA_IO_PNG_FOLDER_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/io/png.hpp>
#include <sqwa/nn/data_set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Labelled images, and what their classes are called: label i is `classes[i]`.
struct named_data_set {
  nn::data_set set;
  std::vector<std::string> classes;
};

namespace detail {

/// The names of a directory's folders, or of its PNG files, in the order of their bytes; hidden ones left out.
inline std::vector<std::string> sorted_names(std::filesystem::path const& directory, bool folders) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code status;
  for (fs::directory_iterator entry(directory, status), end; !status && entry != end; entry.increment(status)) {
    std::string name = entry->path().filename().string();
    std::error_code unknown;
    bool const wanted = folders ? entry->is_directory(unknown) : name.ends_with(".png");
    if (wanted && !name.starts_with('.')) names.push_back(std::move(name));
  }
  if (status) throw error(directory, 0, "a directory that can be read", status.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace detail

/// Reads DIRECTORY/CLASS/*.png: a class for each folder, in the order of their names, its images in the order of
/// theirs.
///
/// Where `classes` are given, they are the classes, in their order: so a folder of tests gets the labels of the
/// training images. Orders are those of bytes, so that 10 comes before 9. Other files and hidden ones are not looked
/// at.
///
/// Throws `error` for what `read_png` refuses, for an image of other extents than the first one, for a folder without
/// images, for a folder that is none of `classes`, and for no folders or more than 256. Memory: the images.
/// @pre channels is 1 or 3
[[nodiscard]] inline named_data_set read_png_folder(std::filesystem::path const& directory, std::size_t channels,
                                                    std::vector<std::string> classes = {}) {
  expects(channels == 1 || channels == 3, "read_png_folder: {} channels, not 1 or 3", channels);
  auto const folders = detail::sorted_names(directory, true);
  if (classes.empty()) classes = folders;
  if (folders.empty() || classes.size() > 256) {
    throw error(directory, 0, "a folder for each of 1 to 256 classes", std::to_string(classes.size()));
  }

  struct sample {
    std::filesystem::path path;
    std::uint8_t label;
  };
  std::vector<sample> samples;
  for (std::string const& folder : folders) {
    auto const at = std::ranges::find(classes, folder);
    if (at == classes.end()) throw error(directory / folder, 0, "a folder with the name of a class", "another name");
    auto const names = detail::sorted_names(directory / folder, false);
    if (names.empty()) throw error(directory / folder, 0, "files whose names end in .png", "none");
    auto const label = static_cast<std::uint8_t>(at - classes.begin());
    for (std::string const& name : names) samples.push_back({directory / folder / name, label});
  }

  // All headers first: then there is room for what really lies on the disk.
  std::size_t rows = 0, columns = 0;
  auto const check = [&](std::filesystem::path const& path, detail::png_reader const& image) {
    if (image.rows() == rows && image.columns() == columns) return;
    throw error(path, 16,
                std::to_string(columns) + "x" + std::to_string(rows) + " pixels as in " + samples[0].path.string(),
                std::to_string(image.columns()) + "x" + std::to_string(image.rows()));
  };
  for (sample const& s : samples) {
    mapped_file const file(s.path);
    detail::png_reader const image(s.path, file.bytes(), channels);
    if (rows == 0) rows = image.rows(), columns = image.columns();
    check(s.path, image);
  }

  nn::data_set set;
  set.images.resize({samples.size(), rows, columns, channels});
  set.labels.resize({samples.size()});
  set.classes = classes.size();
  std::size_t const each = rows * columns * channels;
  for (std::size_t i = 0; i != samples.size(); ++i) {
    mapped_file const file(samples[i].path);
    detail::png_reader image(samples[i].path, file.bytes(), channels);
    check(samples[i].path, image);  // it may have been replaced meanwhile
    image.read({set.images.data() + i * each, each});
    set.labels(i) = samples[i].label;
  }
  return {std::move(set), std::move(classes)};
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
