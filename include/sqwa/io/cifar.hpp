// SPDX-License-Identifier: BSD-3-Clause
// CIFAR-10 and CIFAR-100 as their binary versions hold them: records of labels and an image of 32x32 pixels.
#ifndef SQWA_IO_CIFAR_HPP
#define SQWA_IO_CIFAR_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/nn/data_set.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Which of its two labels an image of CIFAR-100 gets: one of 100 classes, or one of the 20 that these belong to.
enum class cifar100_labels { fine, coarse };

namespace detail {

inline constexpr std::size_t cifar_side = 32;
inline constexpr std::size_t cifar_plane = cifar_side * cifar_side;
inline constexpr std::size_t cifar_channels = 3;
inline constexpr std::size_t cifar_image = cifar_channels * cifar_plane;

/// How a record begins: for each label byte, how many classes it tells apart.
struct cifar_layout {
  std::string_view name;
  std::span<std::size_t const> classes;
  std::size_t used = 0;  // the label that becomes that of the image

  [[nodiscard]] constexpr std::size_t record() const noexcept { return classes.size() + cifar_image; }
};

inline constexpr std::array<std::size_t, 1> cifar10_classes{10};
inline constexpr std::array<std::size_t, 2> cifar100_classes{20, 100};  // coarse, then fine
inline constexpr cifar_layout cifar10_layout{"CIFAR-10", cifar10_classes};
constexpr cifar_layout cifar100_layout(cifar100_labels labels) noexcept {
  return {"CIFAR-100", cifar100_classes, labels == cifar100_labels::fine ? std::size_t{1} : std::size_t{0}};
}

/// How many records the file holds: at least one, and nothing else.
inline std::size_t cifar_records(mapped_file const& file, cifar_layout const& layout) {
  std::size_t const size = file.bytes().size(), record = layout.record();
  if (size != 0 && size % record == 0) return size / record;
  std::string found = std::to_string(size) + " bytes";
  for (cifar_layout const& other : {cifar10_layout, cifar100_layout(cifar100_labels::fine)}) {
    if (size != 0 && size % other.record() == 0) found += ", as a file of " + std::string(other.name) + " may have";
  }
  throw error(file.path(), size / record * record,
              "records of " + std::to_string(record) + " bytes, as those of " + std::string(layout.name), found);
}

/// Checks the labels of all records. `coarse_of` holds the coarse class of each fine one, where it was met.
inline void check_cifar_labels(mapped_file const& file, cifar_layout const& layout,
                               std::map<std::uint8_t, std::uint8_t>& coarse_of) {
  auto const bytes = file.bytes();
  for (std::size_t at = 0; at != bytes.size(); at += layout.record()) {
    auto const label = [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[at + i]); };
    for (std::size_t i = 0; i != layout.classes.size(); ++i) {
      if (label(i) < layout.classes[i]) continue;
      throw error(file.path(), at + i,
                  "a label below " + std::to_string(layout.classes[i]) + " of " + std::string(layout.name),
                  std::to_string(label(i)));
    }
    if (layout.classes.size() != 2) continue;
    if (std::uint8_t const coarse = coarse_of.try_emplace(label(1), label(0)).first->second; coarse != label(0)) {
      throw error(file.path(), at,
                  "the coarse label " + std::to_string(coarse) + ", as for other images of the fine label " +
                      std::to_string(label(1)),
                  std::to_string(label(0)));
    }
  }
}

