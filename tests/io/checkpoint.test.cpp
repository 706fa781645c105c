// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/checkpoint.hpp>
#include <sqwa/method/training_run.hpp>
#include <sqwa/schedule/combine.hpp>

#include "method/toy_learner.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

recipe short_recipe() {
  return {.train = {cosine{.hi = 0.2F, .lo = 0, .length = 6}},
          .retrain = {cyclic{cosine{.hi = 0.2F, .lo = 0.02F, .length = 2}, 3}, 9},
          .capture = at_trough{.last = 2},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 4}}};
}

/// What refuses the bytes as a checkpoint of `run`; empty if nothing does.
template <class Run>
std::string refusal(std::filesystem::path const& path, std::vector<std::byte> const& bytes, Run& run) {
  io::write_aside(path, bytes);
  try {
    io::load_checkpoint(path, run);
  } catch (io::error const& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("checkpoint: a run goes on from its file") {
  std::filesystem::path const path = "run.checkpoint";
  test::toy_learner whole, first, second;
  training_run undisturbed(short_recipe(), whole);
  undisturbed.finish();
  training_run before(short_recipe(), first), after(short_recipe(), second);
  for (int i = 0; i != 12; ++i) before.advance();
  io::save_checkpoint(path, before);
  io::load_checkpoint(path, after);
  after.finish();
  CHECK(second.save() == whole.save());
  CHECK(after.result().model == undisturbed.result().model);
  std::filesystem::remove(path);
}

TEST_CASE("checkpoint: damaged, truncated, longer and foreign files are refused by file, offset and reason") {
  std::filesystem::path const path = "damaged.checkpoint";
  test::toy_learner l;
  training_run run(short_recipe(), l);
  for (int i = 0; i != 12; ++i) run.advance();
  io::save_checkpoint(path, run);
  auto const good = io::read_file(path);
  auto const state = l.save();
  auto const check = [&](std::vector<std::byte> const& bytes, std::string const& words) {
    std::string const what = refusal(path, bytes, run);
    INFO(what);
    CHECK(what.starts_with("damaged.checkpoint, byte "));
    CHECK(what.find(words) != std::string::npos);
    CHECK(l.save() == state);
  };
  for (std::size_t i = 0; i < good.size(); i += good.size() / 200 + 1) {  // one bit turned
    auto bytes = good;
    bytes[i] ^= std::byte{1} << i % 8;
    check(bytes, i < 8 ? "SQWACKPT" : i < 12 ? "version" : i < 16 ? "checksum" : i < 24 ? "length" : "checksum");
  }
  for (std::size_t i = 0; i < good.size(); i += good.size() / 50 + 1) {
    check({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i)},
          i < 24 ? "a header of 24 bytes" : "a length of");
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  check(longer, "a length of");
  check(std::vector<std::byte>(100, std::byte{'x'}), "SQWACKPT");
  auto newer = good;
  newer[8] = std::byte{2};
  check(newer, "byte 8: expected version 1, found version 2");
  check({}, "byte 0: expected a header of 24 bytes");
  std::filesystem::remove(path);
  CHECK_THROWS_AS(io::load_checkpoint(path, run), io::error);
}

TEST_CASE("checkpoint: a file far larger than memory is refused by its first bytes") {
  std::filesystem::path const path = "oversized.checkpoint";
  test::toy_learner l;
  training_run run(short_recipe(), l);
  io::save_checkpoint(path, run);
  std::error_code sparse;
  std::filesystem::resize_file(path, std::uintmax_t{1} << 36, sparse);  // holes, which take no room
  if (sparse) {
    MESSAGE("skipped: this file system has no files of 64 GiB");
  } else {
    std::string what;
    try {
      io::load_checkpoint(path, run);
    } catch (io::error const& e) {
      what = e.what();
    }
    INFO(what);
    CHECK(what.starts_with("oversized.checkpoint, byte 16: expected a length of 68719476712"));
  }
  std::filesystem::remove(path);
}

TEST_CASE("checkpoint: of another recipe or model") {
  std::filesystem::path const path = "other.checkpoint";
  test::toy_learner l, m;
  training_run run(short_recipe(), l);
  run.advance();
  io::save_checkpoint(path, run);
  recipe r = short_recipe();
  r.seed = 7;
  training_run other(r, m);
  std::string const what = refusal(path, io::read_file(path), other);
  CHECK(what.find("other.checkpoint, byte 24: expected the state of a run like this one") == 0);
  CHECK(what.find("saved with another seed") != std::string::npos);
  std::filesystem::remove(path);
}

}  // namespace SQWA_TEST_FILE
