// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/code_moments.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(std::same_as<decltype(code_moments{symmetric<3>{}}), code_moments<>>);

blocks const two_blocks{70, 1, 2, 40};

packed some_codes(std::uint64_t seed, int levels, blocks const& layout = two_blocks) {
  noise const u{.seed = seed};
  std::vector<std::int16_t> codes(layout.size);
  for (std::size_t i = 0; i != codes.size(); ++i) {
    auto const free = static_cast<int>(u.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2;
    codes[i] = static_cast<std::int16_t>(i % 3 == 0 ? 1 : free);  // every third weight agrees
  }
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = 0.5F + static_cast<float>(b);
  return pack_tensor(std::span<std::int16_t const>(codes), layout, scales, levels);
}

std::vector<std::vector<int>> codes_of(std::vector<packed> const& all) {
  std::vector<std::vector<int>> codes(all.at(0).size());
  for (packed const& p : all) p.for_each_code([&](std::size_t i, int c) { codes[i].push_back(c); });
  return codes;
}

std::vector<packed> captures(std::size_t n, int levels) {
  std::vector<packed> all;
  for (std::size_t k = 0; k != n; ++k) all.push_back(some_codes(k, levels));
  return all;
}

}  // namespace

TEST_CASE("code_moments: variances are those of the decoded values") {
  for (int levels : {3, 7, 255, 65535}) {
    auto const all = captures(9, levels);
    code_moments m{levels};
    for (packed const& p : all) m.update(p);
    auto const codes = codes_of(all);
    std::vector<double> population(70), unbiased(70);
    m.variance_to(population);
    m.variance_to(unbiased, variance::unbiased);
    for (std::size_t i = 0; i != 70; ++i) {
      double mean = 0, squares = 0;
      for (int c : codes[i]) mean += c / 9.0;
      for (int c : codes[i]) squares += (c - mean) * (c - mean);
      double const scale = static_cast<double>(all[0].scales[two_blocks.of(i)]);
      CHECK(population[i] == doctest::Approx(squares / 9 * scale * scale).epsilon(1e-12));
      CHECK(unbiased[i] == doctest::Approx(squares / 8 * scale * scale).epsilon(1e-12));
      if (i % 3 == 0) CHECK(population[i] == 0);
    }
  }
}

TEST_CASE("code_moments: disagreement is that of all pairs of captures") {
  for (int levels : {3, 7, 257}) {
    for (std::size_t n : {1U, 2U, 7U, 130U}) {
      auto const all = captures(n, levels);
      code_moments m{levels};
      for (packed const& p : all) m.update(p);
      std::uint64_t differing = 0;
      double squares = 0, distances = 0, pairs = 0;
      for (auto const& c : codes_of(all)) {
        bool same = true;
        for (std::size_t a = 0; a != n; ++a) {
          for (std::size_t b = 0; b != a; ++b) {
            int const d = std::abs(c[a] - c[b]);
            same = same && d == 0;
            squares += static_cast<double>(d) * d;
            distances += d;
            ++pairs;
          }
        }
        differing += same ? 0 : 1;
      }
      disagreement const d = m.differences();
      CHECK(d.weights == 70);
      CHECK(d.differing == differing);
      CHECK(d.share() == static_cast<double>(differing) / 70);
      CHECK(d.mean_squared_distance == doctest::Approx(n == 1 ? 0 : squares / pairs).epsilon(1e-14));
      CHECK(d.mean_distance.has_value() == (levels == 3));
      if (levels == 3) CHECK(*d.mean_distance == doctest::Approx(n == 1 ? 0 : distances / pairs).epsilon(1e-14));
    }
  }
  CHECK(code_moments{3}.differences() == disagreement{.mean_distance = 0.0});
  CHECK(code_moments{5}.differences().share() == 0);
}

