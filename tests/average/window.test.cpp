// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/window.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(std::same_as<decltype(window{7}), window<float>> && std::copyable<window<>>);
static_assert(std::same_as<decltype(window{7, backend<>{}}), window<float, backend<>>>);

template <class W, class Snapshot>
concept takes = requires(W w, Snapshot const& x) {
  w.update(x);
};
static_assert(takes<window<>, std::vector<float>> && takes<window<>, std::vector<bfloat16>> &&
              !takes<window<>, std::vector<double>> && !takes<window<>, std::vector<int>>);
static_assert(takes<window<double>, std::vector<float>> && takes<window<float16>, std::vector<float16>> &&
              !takes<window<float16>, std::vector<bfloat16>> && !takes<window<float16>, std::vector<float>>);

std::vector<float> snapshot(std::size_t n, std::uint64_t seed) {
  noise const u{.seed = seed};
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 2 * u(i) - 1;
  return x;
}

template <class W>
std::vector<double> mean_of(W const& w) {
  std::vector<double> mean(w[0].size());
  w.value_to(mean);
  return mean;
}

}  // namespace

TEST_CASE("window: the mean of the last k, of all while there are fewer, is their sum in double over their number") {
  for (std::size_t length : {1U, 2U, 5U}) {
    window w{length};
    for (std::size_t n = 1; n != 13; ++n) {
      w.update(snapshot(700, n));
      std::size_t const held = std::min(n, length);
      CHECK(w.n_averaged() == static_cast<std::int64_t>(held));
      CHECK(w.n_seen() == static_cast<std::int64_t>(n));
      std::vector<double> expected(700);
      for (std::size_t k = n + 1 - held; k != n + 1; ++k) {
        auto const x = snapshot(700, k);
        for (std::size_t i = 0; i != 700; ++i) expected[i] += static_cast<double>(x[i]);
      }
      for (double& e : expected) e /= static_cast<double>(held);
      CHECK(mean_of(w) == expected);
      std::vector<float> rounded(700);
      w.value_to(rounded);
      CHECK(std::ranges::equal(rounded, expected, {}, {}, [](double e) { return static_cast<float>(e); }));
      CHECK(std::ranges::equal(w[held - 1], snapshot(700, n)));
    }
  }
}

TEST_CASE("window: the sum begins with the oldest, wherever that lies in memory") {
  window<double> w{3};
  for (double x : {7.0, 1.0, 1e16, -1e16}) w.update(std::array{x});
  CHECK(mean_of(w)[0] == 0);  // the newest first: 1 / 3
  w.update(std::array{1.0});
  CHECK(mean_of(w)[0] == 1.0 / 3);  // any other order: 0
}

TEST_CASE("window: halves are kept in 16 bits and averaged in double") {
  window<bfloat16> narrow{3};
  window<double> wide{3};
  for (std::uint64_t k = 0; k != 5; ++k) {
    std::vector<bfloat16> x;
    for (float v : snapshot(50, k)) x.push_back(bfloat16::nearest(v));
    narrow.update(x);
    wide.update(x);
  }
  CHECK(mean_of(narrow) == mean_of(wide));
  CHECK(window<bfloat16>::load(narrow.save()).save() == narrow.save());
}

