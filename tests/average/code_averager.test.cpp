// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"
#include "support/thread_executor.hpp"

#include <sqwa/average/code_averager.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(std::copyable<code_averager<>>);
static_assert(std::same_as<decltype(code_averager{symmetric<3>{}}), code_averager<>>);
static_assert(std::same_as<decltype(code_averager{symmetric<3>{}, backend<scalar_kernels, test::thread_executor>{}}),
                           code_averager<backend<scalar_kernels, test::thread_executor>>>);
static_assert(!std::constructible_from<code_averager<>, float*> && !std::convertible_to<int, code_averager<>>);

blocks const three_blocks{1'003, 1, 3, 400};

packed constant_codes(int code, int levels, std::size_t n = 5) {
  std::vector<std::int16_t> const codes(n, static_cast<std::int16_t>(code));
  return pack_tensor(std::span<std::int16_t const>(codes), {n, 1, 1, n}, std::vector{0.3F}, levels);
}

packed random_snapshot(std::uint64_t seed, int levels, blocks const& layout = three_blocks, float factor = 1) {
  noise const u{.seed = seed};
  std::vector<std::int16_t> codes(layout.size);
  for (std::size_t i = 0; i != codes.size(); ++i) {
    codes[i] =
        static_cast<std::int16_t>(static_cast<int>(u.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2);
  }
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = factor * (0.1F + static_cast<float>(b) / 7);
  return pack_tensor(std::span<std::int16_t const>(codes), layout, scales, levels);
}

template <class B>
std::vector<float> mean_of(code_averager<B> const& a) {
  std::vector<float> mean(a.layout().size);
  a.value_to(mean);
  return mean;
}

std::vector<std::int64_t> exact_sums(std::vector<packed> const& snapshots) {
  std::vector<std::int64_t> sums(snapshots.at(0).size());
  for (packed const& p : snapshots) p.for_each_code([&](std::size_t i, int code) { sums[i] += code; });
  return sums;
}

std::vector<packed> random_snapshots(std::size_t n, int levels) {
  std::vector<packed> all;
  for (std::size_t k = 0; k != n; ++k) all.push_back(random_snapshot(k, levels));
  return all;
}

}  // namespace

TEST_CASE("code_averager: seven ternary snapshots give 15 levels, which take 4 bits") {
  code_averager mean{symmetric<3>{}};
  CHECK(mean.bits() == 0);
  for (int k = 0; k != 7; ++k) mean.update(random_snapshot(static_cast<std::uint64_t>(k), 3));
  CHECK(mean.levels() == 15);
  CHECK(mean.bits() == 4);
  CHECK(mean.accumulator_width() == 1);
  packed const wide = mean.pack();
  CHECK(wide.levels == 15);
  CHECK(wide.bits() == 4);
  mean.update(random_snapshot(7, 3));
  CHECK(mean.bits() == 5);
}

TEST_CASE("code_averager: sums are those of 64-bit integers, for any levels and number of snapshots") {
  for (int levels : {3, 5, 15, 255, 257, 65535}) {
    auto const all = random_snapshots(20, levels);
    code_averager mean{levels};
    std::vector<packed> seen;
    for (packed const& p : all) {
      mean.update(p);
      seen.push_back(p);
      CHECK(mean.sums() == exact_sums(seen));
    }
  }
}

TEST_CASE("code_averager: sums widen before they could overflow, and not sooner") {
  auto const check = [](int levels, std::int64_t last, std::size_t before, std::size_t after) {
    for (int sign : {-1, 1}) {
      int const code = sign * (levels - 1) / 2;
      packed const p = constant_codes(code, levels);
      code_averager mean{levels};
      for (std::int64_t k = 0; k != last; ++k) mean.update(p);
      CHECK(mean.accumulator_width() == before);
      CHECK(mean.sums() == std::vector<std::int64_t>(5, last * code));
      mean.update(p);
      CHECK(mean.accumulator_width() == after);
      CHECK(mean.sums() == std::vector<std::int64_t>(5, (last + 1) * code));
    }
  };
  check(3, 127, 1, 2);
  check(3, 32'767, 2, 4);
  check(5, 63, 1, 2);
  check(255, 1, 1, 2);
  check(257, 255, 2, 4);
  check(65'535, 1, 2, 4);
  check(65'535, 65'538, 4, 8);  // 65538 * 32767 = 2^31 - 2 + ..., the last below 2^31
}

TEST_CASE("code_averager: the order of the snapshots does not matter") {
  auto all = random_snapshots(40, 7);
  code_averager forwards{7}, backwards{7};
  for (packed const& p : all) forwards.update(p);
  std::ranges::reverse(all);
  for (packed const& p : all) backwards.update(p);
  CHECK(forwards == backwards);
  CHECK(forwards.save() == backwards.save());
}

TEST_CASE("code_averager: every executor gives the same bits, also after the scales differ") {
  blocks const layout{40'009, 1, 81, 500};
  auto const check = [&](auto where) {
    code_averager one{symmetric<5>{}};
    code_averager other{symmetric<5>{}, where};
    for (std::uint64_t k = 0; k != 6; ++k) {
      packed const p = random_snapshot(k, 5, layout, k < 3 ? 1.0F : 1.0F + static_cast<float>(k) / 8);
      one.update(p);
      other.update(p);
      CHECK(one == other);
      CHECK(mean_of(one) == mean_of(other));
    }
    CHECK_FALSE(one.shared_scales());
  };
  test::every_backend(check);
}

TEST_CASE_TEMPLATE("code_averager: the mean of equal snapshots is the snapshot", T, float, double) {
  for (int levels : {3, 15, 65535}) {
    packed const p = random_snapshot(5, levels);
    std::vector<T> expected(p.size()), mean(p.size());
    p.decode(std::span(expected));
    code_averager a{levels};
    for (int k = 0; k != 13; ++k) {
      a.update(p);
      a.value_to(mean);
      CHECK(mean == expected);
    }
  }
}

TEST_CASE("code_averager: the mean is sum * scale / n, rounded once") {
  auto const all = random_snapshots(11, 3);
  code_averager a{3};
  for (packed const& p : all) a.update(p);
  auto const sums = exact_sums(all);
  auto const mean = mean_of(a);
  for (std::size_t i = 0; i != mean.size(); ++i) {
    double const scale = static_cast<double>(all[0].scales[three_blocks.of(i)]);
    CHECK(mean[i] == static_cast<float>(static_cast<double>(sums[i]) * scale / 11));
  }
}

TEST_CASE("code_averager: the packed mean holds the integer sums and decodes to the mean") {
  auto const all = random_snapshots(7, 3);
  code_averager a{symmetric<3>{}};
  for (packed const& p : all) a.update(p);
  packed const wide = a.pack();
  std::vector<std::int16_t> codes(wide.size());
  wide.codes(codes);
  CHECK(std::ranges::equal(codes, exact_sums(all)));
  std::vector<float> decoded(wide.size());
  wide.decode(std::span(decoded));
  auto const mean = mean_of(a);
  for (std::size_t i = 0; i != mean.size(); ++i) {  // the scale is rounded, then the product
    CHECK(std::abs(decoded[i] - mean[i]) <= std::abs(mean[i]) * 2 * std::numeric_limits<float>::epsilon());
  }
  for (std::size_t b = 0; b != wide.scales.size(); ++b) CHECK(wide.scales[b] == all[0].scales[b] / 7);
}

TEST_CASE("code_averager: snapshots with other scales are averaged by value") {
  std::vector<packed> all;
  for (std::uint64_t k = 0; k != 6; ++k)
    all.push_back(random_snapshot(k, 3, three_blocks, k < 2 ? 1.0F : 1.0F / static_cast<float>(k)));
  code_averager a{symmetric<3>{}};
  std::vector<double> sums(three_blocks.size), values(sums.size());
  for (packed const& p : all) {
    a.update(p);
    p.decode(std::span(values));
    for (std::size_t i = 0; i != sums.size(); ++i) sums[i] += values[i];
    bool const shared = a.n_averaged() <= 2;
    CHECK(a.shared_scales() == shared);
    CHECK(a.scales().size() == (shared ? 3U : 0U));
    std::vector<double> mean(sums.size());
    a.value_to(mean);
    for (std::size_t i = 0; i != sums.size(); ++i) {
      CHECK(std::abs(mean[i] - sums[i] / static_cast<double>(a.n_averaged())) < 1e-15);
    }
  }
  a.update(all[0]);  // the old scales do not bring integers back
  CHECK_FALSE(a.shared_scales());
  CHECK(test::refuses([&] { (void)a.pack(); }, "differ in their scales"));
  CHECK(test::refuses([&] { (void)a.sums(); }, "differ in their scales"));
}

TEST_CASE("code_averager: what was summed before the scales differ is converted exactly") {
  packed const p = random_snapshot(1, 65535);
  packed q = p;
  q.scales = {0, 0, 0};
  code_averager a{65535};
  for (int k = 0; k != 100; ++k) a.update(p);
  a.update(q);
  CHECK_FALSE(a.shared_scales());
  std::vector<double> values(p.size()), mean(p.size());
  p.decode(std::span(values));
  a.value_to(mean);
  for (std::size_t i = 0; i != mean.size(); ++i) CHECK(mean[i] == values[i] * 100 / 101);
}

TEST_CASE("code_averager: scales that differ in one bit, or in the sign of zero, differ") {
  packed const p = constant_codes(1, 3);
  packed q = p;
  q.scales[0] = std::nextafter(q.scales[0], 1.0F);
  code_averager a{symmetric<3>{}};
  a.update(p);
  a.update(p);
  CHECK(a.shared_scales());
  a.update(q);
  CHECK_FALSE(a.shared_scales());
  packed zero = p, minus = p;
  zero.scales[0] = 0.0F;
  minus.scales[0] = -0.0F;
  code_averager b{symmetric<3>{}};
  b.update(zero);
  b.update(minus);
  CHECK_FALSE(b.shared_scales());
}

TEST_CASE("code_averager: merging is the same as seeing all snapshots in one place") {
  for (std::size_t n : {1U, 20U, 130U}) {
    auto const all = random_snapshots(n, 3);
    for (std::size_t cut : {std::size_t{0}, n / 2, n}) {
      code_averager whole{symmetric<3>{}}, left{symmetric<3>{}};
      code_averager right{symmetric<3>{}, backend<scalar_kernels, test::thread_executor>{}};
      for (std::size_t k = 0; k != n; ++k) {
        whole.update(all[k]);
        if (k < cut) {
          left.update(all[k]);
        } else {
          right.update(all[k]);
        }
      }
      left.merge(right);
      CHECK(left == whole);
    }
  }
}

TEST_CASE("code_averager: merging averages of other scales adds their values") {
  packed const p = random_snapshot(1, 3), q = random_snapshot(2, 3, three_blocks, 0.5F);
  code_averager both{3}, left{3}, right{3}, mixed{3};
  both.update(p);
  both.update(q);
  left.update(p);
  right.update(q);
  mixed = left;
  mixed.merge(right);
  CHECK(mixed == both);
  left.merge(mixed);  // integers into doubles
  both.update(p);
  CHECK(left == both);
  right = both;
  right.merge(code_averager{3});
  CHECK(right == both);
}

TEST_CASE("code_averager: saved, loaded and continued, the bits are those of never having stopped") {
  for (std::size_t n : {0U, 1U, 7U, 127U, 128U, 150U, 151U, 160U}) {
    code_averager straight{symmetric<3>{}}, first{symmetric<3>{}};
    for (std::size_t k = 0; k != 162; ++k) {
      packed const p = random_snapshot(k, 3, {37, 1, 4, 10}, k < 151 ? 1.0F : 2.0F);
      straight.update(p);
      if (k < n) first.update(p);
    }
    auto resumed = code_averager<>::load(first.save());
    CHECK(resumed == first);
    for (std::size_t k = n; k != 162; ++k) resumed.update(random_snapshot(k, 3, {37, 1, 4, 10}, k < 151 ? 1.0F : 2.0F));
    CHECK(resumed == straight);
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("code_averager: states that are truncated, too long, altered or of something else are refused") {
  code_averager a{symmetric<3>{}};
  for (std::uint64_t k = 0; k != 3; ++k) a.update(random_snapshot(k, 3, {7, 1, 2, 4}));
  auto const good = a.save();
  auto const refused = [](std::vector<std::byte> const& bytes, char const* words) {
    return test::refuses([&] { (void)code_averager<>::load(bytes); }, words);
  };
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}, "code_averager::load"));
  }
  auto const with = [&](std::size_t at, int byte) {
    auto bytes = good;
    bytes[at] = static_cast<std::byte>(byte);
    return bytes;
  };
  auto longer = good;
  longer.push_back(std::byte{1});
  CHECK(refused(longer, "1 bytes too many"));
  CHECK(refused(with(0, 0xEE), "not the state of a code_averager"));
  CHECK(refused(with(4, 4), "4 levels"));
  CHECK(refused(with(15, 0x80), "snapshots"));               // a negative count
  CHECK(refused(with(8, 0), "scales for"));                  // no snapshots, but scales
  CHECK(refused(with(16, 8), "7 sums and 2 scales for 8"));  // another size
  CHECK(refused(with(40, 3), "elements in 2 blocks"));       // runs of 3 do not cover it
  CHECK(refused(with(48, 0xFF), "values, but"));             // far too many scales
  std::size_t const kind = 4 + 4 + 8 + 32 + 8 + 2 * 4;
  CHECK(refused(with(kind, 5), "unknown kind 5"));
  CHECK(refused(with(kind + 9, 4), "cannot have"));  // a sum of 4 from three snapshots
  CHECK(refused(with(8, 200), "cannot have"));       // int8 sums of 200 snapshots
  CHECK_FALSE(refused(with(8, 100), ""));
}

TEST_CASE("code_averager: snapshots that do not fit are refused with numbers and leave no trace") {
  code_averager a{symmetric<3>{}};
  a.update(random_snapshot(1, 3));
  code_averager const before = a;
  auto const refused = [&](packed const& p, char const* words) { return test::refuses([&] { a.update(p); }, words); };
  CHECK(refused(random_snapshot(2, 5), "code_averager::update: a snapshot of 5 levels, an average of 3"));
  CHECK(refused(random_snapshot(2, 3, {1'004, 1, 3, 400}),
                "a snapshot of 1004 values in 1 x 3 runs of 400, an average of 1003"));
  CHECK(refused(random_snapshot(2, 3, {1'003, 1, 1'003, 1}), "1 x 1003 runs of 1"));
  packed p = random_snapshot(2, 3);
  p.bytes[200] = std::byte{0xFF};
  CHECK(refused(p, "the code 2 at 800 is not within ±1"));
  p.bytes.pop_back();
  CHECK(refused(p, "bytes, not 250"));
  p = random_snapshot(2, 3);
  p.scales.pop_back();
  CHECK(refused(p, "2 scales for 3 blocks"));
  CHECK(a == before);
  code_averager b{symmetric<3>{}};
  p = random_snapshot(2, 3);
  p.bytes[0] = std::byte{0x03};
  CHECK(test::refuses([&] { b.update(p); }, "at 0"));
  CHECK(b == code_averager{symmetric<3>{}});
}

TEST_CASE("code_averager: what makes no sense is refused") {
  for (int levels : {-1, 0, 1, 4, 65537}) {
    CHECK(test::refuses([=] { (void)code_averager{levels}; }, "odd numbers from 3 to 65535"));
  }
  code_averager a{symmetric<3>{}};
  std::vector<float> mean(5), small(4);
  CHECK(test::refuses([&] { a.value_to(mean); }, "value_to: no snapshot has been averaged"));
  CHECK(test::refuses([&] { (void)a.pack(); }, "pack: no snapshot has been averaged"));
  a.update(constant_codes(1, 3));
  CHECK(test::refuses([&] { a.value_to(small); }, "5 means into 4 values"));
  code_averager five{symmetric<5>{}};
  CHECK(test::refuses([&] { a.merge(five); }, "code_averager::merge: averages of 3 and 5 levels"));
  code_averager longer{symmetric<3>{}};
  longer.update(constant_codes(1, 3, 6));
  CHECK(test::refuses([&] { a.merge(longer); }, "a snapshot of 6 values"));
  code_averager most{65535};
  most.update(constant_codes(1, 65535));
  CHECK(most.pack().levels == 65535);
  most.update(constant_codes(1, 65535));
  CHECK(test::refuses([&] { (void)most.pack(); }, "131069 levels do not fit 16 bits"));
}

TEST_CASE("code_averager: tensors without elements are nothing special") {
  packed const p = pack_tensor(std::span<std::int16_t const>{}, blocks{}, std::vector{0.0F}, 3);
  code_averager a{symmetric<3>{}};
  a.update(p);
  a.update(p);
  CHECK(a.n_averaged() == 2);
  CHECK(mean_of(a).empty());
  CHECK(a.pack().size() == 0);
  CHECK(code_averager<>::load(a.save()) == a);
}

TEST_CASE("code_averager: a field that is no code leaves no trace, in sums of any width, wherever it stands") {
  blocks const layout{9'001, 1, 1, 9'001};
  auto const check = [&](auto where) {
    for (int levels : {3, 15, 257}) {
      std::vector<packed> some;
      for (std::uint64_t k = 0; k != 4; ++k) some.push_back(random_snapshot(k, levels, layout));
      code_averager a{levels, where};
      std::size_t seen = 0;
      for (std::size_t before : {0U, 1U, 18U, 127U, 130U}) {  // with 18 and 127 sums are about to widen
        for (; seen != before; ++seen) a.update(some[seen % 3]);
        auto const state = a.save();
        for (std::size_t bad : {0U, 4'096U, 9'000U}) {
          packed p = some[3];
          for (int b = 0; b != p.bits(); ++b) {
            std::size_t const bit = bad * static_cast<std::size_t>(p.bits()) + static_cast<std::size_t>(b);
            p.bytes[bit / 8] |= static_cast<std::byte>(1U << bit % 8);
          }
          CHECK(test::refuses([&] { a.update(p); }, "is not within"));
          CHECK(a.save() == state);
        }
      }
    }
  };
  check(backend<>{});
  test::every_backend(check);
}

TEST_CASE("code_averager: the histogram counts the weights of each sum; of one snapshot, those of each code") {
  auto const all = random_snapshots(9, 5);
  code_averager a{5};
  CHECK(a.histogram() == std::vector<std::uint64_t>{0});
  for (std::size_t k = 0; k != all.size(); ++k) {
    a.update(all[k]);
    std::vector<std::uint64_t> expected(4 * (k + 1) + 1);
    for (std::int64_t s : a.sums()) ++expected[static_cast<std::size_t>(s + 2 * static_cast<std::int64_t>(k + 1))];
    CHECK(a.histogram() == expected);
    CHECK(std::accumulate(expected.begin(), expected.end(), std::uint64_t{0}) == three_blocks.size);
  }
  code_averager one{5};
  one.update(all[0]);
  std::vector<std::uint64_t> codes(5);
  all[0].for_each_code([&](std::size_t, int c) { ++codes[static_cast<std::size_t>(c + 2)]; });
  CHECK(one.histogram() == codes);
  packed other = all[0];
  other.scales[0] *= 2;
  one.update(other);
  CHECK(test::refuses([&] { (void)one.histogram(); }, "histogram: the snapshots differ in their scales"));
  code_averager wide{65535};
  wide.update(constant_codes(1, 65535));
  wide.update(constant_codes(1, 65535));
  CHECK(test::refuses([&] { (void)wide.histogram(); }, "131069 levels"));
}

TEST_CASE("W10, W14: code_averager: the first snapshot decides the layout; every other one has it or is an error") {
  code_averager a{symmetric<3>{}};
  CHECK(a.layout() == blocks{});
  a.update(random_snapshot(1, 3));
  CHECK(a.layout() == three_blocks);
  for (std::size_t n : {0U, 1U, 1'002U, 1'004U}) {
    blocks const layout = n == 0 ? blocks{} : blocks{n, 1, 1, n};
    CHECK(test::refuses([&] { a.update(random_snapshot(1, 3, layout)); }, "code_averager::update: a snapshot of"));
  }
}

}  // namespace SQWA_TEST_FILE