/// One set of the records of several files, in their order, planes of colours turned into pixels.
inline nn::data_set read_cifar(std::span<std::filesystem::path const> paths, cifar_layout const& layout) {
  expects(!paths.empty(), "read_cifar: no files");
  std::deque<mapped_file> files;  // not a vector: files that are mapped stay where they are
  std::map<std::uint8_t, std::uint8_t> coarse_of;
  std::size_t samples = 0;
  for (auto const& path : paths) {
    mapped_file const& file = files.emplace_back(path);
    samples += cifar_records(file, layout);
    check_cifar_labels(file, layout, coarse_of);
  }

  nn::data_set set;
  set.images.resize({samples, cifar_side, cifar_side, cifar_channels});
  set.labels.resize({samples});
  set.classes = layout.classes[layout.used];
  std::uint8_t* pixel = set.images.data();
  std::uint8_t* label = set.labels.data();
  for (mapped_file const& file : files) {
    file.check();
    for (auto rest = file.bytes(); !rest.empty(); rest = rest.subspan(layout.record())) {
      *label++ = std::to_integer<std::uint8_t>(rest[layout.used]);
      auto const planes = rest.subspan(layout.classes.size(), cifar_image);
      for (std::size_t i = 0; i != cifar_plane; ++i) {
        for (std::size_t c = 0; c != cifar_channels; ++c) {
          *pixel++ = std::to_integer<std::uint8_t>(planes[c * cifar_plane + i]);
        }
      }
    }
  }
  return set;
}

/// The files data_batch_1.bin, data_batch_2.bin, … of a directory, as many as there are.
inline std::vector<std::filesystem::path> cifar10_batches(std::filesystem::path const& directory) {
  constexpr std::string_view prefix = "data_batch_", ending = ".bin";
  std::error_code status;
  std::filesystem::directory_iterator entries(directory, status);
  if (status) throw error(directory, 0, "a directory that can be read", status.message());
  std::vector<std::size_t> numbers;
  for (auto const& entry : entries) {
    std::string const name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(ending) || name.size() <= prefix.size() + ending.size()) continue;
    std::size_t number = 0;
    char const* const last = name.data() + name.size() - ending.size();
    auto const [stop, failed] = std::from_chars(name.data() + prefix.size(), last, number);
    if (failed == std::errc() && stop == last) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  std::vector<std::filesystem::path> files;
  for (std::size_t const number : numbers) {
    std::string const next = "data_batch_" + std::to_string(files.size() + 1) + ".bin";
    if (number != files.size() + 1) throw error(directory, 0, next, "data_batch_" + std::to_string(number) + ".bin");
    files.push_back(directory / next);
  }
  if (files.empty()) throw error(directory, 0, "data_batch_1.bin", "no such file");
  return files;
}

}  // namespace detail

/// Reads CIFAR-10 from files of its binary version: 10 classes, images of 32x32 with 3 channels, in the files' order.
///
/// A record is one byte of label and three planes (red, green, blue) of 32 rows of 32 bytes. Throws `error` for a file
/// that cannot be mapped, is empty or no whole number of records, and for a label above 9. Memory: the images.
/// @pre there is a file
[[nodiscard]] inline nn::data_set read_cifar10_files(std::vector<std::filesystem::path> const& files) {
  return detail::read_cifar(files, detail::cifar10_layout);
}

/// Reads CIFAR-100 in the same way: 100 fine or 20 coarse classes.
///
/// A record has two bytes of labels, coarse and fine. Whichever is asked for, both are checked: the coarse one is below
/// 20, the fine one below 100, and images of one fine class are of one coarse class; files of CIFAR-10 or of other
/// bytes fail that soon, whatever their size.
/// @pre there is a file
[[nodiscard]] inline nn::data_set read_cifar100_files(std::vector<std::filesystem::path> const& files,
                                                      cifar100_labels labels = cifar100_labels::fine) {
  return detail::read_cifar(files, detail::cifar100_layout(labels));
}

/// Reads a directory of CIFAR-10: data_batch_1.bin, data_batch_2.bin and so on to the last there is, and
/// test_batch.bin.
///
/// Throws `error` as `read_cifar10_files` does, and where the numbers of the batches have a gap.
[[nodiscard]] inline nn::data_sets read_cifar10(std::filesystem::path const& directory) {
  return {read_cifar10_files(detail::cifar10_batches(directory)), read_cifar10_files({directory / "test_batch.bin"})};
}

/// Reads a directory of CIFAR-100: train.bin and test.bin.
[[nodiscard]] inline nn::data_sets read_cifar100(std::filesystem::path const& directory,
                                                 cifar100_labels labels = cifar100_labels::fine) {
  return {read_cifar100_files({directory / "train.bin"}, labels),
          read_cifar100_files({directory / "test.bin"}, labels)};
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
