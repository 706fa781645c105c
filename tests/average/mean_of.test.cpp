// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/average/mean_of.hpp and snapshot_sums.hpp.
#include "support/every_backend.hpp"
#include "support/refuses.hpp"
#include "support/thorough.hpp"

#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/mean_of.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(snapshot<packed> && snapshot<packed_view> && snapshot<std::vector<float>> && !snapshot<std::vector<int>>);

packed random_snapshot(std::uint64_t seed, int levels, blocks const& layout, float factor = 1) {
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

/// `shared` snapshots with the scales of the first, then others.
std::vector<packed> snapshots(std::size_t count, int levels, blocks const& layout, std::size_t shared = 1000) {
  std::vector<packed> all;
  for (std::size_t k = 0; k != count; ++k) {
    all.push_back(random_snapshot(k, levels, layout, k < shared ? 1.0F : 1.0F / static_cast<float>(k + 2)));
  }
  return all;
}

std::vector<std::vector<float>> floats(std::size_t count, std::size_t size) {
  std::vector<std::vector<float>> all(count, std::vector<float>(size));
  for (std::size_t k = 0; k != count; ++k) {
    for (std::size_t i = 0; i != size; ++i) all[k][i] = noise{.seed = k}(i)-0.5F;
  }
  return all;
}

template <real T>
std::vector<T> averaged(std::vector<packed> const& all) {
  code_averager a{all.at(0).levels};
  for (packed const& p : all) a.update(p);
  std::vector<T> mean(all[0].size());
  a.value_to(mean);
  return mean;
}

/// A copy of each, made when it is asked for: as if loaded from a file.
template <class T>
auto loaded(std::vector<T> const& all) {
  return std::views::iota(std::size_t{0}, all.size()) | std::views::transform([&all](std::size_t k) { return all[k]; });
}

}  // namespace

TEST_CASE_TEMPLATE("mean_of: the mean of packed snapshots has the bits of code_averager", T, float, double) {
  for (blocks const& layout : {blocks{1, 1, 1, 1}, blocks{5'003, 1, 1, 5'003}, blocks{4'100, 1, 3, 1'400},
                               blocks{6'000, 2, 3, 1'000}, blocks{700, 1, 70, 10}, blocks{9'001, 1, 2, 8'192}}) {
    for (std::size_t count : {1U, 2U, 7U, 8U, 20U}) {
      for (int levels : {3, 5, 15, 255, 257, 65535}) {
        if (!test::thorough && (levels == 5 || levels == 255)) continue;
        for (std::size_t shared : {std::size_t{1000}, std::size_t{1}, count / 2}) {
          if (!test::thorough && shared == 1) continue;
          auto const all = snapshots(count, levels, layout, shared);
          std::vector<T> mean(layout.size);
          mean_into(mean, all);
          CHECK(mean == averaged<T>(all));
        }
      }
    }
  }
}

TEST_CASE("mean_of: every backend gives the same bits") {
  blocks const layout =
      test::thorough ? blocks{300'011, 1, 7, 50'000} : blocks{140'011, 1, 7, 23'334};  // a short last block
  auto const x = floats(5, layout.size);
  std::vector<double> const w{1, 0.5, 0, 3, 0.1};
  for (std::size_t shared : {9U, 2U}) {
    auto const p = snapshots(5, 3, layout, shared);
    auto const wide = snapshots(5, 7, layout, shared);
    test::every_backend([&](auto where) {
      CHECK(mean_of(p, where) == mean_of(p));
      CHECK(mean_of(wide, where) == mean_of(wide));
      CHECK(mean_of(loaded(p), where) == mean_of(p));
      CHECK(mean_of(wide, snapshot_weights{w}, where) == mean_of(wide, snapshot_weights{w}));
      CHECK(mean_of(x, where) == mean_of(x));
      CHECK(mean_of(x, snapshot_weights{w}, where) == mean_of(x, snapshot_weights{w}));
    });
  }
}

