// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/checkpointer.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;
using namespace std::chrono_literals;

namespace SQWA_TEST_FILE {

namespace {

/// A run whose state is one number and much room.
struct counter {
  int count = 0;
  bool between = false;
  std::size_t room = 100;

  std::vector<std::byte> save() const {
    std::vector<std::byte> bytes(room);
    bytes[0] = std::byte{static_cast<unsigned char>(count)};
    return bytes;
  }
  void load(std::span<std::byte const> bytes) { count = std::to_integer<int>(bytes[0]); }
  bool between_phases() const { return between; }
};

/// Limits the size of files while it lives: what a full disk looks like to a program.
class full_disk {
 public:
  full_disk() : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    ::rlimit small = limit_;
    small.rlim_cur = 1000;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  full_disk(full_disk const&) = delete;
  full_disk& operator=(full_disk const&) = delete;
  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  ::rlimit limit_{};
  void (*before_)(int);
};

int saved_count(std::filesystem::path const& path) {
  counter c;
  io::load_checkpoint(path, c);
  return c.count;
}

}  // namespace

TEST_CASE("checkpointer: saves when its time has come, and between phases") {
  std::filesystem::path const path = "counter.checkpoint";
  std::filesystem::remove(path);
  std::chrono::duration<double> now = 100s;
  io::checkpointer keep(path, {.every = 10s}, {}, [&] { return now; });
  counter run;
  CHECK(!keep.resume(run));  // there is none yet
  now += 9s;
  CHECK(!keep.after_step(run));
  CHECK(!std::filesystem::exists(path));
  now += 1s;
  run.count = 1;
  CHECK(keep.after_step(run));
  run.count = 2;
  CHECK(!keep.after_step(run));
  CHECK(saved_count(path) == 1);
  run.between = true;
  CHECK(keep.after_step(run));
  CHECK(saved_count(path) == 2);
  run.count = 3;
  CHECK(keep.resume(run));
  CHECK(run.count == 2);
  std::filesystem::remove(path);
}

TEST_CASE("checkpointer: a full disk is told once, the last good file stays, and saving begins again") {
  std::filesystem::path const path = "full.checkpoint";
  std::filesystem::remove(path);
  std::vector<std::string> told;
  io::checkpointer keep(path, {.every = 0s}, [&](std::string const& what) { told.push_back(what); });
  counter run;
  run.count = 1;
  CHECK(keep.after_step(run));
  run.room = 100'000;
  {
    full_disk const full;
    for (int i = 0; i != 3; ++i) {
      ++run.count;
      CHECK(!keep.after_step(run));
    }
  }
  CHECK(saved_count(path) == 1);
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("no checkpoint: full.checkpoint, byte 1000: expected room for 100024 bytes"));
  CHECK(keep.after_step(run));
  CHECK(saved_count(path) == 4);
  {
    full_disk const full;
    CHECK(!keep.after_step(run));
  }
  CHECK(told.size() == 2);  // a new failure is told again
  std::size_t left = 0;
  for (auto const& entry : std::filesystem::directory_iterator(".")) {
    left += entry.path().filename().string().starts_with("full.checkpoint.new");
  }
  CHECK(left == 0);
  std::filesystem::remove(path);
}

TEST_CASE("checkpointer: what a killed writer has left is removed when its run goes on, and nothing else") {
  std::filesystem::path const path = "killed.checkpoint";
  std::vector<std::byte> const some(10);
  for (char const* name : {"killed.checkpoint.new-123-0", "killed.checkpoint.new-77-12", "killed.checkpoint.new-idea",
                           "killed.checkpoint.old", "unkilled.checkpoint.new-1-1"}) {
    io::write_aside(name, some);
  }
  std::filesystem::remove("link.checkpoint");
  std::filesystem::create_symlink(path, "link.checkpoint");  // what lies beside its target belongs to it too
  counter run;
  CHECK(!io::checkpointer("link.checkpoint").resume(run));
  CHECK(!std::filesystem::exists("killed.checkpoint.new-123-0"));
  CHECK(!std::filesystem::exists("killed.checkpoint.new-77-12"));
  for (char const* name : {"killed.checkpoint.new-idea", "killed.checkpoint.old", "unkilled.checkpoint.new-1-1"}) {
    CHECK(std::filesystem::remove(name));
  }
  std::filesystem::remove("link.checkpoint");
}

TEST_CASE("checkpointer: a file that cannot be asked for is no missing one") {
  std::filesystem::remove("endless.checkpoint");
  std::filesystem::create_symlink("endless.checkpoint", "endless.checkpoint");
  counter run;
  CHECK_THROWS_AS(io::checkpointer("endless.checkpoint").resume(run), io::error);
  std::filesystem::remove("endless.checkpoint");
}

TEST_CASE("checkpointer: a directory that is not there is told, and nothing is thrown") {
  std::vector<std::string> told;
  io::checkpointer keep("no-such-directory/run.checkpoint", {.every = 0s},
                        [&](std::string const& what) { told.push_back(what); });
  counter run;
  CHECK(!keep.after_step(run));
  CHECK(!keep.after_step(run));
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("a directory that can be written to") != std::string::npos);
  CHECK(!keep.save(run));
  CHECK(told.size() == 2);  // who asks is told
}

}  // namespace SQWA_TEST_FILE
