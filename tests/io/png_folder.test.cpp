// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/png_folder.hpp>

#include "io/files.hpp"
#include "io/png_files.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;
namespace io = sqwa::io;

struct folder : test::folder {
  using test::folder::folder;

  /// Puts a grey picture of this value.
  void put(std::string const& name, std::uint8_t value, std::size_t rows = 2, std::size_t columns = 3) const {
    fs::create_directories((*this / name).parent_path());
    test::put(*this / name, test::png_file({.rows = rows,
                                            .columns = columns,
                                            .color = PNG_COLOR_TYPE_GRAY,
                                            .samples = std::vector<std::uint8_t>(rows * columns, value)}));
  }
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("read_png_folder: classes and images in the order of their names, other files left out") {
  folder const here("png-folder");
  here.put("dog/9.png", 3);
  here.put("dog/10.png", 2);
  here.put("cat/b.png", 1);
  here.put("cat/a.png", 0);
  here.put("Zebra/z.png", 4);
  here.put("cat/.hidden.png", 99);
  here.put(".trash/x.png", 99);
  test::put(here / "notes.txt", test::text("no folder"));
  test::put(here / "cat/notes.txt", test::text("no image"));
  auto const [set, classes] = io::read_png_folder(here.path(), 3);
  CHECK(classes == names{"Zebra", "cat", "dog"});
  CHECK(set.classes == 3);
  CHECK(set.images.shape() == std::array<std::size_t, 4>{5, 2, 3, 3});
  CHECK(std::ranges::equal(set.labels, std::vector{0, 1, 1, 2, 2}));
  for (std::size_t i = 0; i != 5; ++i) {
    std::array const value{4, 0, 1, 2, 3};  // of each image, all over
    CHECK(std::ranges::count(set.images.data() + i * 18, set.images.data() + (i + 1) * 18, value[i]) == 18);
  }
  CHECK(io::read_png_folder(here.path(), 1).set.images.shape(3) == 1);
}

TEST_CASE("read_png_folder: given classes keep their labels, also where some have no folder") {
  folder const here("png-folder-classes");
  here.put("dog/a.png", 1);
  here.put("ant/a.png", 2);
  auto const [set, classes] = io::read_png_folder(here.path(), 1, {"dog", "cat", "ant"});
  CHECK(classes == names{"dog", "cat", "ant"});
  CHECK(set.classes == 3);
  CHECK(std::ranges::equal(set.labels, std::vector{2, 0}));
  CHECK(test::refused(
      [&] {
        (void)io::read_png_folder(here.path(), 1, {"dog", "cat"});
      },
      "the name of a class", here / "ant"));
}

TEST_CASE("read_png_folder: the first image of other extents is named, with those that were expected") {
  folder const here("png-folder-sizes");
  here.put("a/1.png", 1);
  here.put("a/2.png", 1);
  here.put("b/1.png", 1, 3, 2);
  here.put("b/2.png", 1, 4, 4);
  auto const read = [&] { (void)io::read_png_folder(here.path(), 1); };
  CHECK(test::refused(read, "expected 3x2 pixels as in " + (here / "a/1.png").string() + ", found 2x3",
                      here / "b/1.png"));
}

TEST_CASE("read_png_folder: damaged images, folders without images and directories without folders are refused") {
  folder const here("png-folder-bad");
  auto const read = [&] { (void)io::read_png_folder(here.path(), 1); };
  CHECK(test::refused(read, "a folder for each of 1 to 256 classes, found 0", here.path()));
  here.put("a/1.png", 1);
  fs::create_directory(here / "b");
  CHECK(test::refused(read, "files whose names end in .png", here / "b"));
  auto file = test::png_file({.rows = 2, .columns = 3, .color = PNG_COLOR_TYPE_GRAY, .samples = {1, 2, 3, 4, 5, 6}});
  file[file.size() - 20] ^= std::byte{1};  // in the pixels: the header is sound
  test::put(here / "b/1.png", file);
  CHECK(test::refused(read, "a PNG image", here / "b/1.png"));
  CHECK(test::refused([] { (void)io::read_png_folder("io-test-none", 1); }, "a directory", "io-test-none"));
  CHECK(test::refuses([&] { (void)io::read_png_folder(here.path(), 2); }, "2 channels"));
  for (int i = 0; i != 256; ++i) fs::create_directory(here / ("more" + std::to_string(i)));
  CHECK(test::refused(read, "found 258", here.path()));
}

}  // namespace SQWA_TEST_FILE
