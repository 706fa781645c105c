// SPDX-License-Identifier: BSD-3-Clause
// Labelled images in memory: what the included trainer learns from and what the readers of files give.
#ifndef SQWA_NN_DATA_SET_HPP
#define SQWA_NN_DATA_SET_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Images and the class of each.
///
/// Labels lie in [0, `classes`). There are as many images as labels.
struct data_set {
  xt::xtensor<std::uint8_t, 4> images;  // sample, row, column, channel
  xt::xtensor<std::uint8_t, 1> labels;
  std::size_t classes = 0;

  /// How many samples there are.
  [[nodiscard]] std::size_t size() const noexcept { return labels.size(); }

  bool operator==(data_set const& other) const {
    return classes == other.classes && labels == other.labels && images == other.images;
  }
};

/// A data set as it is published: what is learned from, and what tells how well.
///
/// Both have images of the same extents and the same classes.
struct data_sets {
  data_set train;
  data_set test;
};

/// Samples [`first`, `last`) of `set`, as a set of their own with the same classes.
///
/// Memory: a copy of those samples.
/// @pre first <= last <= set.size()
/// @pre as many images as labels
[[nodiscard]] inline data_set slice(data_set const& set, std::size_t first, std::size_t last) {
  expects(first <= last && last <= set.size(), "slice: samples [{}, {}) of {}", first, last, set.size());
  expects(set.images.shape(0) == set.size(), "slice: {} images, but {} labels", set.images.shape(0), set.size());
  auto shape = set.images.shape();
  std::size_t const each = shape[1] * shape[2] * shape[3];
  shape[0] = last - first;
  data_set part;
  part.images.resize(shape);
  part.labels.resize({last - first});
  part.classes = set.classes;
  std::copy_n(set.images.data() + first * each, part.images.size(), part.images.data());
  std::copy_n(set.labels.data() + first, part.labels.size(), part.labels.data());
  return part;
}

namespace detail {

/// Breaks a precondition unless there is a label below `classes` for each image, and something to see.
inline data_set const& checked(data_set const& set, char const* who) {
  expects(set.size() > 0 && set.images.size() > 0, "{}: a data set of {} samples and {} pixels", who, set.size(),
          set.images.size());
  expects(set.images.shape(0) == set.size(), "{}: {} images, but {} labels", who, set.images.shape(0), set.size());
  for (std::size_t i = 0; i != set.size(); ++i) {
    expects(set.labels.data()[i] < set.classes, "{}: label {} of sample {} is not below {} classes", who,
            set.labels.data()[i], i, set.classes);
  }
  return set;
}

}  // namespace detail

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
