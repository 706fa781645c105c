// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/png.hpp>

#include "io/files.hpp"
#include "io/png_files.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using samples = std::vector<std::uint8_t>;

samples read(test::png const& image, std::size_t channels) {
  test::folder const here("png");
  test::put(here / "a.png", test::png_file(image));
  auto const pixels = sqwa::io::read_png(here / "a.png", channels);
  CHECK(pixels.shape() == std::array{image.rows, image.columns, channels});
  return {pixels.begin(), pixels.end()};
}

/// 5x3 pixels of noise.
test::png picture() {
  test::png image{.rows = 3, .columns = 5, .samples = samples(45)};
  for (std::size_t i = 0; i != 45; ++i) image.samples[i] = static_cast<std::uint8_t>(i * 101 + i * i);
  return image;
}

}  // namespace

TEST_CASE("read_png: colours come as they are stored, interlaced or not, whatever gamma the file states") {
  auto image = picture();
  for (bool interlaced : {false, true}) {
    for (double gamma : {0.0, 1.0, 0.45455, 0.1}) {
      image.interlaced = interlaced;
      image.gamma = gamma;
      CHECK(read(image, 3) == image.samples);
    }
  }
}

TEST_CASE(
    "read_png: one channel of colours is their luma rounded down, whatever gamma the file states, and grey stays as it "
    "is") {
  auto image = picture();
  for (double gamma : {0.0, 1.0, 0.45455}) {
    image.gamma = gamma;
    auto const grey = read(image, 1);
    REQUIRE(grey.size() == 15);
    for (std::size_t i = 0; i != 15; ++i) {
      auto const* c = image.samples.data() + 3 * i;
      double const luma = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
      CHECK(grey[i] < luma + 0.02);
      CHECK(grey[i] > luma - 1);
    }
  }
  test::png const grey{.rows = 2, .columns = 2, .color = PNG_COLOR_TYPE_GRAY, .samples = {0, 77, 200, 255}};
  CHECK(read(grey, 1) == grey.samples);
  CHECK(read(grey, 3) == samples{0, 0, 0, 77, 77, 77, 200, 200, 200, 255, 255, 255});
  test::png const equal{.rows = 1, .columns = 2, .samples = {9, 9, 9, 254, 254, 254}};
  CHECK(read(equal, 1) == samples{9, 254});
}

TEST_CASE("read_png: palettes and fewer than eight bits are expanded") {
  test::png const palette{.rows = 2,
                          .columns = 2,
                          .color = PNG_COLOR_TYPE_PALETTE,
                          .samples = {0, 1, 2, 1},
                          .palette = {{1, 2, 3}, {40, 40, 40}, {255, 0, 7}},
                          .palette_alpha = {0, 128}};
  CHECK(read(palette, 3) == samples{1, 2, 3, 40, 40, 40, 255, 0, 7, 40, 40, 40});
  CHECK(read(palette, 1)[1] == 40);
  test::png const bits{
      .rows = 2, .columns = 3, .color = PNG_COLOR_TYPE_GRAY, .samples = {0b10100000, 0b01000000}, .depth = 1};
  CHECK(read(bits, 1) == samples{255, 0, 255, 0, 255, 0});
  test::png const fours{.rows = 1, .columns = 3, .color = PNG_COLOR_TYPE_GRAY, .samples = {0x0F, 0x70}, .depth = 4};
  CHECK(read(fours, 1) == samples{0, 255, 119});
}

TEST_CASE("read_png: sixteen bits are scaled to the nearest of eight") {
  test::png grey{.rows = 1, .columns = 256, .color = PNG_COLOR_TYPE_GRAY, .samples = {}, .depth = 16};
  samples expected;
  for (unsigned i = 0; i != 256; ++i) {
    unsigned const v = i * 257 + (i == 255 ? 0 : 128);  // 128 of 257 above the byte: still its own
    grey.samples.push_back(static_cast<std::uint8_t>(v >> 8));
    grey.samples.push_back(static_cast<std::uint8_t>(v));
    expected.push_back(static_cast<std::uint8_t>(i));
  }
  CHECK(read(grey, 1) == expected);
}

TEST_CASE("read_png: transparency is left out, and what lies under it is seen") {
  test::png const rgba{
      .rows = 1, .columns = 2, .color = PNG_COLOR_TYPE_RGB_ALPHA, .samples = {1, 2, 3, 0, 4, 5, 6, 99}};
  CHECK(read(rgba, 3) == samples{1, 2, 3, 4, 5, 6});
  test::png const grey{.rows = 1, .columns = 2, .color = PNG_COLOR_TYPE_GRAY_ALPHA, .samples = {11, 0, 22, 255}};
  CHECK(read(grey, 1) == samples{11, 22});
  CHECK(read(grey, 3) == samples{11, 11, 11, 22, 22, 22});
}

TEST_CASE("read_png: every truncation, every changed byte and bytes behind the image are refused") {
  test::folder const here("png-cut");
  auto const path = here / "a.png";
  auto const whole = test::png_file(picture());
  auto const refused = [&](test::bytes const& file, char const* words) {
    test::put(path, file);
    return test::refused([&] { (void)sqwa::io::read_png(path, 3); }, words, path);
  };
  for (std::size_t n = 0; n != whole.size(); ++n) {
    CHECK(refused(test::bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)), "expected"));
  }
  for (std::size_t i = 0; i != whole.size(); ++i) {
    for (int flip : {1, 0x20, 0xFF}) {
      auto file = whole;
      file[i] ^= static_cast<std::byte>(flip);
      CHECK_MESSAGE(refused(file, "expected"), "byte " << i << " changed by " << flip);
    }
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  CHECK(refused(longer, "expected the end of the file, found 1 bytes more"));
  CHECK(refused(test::text("GIF89a and so on"), "expected a PNG image, found Not a PNG file"));
}

TEST_CASE("read_png: a header that asks for more than the file can hold is refused before anything is allocated") {
  test::folder const here("png-greedy");
  auto file = test::png_file(picture());
  for (std::size_t at : {16U, 20U}) {  // a million columns, a million rows
    file[at + 1] = std::byte{0x0F};
    file[at + 2] = std::byte{0x42};
    file[at + 3] = std::byte{0x40};
  }
  auto const sum = crc32_z(0, reinterpret_cast<Bytef const*>(file.data()) + 12, 17);
  for (std::size_t i = 0; i != 4; ++i) file[29 + i] = static_cast<std::byte>(sum >> (24 - 8 * i));
  test::put(here / "a.png", file);
  CHECK(test::refused([&] { (void)sqwa::io::read_png(here / "a.png", 3); },
                      "extents that the file can hold, found 1000000x1000000", here / "a.png"));
}

TEST_CASE("read_png: other numbers of channels, missing files and directories are refused") {
  test::folder const here("png-none");
  CHECK(test::refuses([] { (void)sqwa::io::read_png("a.png", 4); }, "4 channels"));
  CHECK(test::refused([&] { (void)sqwa::io::read_png(here / "a.png", 3); }, "No such file", here / "a.png"));
  CHECK(test::refused([&] { (void)sqwa::io::read_png(here.path(), 3); }, "a regular file", here.path()));
}

}  // namespace SQWA_TEST_FILE
