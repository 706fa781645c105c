// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/code_window.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(std::copyable<code_window<>> && std::same_as<decltype(code_window{7}), code_window<>>);

packed some_codes(std::uint64_t seed, int levels = 3, float scale = 0.5F, std::size_t n = 70) {
  noise const u{.seed = seed};
  std::vector<std::int16_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    codes[i] =
        static_cast<std::int16_t>(static_cast<int>(u.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2);
  }
  return pack_tensor(std::span<std::int16_t const>(codes), {n, 1, 1, n}, std::vector{scale}, levels);
}

}  // namespace

TEST_CASE("code_window: its average is that of the last k snapshots alone, whatever came before") {
  for (std::size_t length : {1U, 3U, 7U}) {
    code_window w{length};
    std::vector<packed> all;
    for (std::uint64_t n = 0; n != 20; ++n) {
      all.push_back(some_codes(n, 7, n < 8 ? static_cast<float>(n) : 2.0F));  // later ones share their scale
      w.update(all.back());
      code_averager expected{7};
      for (std::size_t k = all.size() - std::min(length, all.size()); k != all.size(); ++k) expected.update(all[k]);
      CHECK(w.average() == expected);
      CHECK(w[0] == all[all.size() - static_cast<std::size_t>(w.n_averaged())]);
      std::vector<double> a(70), b(70);
      w.value_to(a);
      expected.value_to(b);
      CHECK(a == b);
    }
    CHECK(w.n_seen() == 20);
    CHECK(w.average().shared_scales());
  }
}

TEST_CASE("code_window: every backend gives the same bits") {
  test::every_backend([](auto where) {
    code_window one{3};
    code_window other{3, where};
    for (std::uint64_t k = 0; k != 5; ++k) {
      one.update(some_codes(k, 3, 1, 20'011));
      other.update(some_codes(k, 3, 1, 20'011));
    }
    CHECK(one.average() == other.average());
  });
}

TEST_CASE("code_window: merging is the same as seeing all snapshots in one place, one after the other") {
  for (int cut = 0; cut != 10; ++cut) {
    code_window whole{4}, left{4}, right{4};
    for (int k = 0; k != 9; ++k) {
      packed const p = some_codes(static_cast<std::uint64_t>(k));
      whole.update(p);
      (k < cut ? left : right).update(p);
    }
    left.merge(right);
    CHECK(left.save() == whole.save());
    code_window const copy = whole;
    left.merge(left);
    whole.merge(copy);
    CHECK(left.save() == whole.save());
  }
}

TEST_CASE("W9: code_window: saved, loaded and continued, the bits are those of never having stopped") {
  for (int stop = 0; stop != 9; ++stop) {
    code_window straight{4};
    auto resumed = code_window<>::load(straight.save());
    for (int k = 0; k != 9; ++k) {
      if (k == stop) resumed = code_window<>::load(resumed.save());
      for (auto* w : {&straight, &resumed}) w->update(some_codes(static_cast<std::uint64_t>(k)));
      CHECK(resumed.average() == straight.average());
    }
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("code_window: states that are truncated, too long or cannot be are refused") {
  code_window w{2};
  for (std::uint64_t k = 0; k != 3; ++k) w.update(some_codes(k, 3, 1, 7));
  auto const good = w.save();
  auto const refused = [](std::vector<std::byte> const& bytes, char const* words) {
    return test::refuses([&] { (void)code_window<>::load(bytes); }, words);
  };
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}, "code_window::load"));
  }
  auto bytes = good;
  bytes.push_back(std::byte{0});
  CHECK(refused(bytes, "1 bytes too many"));
  bytes = good;
  bytes.back() |= std::byte{0x30};
  CHECK(refused(bytes, "the code 2 at 6 is not within"));
  bytes[0] = std::byte{1};
  CHECK(refused(bytes, "not the state of a code_window"));
  bytes = good;
  bytes[19] = std::byte{0x80};
  CHECK(refused(bytes, "snapshots"));
}

TEST_CASE("W14: code_window: what does not fit is refused and leaves no trace") {
  code_window w{2};
  std::vector<float> out(70);
  CHECK(test::refuses([&] { w.value_to(out); }, "code_window::average: no snapshot has been averaged"));
  w.update(some_codes(1));
  auto const before = w.save();
  CHECK(test::refuses([&] { w.update(some_codes(1, 5)); }, "a snapshot of 5 levels in a window of 3"));
  CHECK(test::refuses([&] { w.update(some_codes(1, 3, 1, 69)); }, "code_window::update: a snapshot of 69 values"));
  packed p = some_codes(1);
  p.bytes[1] = std::byte{0xFF};
  CHECK(test::refuses([&] { w.update(p); }, "the code 2 at 4"));
  code_window other{2}, longer{3};
  other.update(some_codes(1, 5));
  CHECK(test::refuses([&] { w.merge(other); }, "code_window::merge: a snapshot of 5 levels"));
  CHECK(test::refuses([&] { w.merge(longer); }, "windows of 2 and 3 snapshots"));
  CHECK(test::refuses([&] { w.value_to(std::span(out).first(3)); }, "70 means into 3"));
  CHECK(test::refuses([&] { (void)w[1]; }, "snapshot 1 of 1"));
  CHECK(test::refuses([] { (void)code_window{0}; }, "code_window: of the last 0 snapshots"));
  CHECK(w.save() == before);
}

}  // namespace SQWA_TEST_FILE
