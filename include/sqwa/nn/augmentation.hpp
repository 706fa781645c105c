// SPDX-License-Identifier: BSD-3-Clause
// Augmentation of training images: random crops, mirror images and holes, on the way from bytes to numbers.
#ifndef SQWA_NN_AUGMENTATION_HPP
#define SQWA_NN_AUGMENTATION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/nn/data.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Rows and columns of an image.
struct image_extents {
  std::size_t rows = 0;
  std::size_t columns = 0;
};

/// How one image is shown to a model: pixel (y, x) of the result is pixel (y + row, x' + column) of the image, where x'
/// is x, or columns - 1 - x in a mirror; black outside of it; and 0, the mean, in the hole.
struct image_view {
  std::ptrdiff_t row = 0;
  std::ptrdiff_t column = 0;
  bool mirrored = false;
  std::size_t hole_top = 0, hole_bottom = 0;  // rows [top, bottom),
  std::size_t hole_left = 0, hole_right = 0;  // columns [left, right)

  bool operator==(image_view const&) const = default;
};

/// Moves the image by up to `padding` pixels in each direction, every offset equally often; black comes in from
/// outside.
///
/// As torchvision's RandomCrop(size, padding) in front of ToTensor: the padding is bytes of 0, normalized like all
/// others.
struct random_crop {
  std::uint32_t padding = 4;

  void operator()(noise const& u, image_extents, image_view& view) const noexcept {
    view.row = std::ptrdiff_t{u.below(0, 2 * padding + 1)} - std::ptrdiff_t{padding};
    view.column = std::ptrdiff_t{u.below(1, 2 * padding + 1)} - std::ptrdiff_t{padding};
  }
};

/// Shows the mirror image, left and right exchanged, with this probability.
struct horizontal_flip {
  float probability = 0.5F;

  void operator()(noise const& u, image_extents, image_view& view) const noexcept {
    view.mirrored = u(2) < probability;
  }
};

/// Sets a square to 0 after normalization, which is the mean. Its centre is any pixel, equally often; the part that
/// lies outside of the image is cut off.
///
/// T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.
struct cutout {
  std::uint32_t side = 16;

  void operator()(noise const& u, image_extents image, image_view& view) const noexcept {
    auto const cut = [this](std::size_t centre, std::size_t end, std::size_t& first, std::size_t& last) {
      first = centre - std::min<std::size_t>(centre, side / 2);
      last = std::min<std::size_t>(centre + side - side / 2, end);
    };
    cut(u.below(4, static_cast<std::uint32_t>(image.rows)), image.rows, view.hole_top, view.hole_bottom);
    cut(u.below(5, static_cast<std::uint32_t>(image.columns)), image.columns, view.hole_left, view.hole_right);
  }
};

/// What is done to each training image, in this order; nothing by default.
///
/// `{.crop = random_crop{4}, .flip = horizontal_flip{}}` is the usual choice for CIFAR.
struct augmentation {
  std::optional<random_crop> crop = {};
  std::optional<horizontal_flip> flip = {};
  std::optional<cutout> hole = {};

  /// The view of the image at a position of the stream of samples: a pure function of its arguments.
  [[nodiscard]] image_view operator()(std::uint64_t seed, std::uint64_t position, image_extents image) const noexcept {
    noise const u{.seed = seed, .tensor = 0xA06E47, .step = position};  // a tensor number that no layer has
    image_view view;
    if (crop) (*crop)(u, image, view);
    if (flip) (*flip)(u, image, view);
    if (hole) (*hole)(u, image, view);
    return view;
  }

  /// @pre crops whose padding is below rows and columns: something of the image is always seen; a probability in [0,
  /// 1]; holes no larger than the image
  void check(image_extents image) const {
    expects(!crop || (crop->padding < image.rows && crop->padding < image.columns),
            "random_crop: a padding of {} pixels for images of {} x {}", crop->padding, image.rows, image.columns);
    expects(!flip || (flip->probability >= 0 && flip->probability <= 1), "horizontal_flip: a probability of {}",
            flip->probability);
    expects(!hole || (hole->side <= image.rows && hole->side <= image.columns),
            "cutout: a square of {} pixels for images of {} x {}", hole->side, image.rows, image.columns);
  }
};

/// One image of bytes, channels last, as its view in numbers.
/// @pre |view.row| <= rows, |view.column| <= columns
inline void show(std::span<std::uint8_t const> bytes, image_extents image, image_view const& view,
                 normalization const& numbers, std::span<float> out) noexcept {
  if (view == image_view{}) return numbers.apply(bytes, out);
  std::size_t const channels = numbers.channels(), row = image.columns * channels;
  auto const columns = static_cast<std::ptrdiff_t>(image.columns);
  // Of each row, pixels [first, last) are seen; in the result they begin at column `to`.
  auto const first = std::max<std::ptrdiff_t>(view.column, 0), last = std::min(columns, columns + view.column);
  auto const to = view.mirrored ? columns - (last - view.column) : first - view.column;
  auto const at = [channels](std::ptrdiff_t pixel) { return static_cast<std::size_t>(pixel) * channels; };
  std::size_t const begin = at(to), count = at(last - first);
  for (std::size_t y = 0; y != image.rows; ++y) {
    auto const line = out.subspan(y * row, row);
    auto const source = static_cast<std::ptrdiff_t>(y) + view.row;
    if (source < 0 || source >= static_cast<std::ptrdiff_t>(image.rows)) {
      numbers.apply_zeros(line);
    } else {
      auto const seen = bytes.subspan(static_cast<std::size_t>(source) * row + at(first), count);
      numbers.apply_zeros(line.first(begin));
      if (view.mirrored) {
        numbers.apply_mirrored(seen, line.subspan(begin, count));
      } else {
        numbers.apply(seen, line.subspan(begin, count));
      }
      numbers.apply_zeros(line.subspan(begin + count));
    }
    if (y >= view.hole_top && y < view.hole_bottom) {
      std::ranges::fill(line.subspan(view.hole_left * channels, (view.hole_right - view.hole_left) * channels), 0.0F);
    }
  }
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