TEST_CASE("code_moments: the largest sums of squares are exact: nothing overflows") {
  std::vector<std::int16_t> const top(3, 32'767), bottom(3, -32'767);
  code_moments m{65'535};
  for (int k = 0; k != 1'000; ++k) {
    m.update(pack_tensor(std::span(k % 2 ? top : bottom), {3, 1, 1, 3}, std::vector{1.0F}, 65'535));
  }
  std::vector<double> v(3);
  m.variance_to(v);
  for (double x : v) CHECK(x == 32'767.0 * 32'767.0);
  CHECK(m.differences().mean_squared_distance == doctest::Approx(4 * 32'767.0 * 32'767.0 * 250'000 / 499'500));
}

TEST_CASE("code_moments: every backend gives the same bits") {
  blocks const layout{20'011, 1, 41, 500};
  test::every_backend([&](auto where) {
    code_moments one{symmetric<3>{}};
    code_moments other{symmetric<3>{}, where};
    for (std::uint64_t k = 0; k != 4; ++k) {
      one.update(some_codes(k, 3, layout));
      other.update(some_codes(k, 3, layout));
    }
    CHECK(one == other);
    CHECK(one.differences() == other.differences());
    std::vector<float> a(layout.size), b(layout.size);
    one.variance_to(a);
    other.variance_to(b);
    CHECK(a == b);
  });
}

TEST_CASE("code_moments: merging is the same as seeing all snapshots in one place") {
  for (std::size_t n : {1U, 20U, 130U}) {
    auto const all = captures(n, 5);
    for (std::size_t cut : {std::size_t{0}, n / 2, n}) {
      code_moments whole{5}, left{5}, right{5};
      for (std::size_t k = 0; k != n; ++k) {
        whole.update(all[k]);
        (k < cut ? left : right).update(all[k]);
      }
      left.merge(right);
      CHECK(left == whole);
    }
  }
  code_moments three{3}, five{5};
  CHECK(test::refuses([&] { three.merge(five); }, "averages of 3 and 5 levels"));
}

TEST_CASE("W9: code_moments: saved, loaded and continued, the bits are those of never having stopped") {
  for (std::size_t stop : {0U, 1U, 127U, 128U, 140U}) {
    code_moments straight{symmetric<3>{}}, first{symmetric<3>{}};
    for (std::size_t k = 0; k != 141; ++k) {
      straight.update(some_codes(k, 3));
      if (k < stop) first.update(some_codes(k, 3));
    }
    auto resumed = code_moments<>::load(first.save());
    CHECK(resumed == first);
    for (std::size_t k = stop; k != 141; ++k) resumed.update(some_codes(k, 3));
    CHECK(resumed == straight);
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("code_moments: states that are truncated, too long or cannot be are refused") {
  code_moments m{3};
  for (std::uint64_t k = 0; k != 3; ++k) m.update(some_codes(k, 3, {7, 1, 1, 7}));
  auto const good = m.save();
  auto const refused = [](std::vector<std::byte> const& bytes, char const* words) {
    return test::refuses([&] { (void)code_moments<>::load(bytes); }, words);
  };
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}, "::load"));
  }
  auto bytes = good;
  bytes.push_back(std::byte{0});
  CHECK(refused(bytes, "1 bytes too many"));
  bytes = good;
  bytes.back() = std::byte{4};  // more than three ones squared
  CHECK(refused(bytes, "sums of squares that 3 snapshots cannot have"));
  bytes[bytes.size() - 7] = std::byte{0};  // the first weight has the code 1 thrice
  bytes.back() = good.back();
  CHECK(refused(bytes, "sums of squares that 3 snapshots cannot have"));
  bytes[0] = std::byte{1};
  CHECK(refused(bytes, "not the state of code_moments"));
}

TEST_CASE("code_moments: what does not fit is refused and leaves no trace") {
  code_moments m{3};
  std::vector<float> out(70);
  CHECK(test::refuses([&] { m.variance_to(out); }, "variance_to: no snapshot has been averaged"));
  m.update(some_codes(1, 3));
  auto const before = m.save();
  packed p = some_codes(2, 3);
  p.scales[1] = 2;
  CHECK(test::refuses([&] { m.update(p); }, "code_moments::update: a snapshot with other scales"));
  CHECK(test::refuses([&] { m.update(some_codes(2, 3, {71, 1, 2, 40})); }, "a snapshot of 71 values"));
  CHECK(test::refuses([&] { m.update(some_codes(2, 5)); }, "a snapshot of 5 levels"));
  p = some_codes(2, 3);
  p.bytes[9] = std::byte{0xFF};
  CHECK(test::refuses([&] { m.update(p); }, "the code 2 at 36"));
  code_moments other{3};
  p = some_codes(2, 3);
  p.scales[1] = 2;
  other.update(p);
  CHECK(test::refuses([&] { m.merge(other); }, "code_moments::merge: snapshots with other scales"));
  CHECK(test::refuses([&] { m.variance_to(std::span(out).first(69)); }, "70 variances into 69"));
  CHECK(m.save() == before);
}

}  // namespace SQWA_TEST_FILE
