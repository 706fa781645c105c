// SPDX-License-Identifier: BSD-3-Clause
// PNG images as bytes of one or three channels, through libpng.
#ifndef SQWA_IO_PNG_HPP
#define SQWA_IO_PNG_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/gzip.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <png.h>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// One PNG file: its extents, and then its pixels.
///
/// The bytes of the file must outlive the object. Offsets of errors say how far libpng had read. Memory: libpng's, some
/// rows of the image and 40 KiB.
class png_reader {
 public:
  /// @pre channels is 1 or 3
  png_reader(std::filesystem::path path, std::span<std::byte const> file, std::size_t channels)
      : path_(std::move(path)), file_(file), rest_(file), row_(channels) {
    attempt([this] {
      png_set_read_fn(lib_.png, this, [](png_structp png, png_bytep to, std::size_t n) {
        auto& rest = static_cast<png_reader*>(png_get_io_ptr(png))->rest_;
        if (n > rest.size()) png_error(png, "the end of the file");
        std::memcpy(to, rest.data(), n);
        rest = rest.subspan(n);
      });
      png_set_crc_action(lib_.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
      png_set_keep_unknown_chunks(lib_.png, PNG_HANDLE_CHUNK_NEVER, reinterpret_cast<png_const_bytep>(colour_chunks),
                                  4);
      png_read_info(lib_.png, lib_.info);
    });
    rows_ = png_get_image_height(lib_.png, lib_.info);
    columns_ = png_get_image_width(lib_.png, lib_.info);
    std::size_t const bits =
        std::size_t{png_get_bit_depth(lib_.png, lib_.info)} * png_get_channels(lib_.png, lib_.info);
    if (rows_ * (1 + columns_ * bits / 8) > file.size() * gzip_reader::max_ratio) {  // a byte of filter for each row
      throw error(path_, 16, "extents that the file can hold", std::to_string(columns_) + "x" + std::to_string(rows_));
    }
    row_ = columns_ * channels;
    attempt([this, channels] {
      png_set_expand(lib_.png);  // palettes, less than 8 bits, transparent colours
      png_set_scale_16(lib_.png);
      png_set_strip_alpha(lib_.png);
      if (channels == 3) png_set_gray_to_rgb(lib_.png);
      if (channels == 1) png_set_rgb_to_gray_fixed(lib_.png, PNG_ERROR_ACTION_NONE, red_weight, green_weight);
      passes_ = png_set_interlace_handling(lib_.png);
      png_read_update_info(lib_.png, lib_.info);
      if (png_get_rowbytes(lib_.png, lib_.info) != row_) png_error(lib_.png, "pixels of another kind");
    });
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }

  /// The pixels, row after row. To be called once.
  /// @pre out.size() == rows() * columns() * channels
  void read(std::span<std::uint8_t> out) {
    attempt([this, out] {
      for (int pass = 0; pass != passes_; ++pass) {
        for (std::size_t y = 0; y != rows_; ++y) png_read_row(lib_.png, out.data() + y * row_, nullptr);
      }
      png_read_end(lib_.png, nullptr);
    });
    if (!rest_.empty()) {
      throw error(path_, offset(), "the end of the file", std::to_string(rest_.size()) + " bytes more");
    }
  }

 private:
  // Gamma and colour spaces are not looked at: samples are taken as they are stored.
  static constexpr char colour_chunks[] = "gAMA\0sRGB\0iCCP\0cHRM";
  static constexpr png_fixed_point red_weight = 29'900, green_weight = 58'700;  // of 100,000: ITU-R BT.601's luma

  struct library {
    explicit library(png_reader* owner)
        : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, owner, &png_reader::keep_message,
                                     [](png_structp, png_const_charp) {})) {
      if (png != nullptr) info = png_create_info_struct(png);
      if (info != nullptr) return;
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw std::bad_alloc();
    }
    library(library const&) = delete;
    library& operator=(library const&) = delete;
    ~library() { png_destroy_read_struct(&png, &info, nullptr); }

    png_structp png;
    png_infop info = nullptr;
  };

  [[noreturn]] static void keep_message(png_structp png, png_const_charp message) {
    auto& kept = static_cast<png_reader*>(png_get_error_ptr(png))->message_;
    kept[std::string_view(message).copy(kept.data(), kept.size() - 1)] = '\0';
    png_longjmp(png, 1);
  }

  /// Calls `steps`, which calls libpng. An error leaves `steps` by a jump: it must hold nothing that has a destructor.
  template <class Steps>
  void attempt(Steps const& steps) {
    if (setjmp(png_jmpbuf(lib_.png)) == 0) {
      steps();
    } else {
      throw error(path_, offset(), "a PNG image", message_.data());
    }
  }

  [[nodiscard]] std::size_t offset() const noexcept { return file_.size() - rest_.size(); }

  std::filesystem::path path_;
  std::span<std::byte const> file_, rest_;
  std::array<char, 128> message_{};
  std::size_t rows_ = 0, columns_ = 0;
  std::size_t row_;  // bytes
  int passes_ = 1;
  library lib_{this};
};

}  // namespace detail

/// Reads a PNG file of any kind as bytes: row, column, channel.
///
/// Palettes and fewer than 8 bits are expanded, 16 bits scaled to 8, transparency left out: what lies under it is seen.
/// Three channels repeat grey; one channel is 0.299 red + 0.587 green + 0.114 blue, rounded down. Gamma and colour
/// profiles are not looked at. Throws `error` for files that are damaged, truncated or no PNG, and for bytes behind the
/// image. Memory: the image.
/// @pre channels is 1 or 3
[[nodiscard]] inline xt::xtensor<std::uint8_t, 3> read_png(std::filesystem::path const& path, std::size_t channels) {
  expects(channels == 1 || channels == 3, "read_png: {} channels, not 1 or 3", channels);
  mapped_file const file(path);
  detail::png_reader reader(path, file.bytes(), channels);
  auto image = xt::xtensor<std::uint8_t, 3>::from_shape({reader.rows(), reader.columns(), channels});
  reader.read({image.data(), image.size()});
  return image;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
