// SPDX-License-Identifier: BSD-3-Clause
// PNG files of every kind, written by libpng, for the tests of their readers.
#ifndef SQWA_TESTS_IO_PNG_FILES_HPP
#define SQWA_TESTS_IO_PNG_FILES_HPP

#include "io/files.hpp"

#include <png.h>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <vector>

namespace test {

/// What a PNG file is to hold. Samples are one byte each; with 16 bits, two, the higher first; with fewer than 8 bits,
/// packed, and each row begins with a byte of its own.
struct png {
  std::size_t rows = 0;
  std::size_t columns = 0;
  int color = PNG_COLOR_TYPE_RGB;
  std::vector<std::uint8_t> samples;
  int depth = 8;
  bool interlaced = false;
  std::vector<png_color> palette{};
  std::vector<std::uint8_t> palette_alpha{};
  double gamma = 0;  // 0: none is stated
};

[[noreturn]] inline void png_failed(png_structp, png_const_charp message) { throw std::runtime_error(message); }

inline bytes png_file(png const& image) {
  bytes file;
  png_structp out = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, &png_failed, nullptr);
  png_infop info = png_create_info_struct(out);
  if (info == nullptr) throw std::bad_alloc();
  png_set_write_fn(
      out, &file,
      [](png_structp p, png_bytep data, std::size_t n) {
        auto& to = *static_cast<bytes*>(png_get_io_ptr(p));
        for (std::size_t i = 0; i != n; ++i) to.push_back(static_cast<std::byte>(data[i]));
      },
      nullptr);
  png_set_IHDR(out, info, static_cast<png_uint_32>(image.columns), static_cast<png_uint_32>(image.rows), image.depth,
               image.color, image.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (!image.palette.empty()) png_set_PLTE(out, info, image.palette.data(), static_cast<int>(image.palette.size()));
  if (!image.palette_alpha.empty()) {
    png_set_tRNS(out, info, image.palette_alpha.data(), static_cast<int>(image.palette_alpha.size()), nullptr);
  }
  if (image.gamma != 0) png_set_gAMA(out, info, image.gamma);
  png_write_info(out, info);
  std::size_t const row = image.samples.size() / image.rows;
  std::vector<png_bytep> rows;
  for (std::size_t y = 0; y != image.rows; ++y) {
    rows.push_back(const_cast<png_bytep>(image.samples.data() + y * row));
  }
  png_write_image(out, rows.data());
  png_write_end(out, nullptr);
  png_destroy_write_struct(&out, &info);
  return file;
}

}  // namespace test

#endif
