// SPDX-License-Identifier: BSD-3-Clause
// IDX files, the format of MNIST and its kin: arrays of bytes with a header of extents, plain or gzipped.
#ifndef SQWA_IO_IDX_HPP
#define SQWA_IO_IDX_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/gzip.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// An array of bytes as an IDX file holds it, slowest index first.
struct idx_array {
  shape extents;
  std::vector<std::uint8_t> values;
};

namespace detail {

/// The bytes of an IDX file in order, inflated on the way where the file is gzipped.
class idx_source {
 public:
  explicit idx_source(std::filesystem::path const& path) : file_(path), bytes_(file_.bytes()) {
    if (is_gzip(bytes_)) gzip_.emplace(path, bytes_);
  }

  std::size_t read(std::span<std::byte> out) {
    if (gzip_) return gzip_->read(out);
    std::size_t const n = std::min(out.size(), bytes_.size() - at_);
    std::ranges::copy(bytes_.subspan(at_, n), out.begin());
    at_ += n;
    return n;
  }

  /// No file of this size holds more bytes.
  [[nodiscard]] std::uint64_t most() const noexcept {
    return gzip_ ? bytes_.size() * gzip_reader::max_ratio : bytes_.size();
  }

 private:
  mapped_file file_;
  std::span<std::byte const> bytes_;
  std::optional<gzip_reader> gzip_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// Reads one IDX file of unsigned bytes, of rank 1 to 4, plain or gzipped.
///
/// Throws `error` for a file of another kind, type or rank, and where header and size disagree. Memory: its
/// values; gzipped values are inflated a mebibyte at a time, so that no header can ask for more than comes.
[[nodiscard]] inline idx_array read_idx_file(std::filesystem::path const& path) {
  detail::idx_source source(path);
  std::array<std::byte, 4> word;
  std::uint64_t at = 0;
  auto const next = [&](char const* expected) {
    if (std::size_t const n = source.read(word); n != word.size()) {
      throw error(path, at + n, expected, "the end of the file");
    }
    at += word.size();
    std::uint32_t value = 0;
    for (std::byte b : word) value = value << 8 | std::to_integer<std::uint32_t>(b);
    return value;
  };

  std::uint32_t const magic = next("the four bytes with which IDX files begin");
  std::uint32_t const rank = magic & 0xFF;
  if (magic >> 16 != 0) throw error(path, 0, "an IDX file: two zero bytes", std::to_string(magic >> 16));
  if ((magic >> 8) != 0x08)
    throw error(path, 2, "values of type 8 (unsigned bytes)", "type " + std::to_string(magic >> 8));
  if (rank < 1 || rank > 4) throw error(path, 3, "1 to 4 extents", std::to_string(rank));

  std::array<std::size_t, 4> extents{};
  std::uint64_t one = 1;  // bytes of one of the first axis, or more than any file could hold, even where there is none
  for (std::size_t axis = 0; axis != rank; ++axis) {
    extents[axis] = next("an extent");
    if (axis == 0) continue;
    if (extents[axis] == 0) throw error(path, at - 4, "an extent above 0", "0");
    one = one > source.most() / extents[axis] ? source.most() + 1 : one * extents[axis];
  }
  if (one > source.most() || extents[0] > source.most() / one || extents[0] * one + at > source.most()) {
    throw error(path, 4, "extents that fit in the file", "a header that asks for more bytes than the file can hold");
  }
  std::uint64_t const total = extents[0] * one;

  idx_array result{shape(std::span(extents).first(rank)), {}};
  while (result.values.size() != total) {
    constexpr std::uint64_t piece = 1 << 20;
    std::size_t const old = result.values.size();
    result.values.resize(old + static_cast<std::size_t>(std::min(piece, total - old)));
    std::size_t const n = source.read(std::as_writable_bytes(std::span(result.values).subspan(old)));
    if (old + n != result.values.size()) {
      throw error(path, at + old + n, std::to_string(total) + " bytes of values", "the end of the file");
    }
  }
  if (source.read(std::span(word).first(1)) != 0) throw error(path, at + total, "the end of the file", "more bytes");
  return result;
}

namespace detail {

/// The first of `names`, as it is or with .gz, that stands in the directory.
inline std::filesystem::path find_idx(std::filesystem::path const& directory, std::span<std::string const> names) {
  std::string looked_for;
  for (std::string const& name : names) {
    for (char const* ending : {"", ".gz"}) {
      std::error_code ignored;
      if (std::filesystem::exists(directory / (name + ending), ignored)) return directory / (name + ending);
      looked_for += (looked_for.empty() ? "" : ", ") + name + ending;
    }
  }
  throw error(directory, 0, "one of the files " + looked_for, "none of them");
}

inline nn::data_set read_idx_part(std::filesystem::path const& directory, std::string const& part) {
  std::array const image_names{part + "-images-idx3-ubyte", part + "-images-idx4-ubyte"};
  std::array const label_names{part + "-labels-idx1-ubyte"};
  auto const image_path = find_idx(directory, image_names);
  auto const label_path = find_idx(directory, label_names);
  idx_array const images = read_idx_file(image_path);
  idx_array const labels = read_idx_file(label_path);
  auto const& e = images.extents;
  if (e.rank() < 3) throw error(image_path, 3, "images: 3 or 4 extents", std::to_string(e.rank()));
  if (labels.extents.rank() != 1) throw error(label_path, 3, "labels: 1 extent", std::to_string(labels.extents.rank()));
  if (labels.values.size() != e[0]) {
    throw error(label_path, 4, "as many labels as there are images, " + std::to_string(e[0]),
                std::to_string(labels.values.size()));
  }

  nn::data_set set;
  set.images.resize({e[0], e[1], e[2], e.rank() == 4 ? e[3] : 1});
  std::ranges::copy(images.values, set.images.data());
  set.labels.resize({labels.values.size()});
  std::ranges::copy(labels.values, set.labels.data());
  for (std::size_t label : labels.values) set.classes = std::max(set.classes, label + 1);
  return set;
}

}  // namespace detail

/// Reads the four files of an image data set from a directory: {train,t10k}-images-idx3-ubyte (or idx4, with channels
/// last) and {train,t10k}-labels-idx1-ubyte, each as it is or with .gz.
///
/// Both sets have the same extents and the same number of classes, the largest label of either + 1. Throws `error` when
/// a file is missing, damaged or mislabelled, when counts differ, and when the two sets do not fit together.
[[nodiscard]] inline nn::data_sets read_idx(std::filesystem::path const& directory) {
  nn::data_sets sets{detail::read_idx_part(directory, "train"), detail::read_idx_part(directory, "t10k")};
  auto const& a = sets.train.images.shape();
  auto const& b = sets.test.images.shape();
  if (!std::equal(a.begin() + 1, a.end(), b.begin() + 1)) {
    auto const text = [](auto const& e) {
      return std::to_string(e[1]) + "x" + std::to_string(e[2]) + "x" + std::to_string(e[3]);
    };
    throw error(directory, 8, "test images of " + text(a) + " as in the training set", text(b));
  }
  sets.train.classes = sets.test.classes = std::max(sets.train.classes, sets.test.classes);
  return sets;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
