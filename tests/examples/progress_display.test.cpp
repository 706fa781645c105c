// SPDX-License-Identifier: BSD-3-Clause
#include <support/progress_display.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace SQWA_TEST_FILE {

namespace {

using example::progress_display;
using std::chrono::milliseconds;

/// What is written to a stream in memory.
class capture {
 public:
  capture() : file_(::open_memstream(&text_, &size_)) {}
  capture(capture const&) = delete;
  capture& operator=(capture const&) = delete;
  ~capture() {
    std::fclose(file_);
    std::free(text_);
  }
  std::FILE* file() const { return file_; }
  std::string text() const {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

constexpr progress_display::clock::time_point begin{};

sqwa::progress at(sqwa::step_index step) { return {"retrain", step, 1'000, 0.25F, 1.5}; }

}  // namespace

TEST_CASE("progress_display: a terminal's line is rewritten at most five times a second") {
  capture out;
  progress_display display({.steps = 1'000, .batch = 64, .epoch = 100}, out.file(), true, begin);
  for (int i = 0; i != 999; ++i) display.show(3, at(i), {}, begin + milliseconds(10 * (i + 1)));
  std::string const text = out.text();
  auto const lines = std::ranges::count(text, '\r');
  CHECK(lines >= 45);
  CHECK(lines <= 50);  // 9.99 seconds
  CHECK(std::ranges::count(text, '\n') == 0);
  CHECK(
      text.find("seed 3  retrain   epoch 0.20 of 10  rate 0.25000  loss 1.5000  6400 images/s  2 %, 10 s left\x1b[K") !=
      std::string::npos);
}

TEST_CASE("progress_display: elsewhere a plain line comes every half minute and at the end") {
  capture out;
  progress_display display({.steps = 1'000, .batch = 64, .epoch = 100}, out.file(), false, begin);
  for (int i = 0; i != 1'000; ++i) display.show(3, at(i), 61.25, begin + milliseconds(100 * (i + 1)));
  std::string const text = out.text();
  CHECK(std::ranges::count(text, '\n') == 4);  // after 30, 60, 90 and 100 seconds
  CHECK(std::ranges::count(text, '\r') == 0);
  CHECK(text.find("epoch 3.00 of 10  rate 0.25000  loss 1.5000  test 61.25 %  640 images/s  30 %, 70 s left\n") !=
        std::string::npos);
  CHECK(text.find("100 %, 0 s left\n") != std::string::npos);
}

TEST_CASE("progress_display: steps of an earlier program are done, but say nothing of the speed") {
  capture out;
  progress_display display({.steps = 1'000, .batch = 10, .epoch = 100}, out.file(), false, begin);
  display.skip(800);
  for (int i = 800; i != 900; ++i) display.show(1, at(i), {}, begin + milliseconds(1'000 * (i - 799)));
  CHECK(out.text().find("10 images/s  83 %, 3 min left") != std::string::npos);
}

TEST_CASE("progress_display: a quiet one says only what it is told to say") {
  capture out;
  progress_display display({.steps = 2, .quiet = true}, out.file(), true, begin);
  display.show(1, at(0), {}, begin + std::chrono::hours(1));
  display.say("disk full");
  display.clear();
  CHECK(out.text() == "disk full\n");
}

TEST_CASE("time_text: seconds, minutes, hours") {
  CHECK(example::time_text(0) == "0 s");
  CHECK(example::time_text(98.2) == "99 s");
  CHECK(example::time_text(100) == "2 min");
  CHECK(example::time_text(5'940) == "99 min");
  CHECK(example::time_text(6'000) == "1 h 40 min");
  CHECK(example::time_text(36'300) == "10 h 05 min");
}

}  // namespace SQWA_TEST_FILE
