// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/file.hpp.
#include <sqwa/io/file.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iterator>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;

std::ptrdiff_t entries(fs::path const& directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

/// While it lives, no file may grow beyond `limit` bytes: the disk is full.
class full_disk {
 public:
  explicit full_disk(rlim_t limit) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit const now{limit, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  full_disk(full_disk const&) = delete;
  full_disk& operator=(full_disk const&) = delete;
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit old_{};
  void (*signal_)(int);
};

/// While it lives, a process of root's acts as nobody, for whom permissions count.
class nobody {
 public:
  nobody() : changed_(geteuid() == 0 && seteuid(65534) == 0) {}
  nobody(nobody const&) = delete;
  nobody& operator=(nobody const&) = delete;
  ~nobody() {
    if (changed_ && seteuid(0) != 0) std::abort();
  }
  /// Whether this process may still write where permissions forbid it.
  static bool almighty() { return geteuid() == 0; }

 private:
  bool changed_;
};

}  // namespace

TEST_CASE("file: what was written is read back, for no bytes, one and many") {
  test::folder const here("round-trip");
  for (std::size_t n : {0U, 1U, 4096U, 1'000'003U}) {
    test::bytes b(n);
    for (std::size_t i = 0; i != n; ++i) b[i] = static_cast<std::byte>(i * 7 + i / 256);
    sqwa::io::write_aside(here / "file", b);
    CHECK(sqwa::io::read_file(here / "file") == b);
    CHECK(entries(here.path()) == 1);
  }
}

TEST_CASE("write_aside: a bare file name means the current directory, and the umask decides the permissions") {
  mode_t const old = umask(027);
  sqwa::io::write_aside("io-test-bare-name", test::text("x"));
  umask(old);
  CHECK(fs::status("io-test-bare-name").permissions() == fs::perms(0640));
  fs::remove("io-test-bare-name");
}

TEST_CASE("read_file: a missing file, a directory and a device are refused by name") {
  test::folder const here("strange");
  CHECK(test::refused([&] { (void)sqwa::io::read_file(here / "none"); }, "No such file", here / "none"));
  CHECK(test::refused([&] { (void)sqwa::io::read_file(here.path()); }, "regular file", here.path()));
  CHECK(test::refused([&] { (void)sqwa::io::read_file("/dev/zero"); }, "regular file", "/dev/zero"));
  REQUIRE(mkfifo((here / "pipe").c_str(), 0600) == 0);
  CHECK(test::refused([&] { (void)sqwa::io::read_file(here / "pipe"); }, "regular file", here / "pipe"));
}

TEST_CASE("write_aside: when the disk is full, the old file survives and nothing else is left") {
  test::folder const here("full");
  auto const old = test::text("the old content");
  test::put(here / "file", old);
  bool refused = false;
  {
    full_disk const limit(1000);
    refused = test::refused([&] { sqwa::io::write_aside(here / "file", test::bytes(5000)); }, "room for 5000 bytes",
                            here / "file");
  }
  CHECK(refused);
  CHECK(sqwa::io::read_file(here / "file") == old);
  CHECK(entries(here.path()) == 1);
}

TEST_CASE("write_aside: a directory that is missing, is a file, or forbids writing is refused, and the file survives") {
  test::folder const here("unwritable");
  auto const old = test::text("the old content");
  test::put(here / "file", old);
  auto const write = [](fs::path const& p) { return [p] { sqwa::io::write_aside(p, test::bytes(10)); }; };
  CHECK(test::refused(write(here / "none/file"), "directory", here / "none/file"));
  CHECK(test::refused(write(here / "file/file"), "directory", here / "file/file"));
  fs::permissions(here.path(), fs::perms(0555));
  bool refused = false;
  bool meant = false;
  {
    nobody const user;
    meant = !nobody::almighty();
    refused = meant && test::refused(write(here / "file"), "directory that can be written", here / "file");
  }
  fs::permissions(here.path(), fs::perms(0755));
  CHECK(refused == meant);
  CHECK(sqwa::io::read_file(here / "file") == old);
  CHECK(entries(here.path()) == 1);
}

TEST_CASE("write_aside: a directory or a device is not replaced") {
  test::folder const here("devices");
  fs::create_directory(here / "sub");
  CHECK(test::refused([&] { sqwa::io::write_aside(here / "sub", {}); }, "regular file to replace", here / "sub"));
  CHECK(test::refused([&] { sqwa::io::write_aside("/dev/null", {}); }, "regular file to replace", "/dev/null"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("write_aside: a symbolic link to a file that is not there yet stays, and the file comes to be") {
  test::folder const here("dangling");
  fs::create_directory(here / "sub");
  fs::create_symlink("sub/real", here / "link");
  fs::create_symlink("link", here / "second");
  sqwa::io::write_aside(here / "second", test::text("new"));
  CHECK(fs::is_symlink(here / "second"));
  CHECK(fs::is_symlink(here / "link"));
  CHECK(sqwa::io::read_file(here / "sub/real") == test::text("new"));
}

TEST_CASE("write_aside: a symbolic link stays, and its target is replaced") {
  test::folder const here("link");
  fs::create_directory(here / "sub");
  test::put(here / "sub/real", test::text("old"));
  fs::create_symlink("sub/real", here / "link");
  sqwa::io::write_aside(here / "link", test::text("new"));
  CHECK(fs::is_symlink(here / "link"));
  CHECK(sqwa::io::read_file(here / "sub/real") == test::text("new"));
  CHECK(entries(here.path()) == 2);
}

}  // namespace SQWA_TEST_FILE
