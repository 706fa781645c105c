// SPDX-License-Identifier: BSD-3-Clause
// A loss surface at rest: what the evaluation fills and every writer draws.
#ifndef SQWA_SURFACE_LOSS_SURFACE_HPP
#define SQWA_SURFACE_LOSS_SURFACE_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Evenly spaced coordinates along one direction of a plane: `first`, …, `last`, `count` of them.
///
/// Node i lies at first + i * (last - first) / (count - 1); a single node lies at `first`. Units: Euclidean distance in
/// the space of all weights.
struct surface_axis {
  std::string name;  ///< "x", "y"
  double first = 0, last = 1;
  std::size_t count = 51;

  /// @pre i < count
  [[nodiscard]] double at(std::size_t i) const noexcept {
    if (i == 0) return first;
    if (i + 1 == count) return last;
    return first + static_cast<double>(i) * ((last - first) / static_cast<double>(count - 1));
  }
  bool operator==(surface_axis const&) const = default;
};

/// A model that is marked in a surface: where its projection onto the plane lies, and how far it is from there.
struct marked_model {
  std::string name;     ///< "float", "average", "capture 3", …
  double x = 0, y = 0;  ///< of the orthogonal projection, in the units of the axes
  double distance = 0;  ///< Euclidean, to the plane; 0 for the models that span it
  double loss = 0;      ///< of the model itself, not of its projection
  double accuracy = 0;  ///< in percent
  bool operator==(marked_model const&) const = default;
};

/// One function over the nodes of a plane, x fastest: `loss[j * x.count + i]` belongs to (x.at(i), y.at(j)).
///
/// A loss that is not finite is kept as it is, and drawn as missing.
struct surface_values {
  std::string name;              ///< "float": the weights as they are; "projected": rounded to the quantizer's lattice
  std::vector<double> loss;      ///< mean over the samples
  std::vector<double> accuracy;  ///< in percent
  bool operator==(surface_values const&) const = default;
};

/// Loss and accuracy over a rectangle of a plane in weight space, and the models marked in it.
struct loss_surface {
  std::string title;  ///< what was evaluated: network, data, split
  surface_axis x{.name = "x"}, y{.name = "y"};
  std::vector<surface_values> surfaces;
  /// Equal numbers where two nodes round to the same low-bit model; numbered from 0 in the order of the nodes. Empty
  /// if there is no projected surface.
  std::vector<std::uint32_t> cells;
  /// How many codes differ between a node and its neighbour at x + 1 (y + 1); 0 at the last column (row). Empty as
  /// above.
  std::vector<std::uint64_t> changes_x, changes_y;
  std::vector<marked_model> models;

  [[nodiscard]] std::size_t size() const noexcept { return x.count * y.count; }
  bool operator==(loss_surface const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
