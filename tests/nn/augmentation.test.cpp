// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/augmentation.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

nn::normalization numbers(std::size_t channels) {
  std::vector<double> mean, deviation;
  for (std::size_t c = 0; c != channels; ++c) {
    mean.push_back(100.5 + static_cast<double>(c));
    deviation.push_back(10 + static_cast<double>(c));
  }
  return {mean, deviation};
}

/// Pixel by pixel, as the comment of `image_view` says.
std::vector<float> expected(std::vector<std::uint8_t> const& bytes, nn::image_extents e, std::size_t channels,
                            nn::image_view const& v) {
  std::vector<float> out;
  for (std::size_t y = 0; y != e.rows; ++y) {
    for (std::size_t x = 0; x != e.columns; ++x) {
      for (std::size_t c = 0; c != channels; ++c) {
        auto const row = static_cast<std::ptrdiff_t>(y) + v.row;
        auto const column = static_cast<std::ptrdiff_t>(v.mirrored ? e.columns - 1 - x : x) + v.column;
        bool const inside = row >= 0 && row < static_cast<std::ptrdiff_t>(e.rows) && column >= 0 &&
                            column < static_cast<std::ptrdiff_t>(e.columns);
        auto const at = (static_cast<std::size_t>(row) * e.columns + static_cast<std::size_t>(column)) * channels + c;
        double const byte = inside ? bytes[at] : 0;
        bool const hole = y >= v.hole_top && y < v.hole_bottom && x >= v.hole_left && x < v.hole_right;
        auto const k = static_cast<double>(c);
        out.push_back(hole ? 0.0F : static_cast<float>((byte - (100.5 + k)) / (10 + k)));
      }
    }
  }
  return out;
}

/// How often `f(view)` gives each value below `n` over many positions.
template <class F>
std::vector<int> counts(nn::augmentation const& a, nn::image_extents image, std::size_t n, F f, int positions) {
  std::vector<int> seen(n);
  for (int p = 0; p != positions; ++p) ++seen[f(a(7, static_cast<std::uint64_t>(p), image))];
  return seen;
}

/// Whether all counts lie within five standard deviations of equal chances.
bool about_equal(std::vector<int> const& seen, int total) {
  double const p = 1 / static_cast<double>(seen.size()), mean = total * p;
  double const deviation = std::sqrt(mean * (1 - p));
  return std::ranges::all_of(seen, [&](int n) { return std::abs(n - mean) < 5 * deviation; });
}

}  // namespace