TEST_CASE("mean_of: kept, viewed or loaded one by one, snapshots give the same bits") {
  blocks const layout{10'003, 1, 3, 4'000};
  std::vector<double> const w{1, 0.5, 0, 3, 0.1, 2};
  for (std::size_t shared : {9U, 3U, 1U}) {
    for (int levels : {3, 31, 1001}) {
      auto const all = snapshots(6, levels, layout, shared);
      auto const views = all | std::views::transform([](packed const& p) { return packed_view(p); });
      std::list<packed> const chain(all.begin(), all.end());
      auto const mean = mean_of(all);
      CHECK(mean_of(views) == mean);
      CHECK(mean_of(chain) == mean);
      CHECK(mean_of(loaded(all)) == mean);
      auto const weighted = mean_of(all, snapshot_weights{w});
      CHECK(weighted != mean);
      CHECK(mean_of(views, snapshot_weights{w}) == weighted);
      CHECK(mean_of(loaded(all), snapshot_weights{w}) == weighted);
    }
  }
  auto const x = floats(6, 5'000);
  auto const spans = x | std::views::transform([](auto const& v) { return std::span(v); });
  CHECK(mean_of(spans) == mean_of(x));
  CHECK(mean_of(loaded(x)) == mean_of(x));
  CHECK(mean_of(loaded(x), snapshot_weights{w}) == mean_of(x, snapshot_weights{w}));
}

TEST_CASE("mean_of: sums are in double and rounded once, weighted or not") {
  auto const x = floats(30, 3'000);
  std::vector<double> w(30);
  for (std::size_t k = 0; k != w.size(); ++k) w[k] = static_cast<double>(noise{.seed = 99}(k));
  auto const plain = mean_of(x);
  auto const weighted = mean_of(x, snapshot_weights{w});
  static_assert(std::same_as<decltype(mean_of(x)), std::vector<float>>);
  for (std::size_t i = 0; i != 3'000; ++i) {
    double sum = 0, some = 0, total = 0;
    for (std::size_t k = 0; k != x.size(); ++k) {
      sum += static_cast<double>(x[k][i]);
      some += w[k] * static_cast<double>(x[k][i]);
      total += w[k];
    }
    CHECK(plain[i] == static_cast<float>(sum / 30));
    CHECK(weighted[i] == static_cast<float>(some / total));
  }
  std::vector<std::vector<double>> const wide{{1.0, 1e300}, {2.0, -1e300}};
  CHECK(mean_of(wide) == std::vector<double>{1.5, 0});
  auto const p = snapshots(3, 5, {50, 1, 5, 10});
  std::vector<double> const two{0, 1, 0};
  std::vector<float> second(50);
  p[1].decode(std::span(second));
  CHECK(mean_of(p, snapshot_weights{two}) == second);
}

TEST_CASE("mean_of: NaN and infinity propagate, but not from a snapshot of weight 0") {
  float const inf = std::numeric_limits<float>::infinity();
  std::vector<std::vector<float>> const x{{1, inf, inf}, {2, 1, -inf}};
  auto const mean = mean_of(x);
  CHECK(mean[0] == 1.5F);
  CHECK(mean[1] == inf);
  CHECK(std::isnan(mean[2]));
  std::vector<double> const w{0, 1};
  CHECK(mean_of(x, snapshot_weights{w}) == x[1]);
  CHECK(mean_of(loaded(x), snapshot_weights{w}) == x[1]);
  CHECK(mean_of(std::vector<std::vector<float>>(2)).empty());
}

TEST_CASE("W14 mean_of: other sizes, levels and layouts are refused with both numbers, whatever their order") {
  auto x = floats(3, 10);
  x[2].resize(9);
  std::vector<float> mean(10, 7.0F);
  CHECK(test::refuses([&] { mean_into(mean, x); }, "snapshot 2 has 9 values, the first 10"));
  CHECK(test::refuses([&] { mean_into(mean, loaded(x)); }, "snapshot 2 has 9 values"));
  auto p = snapshots(2, 3, {10, 1, 2, 5});
  p.push_back(random_snapshot(1, 5, {10, 1, 2, 5}));
  CHECK(test::refuses([&] { mean_into(mean, p); }, "snapshot 2 has 5 levels, the first 3"));
  p.back() = random_snapshot(1, 3, {10, 1, 5, 2});
  CHECK(test::refuses([&] { mean_into(mean, p); }, "in 1 x 5 runs of 2, the first 10 in 1 x 2 of 5"));
  CHECK(test::refuses([&] { mean_into(mean, loaded(p)); }, "in 1 x 5 runs of 2"));
  p.back() = p[0];
  p.back().bytes.pop_back();
  CHECK(test::refuses([&] { mean_into(mean, p); }, "take 3 bytes, not 2"));
  std::vector<float> few(9);
  p.pop_back();
  CHECK(test::refuses([&] { mean_into(few, p); }, "10 values into 9"));
  CHECK(test::refuses([&] { mean_into(mean, std::vector<packed>{}); }, "no snapshots"));
  CHECK(test::refuses([&] { (void)mean_of(std::vector<std::vector<float>>{}); }, "no snapshots"));
  CHECK(mean == std::vector<float>(10, 7.0F));
}

TEST_CASE("mean_of: weights that are too few, negative, not finite or all zero are refused") {
  auto const x = floats(2, 10);
  auto const with = [&](std::vector<double> const& w) { (void)mean_of(x, snapshot_weights{w}); };
  auto const late = [&](std::vector<double> const& w) { (void)mean_of(loaded(x), snapshot_weights{w}); };
  CHECK(test::refuses([&] { with({1}); }, "1 weights for 2 snapshots"));
  CHECK(test::refuses([&] { with({1, 2, 3}); }, "3 weights for 2 snapshots"));
  CHECK(test::refuses([&] { with({1, -2}); }, "weight -2 of snapshot 1"));
  CHECK(test::refuses([&] { with({0, 0}); }, "whose sum is 0"));
  CHECK(test::refuses([&] { with({std::numeric_limits<double>::infinity(), 1}); }, "weight inf"));
  CHECK(test::refuses([&] { with({1e308, 1e308}); }, "whose sum is inf"));
  CHECK(test::refuses([&] { late({1}); }, "1 weights, but more snapshots"));
  CHECK(test::refuses([&] { late({1, 2, 3}); }, "3 weights for 2 snapshots"));
}

TEST_CASE("mean_of: a field that is no code is refused with its place") {
  for (std::size_t at : {0U, 4'095U, 4'099U}) {
    for (std::size_t count : {2U, 9U}) {
      for (int levels : {3, 5, 511}) {
        auto all = snapshots(count, levels, {4'100, 1, 1, 4'100});
        auto& bytes = all[1].bytes;
        std::size_t const bit = at * static_cast<std::size_t>(all[1].bits());
        for (std::size_t b = bit; b != bit + static_cast<std::size_t>(all[1].bits()); ++b) {
          bytes[b / 8] |= std::byte{1} << (b % 8);
        }
        std::vector<float> mean(4'100);
        auto const words = at == 0 ? "in snapshot 1, the code" : at == 4'095 ? "at 4095" : "at 4099";
        CHECK(test::refuses([&] { mean_into(mean, all); }, words));
        CHECK(test::refuses([&] { mean_into(mean, loaded(all)); }, words));
      }
    }
  }
}

}  // namespace SQWA_TEST_FILE
