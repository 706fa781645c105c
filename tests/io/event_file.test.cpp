// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/event_file.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

using sqwa::io::event_file;
using sqwa::io::detail::crc32c;

constexpr auto pattern(auto byte_of) {
  std::array<std::byte, 32> all{};
  for (int i = 0; i != 32; ++i) all[static_cast<std::size_t>(i)] = static_cast<std::byte>(byte_of(i));
  return all;
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
static_assert(crc32c(pattern([](int) { return 0; })) == 0x8A9136AA);
static_assert(crc32c(pattern([](int) { return 255; })) == 0x62A8AB43);
static_assert(crc32c(pattern([](int i) { return i; })) == 0x46DD794E);
static_assert(crc32c(pattern([](int i) { return 31 - i; })) == 0x113FDB5C);
static_assert(crc32c({}) == 0);

/// A field of a message: a number as its bits, or bytes.
struct field {
  unsigned number;
  unsigned type;
  std::uint64_t bits;
  std::vector<std::byte> bytes;
};

/// A plain reader of protocol buffers.
std::vector<field> fields_of(std::span<std::byte const> b) {
  auto const varint = [&b] {
    std::uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
      auto const part = std::to_integer<std::uint64_t>(b[0]);
      b = b.subspan(1);
      v |= (part & 127) << shift;
      if (part < 128) return v;
    }
  };
  auto const fixed = [&b](std::size_t size) {
    std::uint64_t v = 0;
    for (std::size_t i = size; i-- != 0;) v = v << 8 | std::to_integer<std::uint64_t>(b[i]);
    b = b.subspan(size);
    return v;
  };
  std::vector<field> all;
  while (!b.empty()) {
    std::uint64_t const key = varint();
    field f{static_cast<unsigned>(key >> 3), static_cast<unsigned>(key & 7), 0, {}};
    if (f.type == 2) {
      std::size_t const size = varint();
      f.bytes.assign(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(size));
      b = b.subspan(size);
    } else {
      f.bits = f.type == 0 ? varint() : fixed(f.type == 1 ? 8 : 4);
    }
    all.push_back(f);
  }
  return all;
}

std::string text(std::vector<std::byte> const& b) { return {reinterpret_cast<char const*>(b.data()), b.size()}; }

struct event {
  double time = 0;
  std::int64_t step = 0;
  std::string version;
  std::string tag;
  std::optional<float> value;
  bool start = false;
};

event event_of(std::span<std::byte const> bytes) {
  event e;
  for (field const& f : fields_of(bytes)) {
    if (f.number == 1 && f.type == 1) e.time = std::bit_cast<double>(f.bits);
    if (f.number == 2 && f.type == 0) e.step = static_cast<std::int64_t>(f.bits);
    if (f.number == 3 && f.type == 2) e.version = text(f.bytes);
    if (f.number == 5 && f.type == 2) {
      auto const values = fields_of(f.bytes);
      CHECK(values.size() == 1);
      CHECK(values[0].number == 1);
      auto const point = fields_of(values[0].bytes);
      CHECK(point.size() == 2);
      e.tag = text(point[0].bytes);
      CHECK(point[0].number == 1);
      CHECK(point[1].number == 2);
      CHECK(point[1].type == 5);
      e.value = std::bit_cast<float>(static_cast<std::uint32_t>(point[1].bits));
    }
    if (f.number == 7 && f.type == 2) e.start = fields_of(f.bytes).at(0).bits == 1;
  }
  return e;
}

/// All events of a file; checks lengths and checksums of its records.
std::vector<event> read(std::filesystem::path const& path) {
  auto const file = sqwa::io::read_file(path);
  std::vector<event> all;
  std::span<std::byte const> rest = file;
  while (!rest.empty()) {
    REQUIRE(rest.size() >= 16);
    sqwa::byte_reader head(rest.first(12), "test");
    auto const size = static_cast<std::size_t>(head.get<std::uint64_t>());
    CHECK(head.get<std::uint32_t>() == sqwa::io::detail::masked_crc32c(rest.first(8)));
    REQUIRE(rest.size() >= 16 + size);
    auto const data = rest.subspan(12, size);
    CHECK(sqwa::byte_reader(rest.subspan(12 + size, 4), "test").get<std::uint32_t>() ==
          sqwa::io::detail::masked_crc32c(data));
    all.push_back(event_of(data));
    rest = rest.subspan(16 + size);
  }
  return all;
}

event_file::clock::time_point at(int milliseconds) {
  return event_file::clock::time_point(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("event_file: the masked checksum is TensorFlow's") {
  // The first record of every event file says how long it is, 24 bytes: its checksum is known from any such file.
  sqwa::byte_writer length;
  length.put(std::uint64_t{24});
  CHECK(sqwa::io::detail::masked_crc32c(length.bytes) == 0x224B7FA3);
}

TEST_CASE("event_file: what is written is read; the first record names the version") {
  test::folder const here("event-file");
  event_file file(here / "run" / "train", at(1'500));
  file.scalar("loss/train", 0, 2.5, at(2'000));
  file.scalar("rate", 300, 0.1, at(3'000));
  file.scalar("rate", std::numeric_limits<std::int64_t>::max(), std::nan(""), at(4'000));
  file.scalar("", 1, -HUGE_VAL, at(5'000));
  file.restart(128, at(6'250));
  CHECK(file.path().filename().string().starts_with("events.out.tfevents.1."));

  auto const all = read(file.path());
  REQUIRE(all.size() == 6);
  CHECK(all[0].version == "brain.Event:2");
  CHECK(all[0].time == 1.5);
  CHECK(!all[0].value);
  CHECK(all[1].tag == "loss/train");
  CHECK(all[1].step == 0);
  CHECK(all[1].time == 2);
  CHECK(all[1].value == 2.5F);
  CHECK(all[2].step == 300);
  CHECK(all[2].value == 0.1F);
  CHECK(all[3].step == std::numeric_limits<std::int64_t>::max());
  CHECK(std::isnan(*all[3].value));
  CHECK(all[4].tag.empty());
  CHECK(*all[4].value == -HUGE_VALF);
  CHECK(all[5].start);
  CHECK(all[5].step == 128);
  CHECK(all[5].time == 6.25);
}

TEST_CASE("event_file: two files of one second and process have two names") {
  test::folder const here("event-file-names");
  event_file const a(here.path(), at(0)), b(here.path(), at(0));
  CHECK(a.path() != b.path());
}

TEST_CASE("event_file: a record that did not fit is told and overwritten by the next") {
  test::folder const here("event-file-full");
  event_file file(here.path());
  file.scalar("loss", 1, 1);
  auto const size = std::filesystem::file_size(file.path());
  ::rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  ::rlimit const small{size + 5, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  bool const told = test::refused([&] { file.scalar("loss", 2, 2); }, "room for", file.path());
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(told);
  CHECK(std::filesystem::file_size(file.path()) == size + 5);
  file.scalar("loss", 3, 3);
  auto const all = read(file.path());
  REQUIRE(all.size() == 3);
  CHECK(all[2].step == 3);
}

TEST_CASE("event_file: a place that cannot be written to and a step below 0 are refused") {
  test::folder const here("event-file-bad");
  test::put(here / "file", test::text("no directory"));
  CHECK(test::refused([&] { event_file{here / "file"}; }, "a directory", here / "file"));
  event_file file(here.path());
  CHECK_THROWS_WITH_AS(file.scalar("loss", -1, 0), "event_file: step -1", sqwa::contract_error);
  CHECK_THROWS_AS(file.restart(-1), sqwa::contract_error);
}

}  // namespace SQWA_TEST_FILE