TEST_CASE("window: every backend gives the same bits") {
  test::every_backend([](auto where) {
    window one{4};
    window other{4, where};
    for (std::uint64_t k = 0; k != 6; ++k) {
      one.update(snapshot(20'011, k));
      other.update(snapshot(20'011, k));
    }
    CHECK(mean_of(one) == mean_of(other));
    CHECK(one.save() == other.save());
  });
}

TEST_CASE("window: merging is the same as seeing all snapshots in one place, one after the other") {
  for (int cut = 0; cut != 10; ++cut) {
    window whole{4}, left{4}, right{4};
    for (int k = 0; k != 9; ++k) {
      auto const x = snapshot(20, static_cast<std::uint64_t>(k));
      whole.update(x);
      (k < cut ? left : right).update(x);
    }
    left.merge(right);
    CHECK(left.save() == whole.save());
  }
  window self{4}, twice{4};
  for (int k = 0; k != 6; ++k) {
    self.update(std::array{static_cast<float>(k)});
    twice = self;
    twice.merge(window(self));
    window again = self;
    again.merge(again);
    CHECK(again.save() == twice.save());
    CHECK(again.n_seen() == 2 * (k + 1));
  }
}

TEST_CASE("W7: a snapshot that has left the window leaves no bit of itself behind") {
  window w{2};
  for (float x : {1e30F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 1.0F, 3.0F}) {
    w.update(std::array{x});
  }
  CHECK(mean_of(w)[0] == 2);
}

TEST_CASE("W9: window: saved, loaded and continued, the bits are those of never having stopped") {
  for (int stop = 0; stop != 9; ++stop) {
    window<double> straight{4};
    auto resumed = window<double>::load(straight.save());
    for (int k = 0; k != 9; ++k) {
      if (k == stop) resumed = window<double>::load(resumed.save());
      for (auto* w : {&straight, &resumed}) w->update(snapshot(33, static_cast<std::uint64_t>(k)));
      CHECK(mean_of(resumed) == mean_of(straight));
    }
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("window: states that are truncated, too long or cannot be are refused") {
  window w{2};
  for (std::uint64_t k = 0; k != 3; ++k) w.update(snapshot(3, k));
  auto const good = w.save();
  auto const refused = [](std::vector<std::byte> const& bytes, char const* words) {
    return test::refuses([&] { (void)window<>::load(bytes); }, words);
  };
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}, "window::load"));
  }
  auto bytes = good;
  bytes.push_back(std::byte{0});
  CHECK(refused(bytes, "1 bytes too many"));
  bytes = good;
  bytes[4] = std::byte{0};
  CHECK(refused(bytes, "window: of the last 0 snapshots"));
  bytes = good;
  bytes[19] = std::byte{0x80};
  CHECK(refused(bytes, "snapshots"));
  bytes = good;
  bytes[20 + 8 + 12] = std::byte{2};  // the second one is shorter
  CHECK(refused(bytes, "snapshots of 3 and 2 values"));
  CHECK(test::refuses([&] { (void)window<double>::load(good); }, "not the state of a window of 8-byte values"));
}

TEST_CASE("W10, W14: the first update decides the size; every other snapshot has it or is an error") {
  window w{2};
  std::vector<float> out(4);
  CHECK(test::refuses([&] { w.value_to(out); }, "window::value_to: no snapshot has been averaged"));
  w.update(snapshot(4, 1));
  for (std::size_t n : {0U, 3U, 5U}) {
    CHECK(test::refuses([&] { w.update(snapshot(n, 1)); }, "window::update: a snapshot of"));
    CHECK(test::refuses([&] { w.value_to(std::vector<float>(n)); }, "4 means into"));
  }
  CHECK(w.n_seen() == 1);
  window other{2}, longer{3};
  other.update(snapshot(5, 1));
  CHECK(test::refuses([&] { w.merge(other); }, "a snapshot of 5 values in a window of 4"));
  CHECK(test::refuses([&] { w.merge(longer); }, "window::merge: windows of 2 and 3 snapshots"));
  CHECK(test::refuses([&] { (void)w[1]; }, "snapshot 1 of 1"));
}

TEST_CASE("W15: a window that is never filled is the mean of what there was") {
  window w{1'000'000'000};  // allocates nothing yet
  w.update(std::array{1.0F});
  w.update(std::array{2.0F});
  CHECK(mean_of(w)[0] == 1.5);
  CHECK(test::refuses([] { (void)window{0}; }, "window: of the last 0 snapshots"));
}

}  // namespace SQWA_TEST_FILE
