// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/snapshot_series.hpp and sqwa/io/series_writer.hpp.
#include <sqwa/average/mean_of.hpp>
#include <sqwa/io/series_writer.hpp>
#include <sqwa/io/snapshot_series.hpp>

#include "io/files.hpp"
#include "io/models.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::io::read_file;
using sqwa::io::series_writer;
using sqwa::io::snapshot_series;

void append(std::filesystem::path const& path, std::uint64_t first, std::uint64_t last) {
  series_writer writer(path);
  for (std::uint64_t k = first; k != last; ++k) writer.append(test::snapshot(k));
}

bool holds(std::filesystem::path const& path, std::uint64_t count) {
  snapshot_series const series(path);
  bool good = series.size() == count;
  for (std::uint64_t k = 0; good && k != count; ++k) good = series[k] == test::snapshot(k);
  return good;
}

}  // namespace

TEST_CASE("snapshot_series: what is read equals what was appended, in one run or several") {
  test::folder const here("series");
  append(here / "once", 0, 5);
  CHECK(holds(here / "once", 5));
  append(here / "empty", 0, 0);
  CHECK(snapshot_series(here / "empty").empty());
  append(here / "often", 0, 2);
  append(here / "often", 2, 3);
  append(here / "often", 3, 5);
  CHECK(read_file(here / "often") == read_file(here / "once"));
  snapshot_series const series(here / "once");
  CHECK(test::refuses([&] { (void)series[5]; }, "snapshot 5 of 5"));
}

TEST_CASE("snapshot_series: views look into the file, and their mean is that of the snapshots") {
  test::folder const here("series-views");
  append(here / "s", 0, 9);
  snapshot_series const series(here / "s");
  std::vector<sqwa::low_bit_model_view> views;
  std::vector<sqwa::packed> copies;
  for (std::size_t k = 0; k != series.size(); ++k) {
    views.push_back(series.view(k));
    CHECK(views.back().copy() == test::snapshot(k));
    copies.push_back(test::snapshot(k).weights[1].weights);
  }
  auto const mapped = sqwa::mean_of(views | std::views::transform([](auto const& v) { return v.weights[1].weights; }));
  CHECK(mapped == sqwa::mean_of(copies));
  auto const bias = sqwa::mean_of(views | std::views::transform([](auto const& v) { return v.floats[0].values; }));
  CHECK(bias[1] == -1.5F);
}

TEST_CASE(
    "series_writer: killed after any byte, it loses none but the snapshot at hand, and goes on to the same bytes") {
  test::folder const here("series-torn");
  append(here / "two", 0, 2);
  append(here / "three", 0, 3);
  append(here / "four", 0, 4);
  auto const two = read_file(here / "two");
  auto const three = read_file(here / "three");
  auto const four = read_file(here / "four");
  auto const path = here / "torn";
  auto const goes_on = [&](std::uint64_t from) {
    bool const before = holds(path, from);
    append(path, from, 4);
    return before && read_file(path) == four;
  };
  for (std::size_t size = two.size(); size <= three.size(); ++size) {  // the snapshot is being written
    auto torn = test::bytes(three.begin(), three.begin() + static_cast<std::ptrdiff_t>(size));
    std::copy_n(two.begin(), 64, torn.begin());
    test::put(path, torn);
    CHECK(goes_on(2));
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(two.size()), torn.end(), std::byte{0});  // no page reached it
    test::put(path, torn);
    CHECK(goes_on(2));
  }
  auto longer = two;  // a torn snapshot larger than those that follow
  longer.resize(two.size() + 10'000, std::byte{0x5A});
  test::put(path, longer);
  append(path, 0, 0);
  CHECK(read_file(path) == two);
  test::put(path, longer);
  CHECK(goes_on(2));
  for (std::size_t n = 0; n <= 24; ++n) {  // the commit is being written, in the slot for odd counts
    auto torn = three;
    std::copy_n(two.begin(), 64, torn.begin());
    std::copy_n(three.begin() + 32, n, torn.begin() + 32);
    test::put(path, torn);
    CHECK(goes_on(snapshot_series(path).size()));
    CHECK((n < 20 || std::equal(torn.begin(), torn.end(), three.begin())));
  }
  for (std::size_t size = 0; size != 64; ++size) {  // the file is being made
    test::put(path, test::bytes(four.begin(), four.begin() + 4));
    append(here / "none", 0, 0);
    auto const none = read_file(here / "none");
    test::put(path, test::bytes(none.begin(), none.begin() + static_cast<std::ptrdiff_t>(size)));
    append(path, 0, 4);
    CHECK(read_file(path) == four);
  }
}