TEST_CASE("show: every view is what its definition says, pixel by pixel") {
  for (std::size_t const channels : {1U, 3U, 2U}) {
    nn::image_extents const e{4, 5};
    std::vector<std::uint8_t> bytes(e.rows * e.columns * channels);
    for (std::size_t i = 0; i != bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 59 + 1);
    auto const n = numbers(channels);
    std::size_t wrong = 0;
    for (std::ptrdiff_t row = -4; row <= 4; ++row) {
      for (std::ptrdiff_t column = -5; column <= 5; ++column) {
        for (bool mirrored : {false, true}) {
          for (auto const& [top, bottom, left, right] :
               {std::array<std::size_t, 4>{}, {0, 4, 0, 5}, {1, 3, 2, 4}, {3, 4, 0, 1}}) {
            nn::image_view const v{row, column, mirrored, top, bottom, left, right};
            std::vector<float> out(bytes.size(), std::numeric_limits<float>::quiet_NaN());
            nn::show(bytes, e, v, n, out);
            wrong += out != expected(bytes, e, channels, v);
          }
        }
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("augmentation: none shows the image as it is") {
  nn::augmentation const none;
  CHECK(none(1, 2, {8, 8}) == nn::image_view{});
  std::vector<std::uint8_t> const bytes{0, 50, 100, 150, 200, 250};
  std::vector<float> shown(6), plain(6);
  auto const n = numbers(1);
  nn::show(bytes, {2, 3}, {}, n, shown);
  n.apply(bytes, plain);
  CHECK(shown == plain);
}

TEST_CASE("random_crop: every pair of offsets comes up about equally often, none beyond the padding") {
  nn::augmentation const a{.crop = nn::random_crop{2}};
  auto const offset = [](nn::image_view const& v) {
    CHECK(std::abs(v.row) <= 2);
    CHECK(std::abs(v.column) <= 2);
    return static_cast<std::size_t>((v.row + 2) * 5 + v.column + 2);
  };
  CHECK(about_equal(counts(a, {8, 8}, 25, offset, 20'000), 20'000));
  CHECK(nn::augmentation{.crop = nn::random_crop{0}}(1, 2, {8, 8}) == nn::image_view{});
}

TEST_CASE("horizontal_flip: mirrors as often as its probability says, never at 0, always at 1") {
  auto const mirrored = [](float probability) {
    return counts(
        {.flip = nn::horizontal_flip{probability}}, {8, 8}, 2, [](auto const& v) { return v.mirrored; }, 10'000)[1];
  };
  CHECK(std::abs(mirrored(0.5F) - 5'000) < 250);
  CHECK(std::abs(mirrored(0.1F) - 1'000) < 150);
  CHECK(mirrored(0) == 0);
  CHECK(mirrored(1) == 10'000);
}

TEST_CASE("cutout: the centre is any pixel equally often, and what lies outside is cut off") {
  nn::image_extents const image{6, 8};
  for (std::uint32_t const side : {4U, 3U, 1U}) {
    // A hole of even side with its centre at y covers rows [y - side / 2, y + side / 2), as in the authors' program.
    auto const expected_at = [&](std::size_t centre, std::size_t end) {
      std::ptrdiff_t const first = static_cast<std::ptrdiff_t>(centre) - side / 2, last = first + side;
      return std::pair(std::max<std::ptrdiff_t>(first, 0),
                       std::min<std::ptrdiff_t>(last, static_cast<std::ptrdiff_t>(end)));
    };
    std::vector<int> seen(48);
    for (std::uint64_t p = 0; p != 20'000; ++p) {
      auto const v = nn::augmentation{.hole = nn::cutout{side}}(3, p, image);
      CHECK(v.row == 0);
      for (std::size_t y = 0; y != 6; ++y) {
        for (std::size_t x = 0; x != 8; ++x) {
          seen[y * 8 + x] +=
              expected_at(y, 6) == std::pair<std::ptrdiff_t, std::ptrdiff_t>(v.hole_top, v.hole_bottom) &&
              expected_at(x, 8) == std::pair<std::ptrdiff_t, std::ptrdiff_t>(v.hole_left, v.hole_right);
        }
      }
    }
    CHECK(about_equal(seen, 20'000));
  }
}

TEST_CASE("augmentation: a pure function of seed and position, and no policy moves what another one draws") {
  nn::augmentation const all{.crop = nn::random_crop{4}, .flip = nn::horizontal_flip{}, .hole = nn::cutout{8}};
  nn::image_extents const image{32, 32};
  int same_position = 0, same_seed = 0;
  for (std::uint64_t p = 0; p != 1'000; ++p) {
    auto const view = all(1, p, image);
    CHECK(view == all(1, p, image));
    same_position += view == all(2, p, image);
    same_seed += view == all(1, p + 1, image);
    auto const crop = nn::augmentation{.crop = all.crop}(1, p, image);
    auto const flip = nn::augmentation{.flip = all.flip}(1, p, image);
    auto hole = nn::augmentation{.hole = all.hole}(1, p, image);
    hole.row = crop.row;
    hole.column = crop.column;
    hole.mirrored = flip.mirrored;
    CHECK(hole == view);
  }
  CHECK(same_position < 5);
  CHECK(same_seed < 5);
}

TEST_CASE("augmentation: offsets, mirrors and holes are drawn independently of each other") {
  nn::augmentation const all{.crop = nn::random_crop{1}, .flip = nn::horizontal_flip{}, .hole = nn::cutout{1}};
  auto const joint = [](nn::image_view const& v) {
    auto const crop = static_cast<std::size_t>((v.row + 1) * 3 + v.column + 1);
    return ((crop * 2 + v.mirrored) * 2 + v.hole_top) * 2 + v.hole_left;
  };
  CHECK(about_equal(counts(all, {2, 2}, 72, joint, 40'000), 40'000));
}

TEST_CASE("augmentation: what does not suit the images is refused with its numbers") {
  nn::image_extents const image{6, 8};
  auto const refused = [&](nn::augmentation const& a, char const* words) {
    return test::refuses([&] { a.check(image); }, words);
  };
  nn::augmentation{.crop = nn::random_crop{5}, .flip = nn::horizontal_flip{1}, .hole = nn::cutout{6}}.check(image);
  CHECK(refused({.crop = nn::random_crop{6}}, "a padding of 6 pixels for images of 6 x 8"));
  CHECK(refused({.flip = nn::horizontal_flip{1.5F}}, "a probability of 1.5"));
  CHECK(refused({.flip = nn::horizontal_flip{-0.1F}}, "a probability"));
  CHECK(refused({.flip = nn::horizontal_flip{std::numeric_limits<float>::quiet_NaN()}}, "a probability"));
  CHECK(refused({.hole = nn::cutout{7}}, "a square of 7 pixels for images of 6 x 8"));
}

}  // namespace SQWA_TEST_FILE