TEST_CASE("snapshot_series: no altered byte goes unnoticed") {
  test::folder const here("series-altered");
  append(here / "s", 0, 3);
  auto const good = read_file(here / "s");
  auto const path = here / "altered";
  std::size_t unseen = 0;
  for (std::size_t at = 0; at != good.size(); ++at) {
    auto bad = good;
    bad[at] ^= std::byte{0x10};
    test::put(path, bad);
    try {
      snapshot_series const series(path);
      bool same = true;
      for (std::size_t k = 0; k != series.size(); ++k) same = same && series[k] == test::snapshot(k);
      CHECK(same);
      // The newest commit lost: one snapshot less. The older commit, and padding: nothing lost.
      CHECK(series.size() >= 2);
      ++unseen;
    } catch (sqwa::io::error const& e) {
      CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
    }
  }
  CHECK(unseen <= 24 + 24 + 8 + 3 * 7);  // the two slots, and zeros that say nothing
}

TEST_CASE("snapshot_series: truncated, foreign and forged files are refused with file, offset and reason") {
  test::folder const here("series-refused");
  append(here / "s", 0, 3);
  auto const good = read_file(here / "s");
  auto const path = here / "bad";
  for (std::size_t size = 0; size != good.size(); ++size) {
    test::put(path, test::bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK(test::refused([&] { snapshot_series s(path); }, "byte " + std::to_string(size < 4 ? 0 : size) + ":", path));
    if (size > 8) {
      auto const before = read_file(path);
      CHECK(test::refused([&] { series_writer w(path); }, "byte", path));
      CHECK(read_file(path) == before);  // a writer does not touch what it refuses
    }
  }
  auto const changed = [&](std::size_t at, std::uint8_t to) {
    auto bad = good;
    bad[at] = std::byte{to};
    test::put(path, bad);
  };
  changed(0, 'X');
  CHECK(test::refused([&] { snapshot_series s(path); }, "byte 0: expected the four bytes SQWS", path));
  CHECK(test::refused([&] { series_writer w(path); }, "byte 0: expected the four bytes SQWS", path));
  changed(4, 2);
  CHECK(test::refused([&] { snapshot_series s(path); }, "byte 4: expected format version 1, found 2", path));
  changed(64 + 7, 0xFF);
  CHECK(test::refused([&] { snapshot_series s(path); }, "byte 64: expected a snapshot that ends before", path));
  changed(64 + 8, 9);
  CHECK(test::refused([&] { snapshot_series s(path); }, "byte 72: expected the number 0, found 9", path));
  changed(64 + 16 + 40, 0);
  snapshot_series const series(path);
  CHECK(test::refused([&] { (void)series[0]; }, "the checksum", path));
  CHECK(test::refused([&] { (void)series.view(0); }, "the checksum", path));
  CHECK(series[1] == test::snapshot(1));  // the others are there
  auto both = good;
  both[8] ^= std::byte{1};
  both[32] ^= std::byte{1};
  test::put(path, both);
  CHECK(test::refused([&] { snapshot_series s(path); }, "byte 8: expected the number of snapshots", path));
  CHECK(test::refused([&] { snapshot_series s(here / "absent"); }, "No such file", here / "absent"));
  test::put(path, test::text("SQWA, a model and no series, of more than 64 bytes, whatever stands in it."));
  CHECK(test::refused([&] { series_writer w(path); }, "the four bytes SQWS", path));
}

TEST_CASE("snapshot_series: a file that is cut while it is open is refused, not read") {
  test::folder const here("series-cut");
  append(here / "s", 0, 3);
  snapshot_series const series(here / "s");
  std::filesystem::resize_file(here / "s", 200);
  CHECK(test::refused([&] { (void)series[2]; }, "as when it was opened", here / "s"));
}

TEST_CASE("series_writer: a second writer is refused; a reader is not") {
  test::folder const here("series-locked");
  series_writer writer(here / "s");
  writer.append(test::snapshot(0));
  CHECK(test::refused([&] { series_writer second(here / "s"); }, "one that is locked", here / "s"));
  CHECK(holds(here / "s", 1));
  snapshot_series const old(here / "s");
  writer.append(test::snapshot(1));
  CHECK(old.size() == 1);
  CHECK(holds(here / "s", 2));
  auto bad = test::snapshot(2);
  bad.weights[0].weights.scales.pop_back();
  CHECK(test::refuses([&] { writer.append(bad); }, "series_writer::append: first has 4 scales for 5 blocks"));
  writer.append(test::snapshot(2));
  CHECK(holds(here / "s", 3));
  CHECK(writer.size() == 3);
}

}  // namespace SQWA_TEST_FILE
