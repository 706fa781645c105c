// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/method/oscillations.hpp>

#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

packed packed_of(std::vector<std::int16_t> const& codes, int levels) {
  std::size_t const n = codes.size();
  float const scale = 1;
  return pack_tensor(std::span(codes), blocks{n, 1, 1, n}, std::span<float const>(&scale, 1), levels);
}

/// Code of weight i after step t: some weights never move, some rarely, some at every step.
int code_at(std::size_t i, std::uint64_t t, int levels) {
  if (noise{1, 0, t}(i) < static_cast<float>(i % 4) / 4)
    return static_cast<int>(noise{2}.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2;
  return static_cast<int>(noise{3, 0, t}.below(i, static_cast<std::uint32_t>(levels))) - (levels - 1) / 2;
}

packed tensor_at(std::size_t n, std::uint64_t t, int levels) {
  std::vector<std::int16_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) codes[i] = static_cast<std::int16_t>(code_at(i, t, levels));
  return packed_of(codes, levels);
}

/// One weight followed by hand.
struct weight {
  std::uint32_t flips = 0, reversals = 0;
  double frequency = 0;
};

weight follow(std::vector<int> const& codes, double momentum) {
  weight w;
  int last = 0;
  for (std::size_t t = 1; t < codes.size(); ++t) {
    int const change = codes[t] - codes[t - 1];
    bool const turned = change * last < 0;
    w.flips += change != 0;
    w.reversals += turned;
    w.frequency = momentum * (turned ? 1 : 0) + (1 - momentum) * w.frequency;
    if (change != 0) last = change;
  }
  return w;
}

}  // namespace

TEST_CASE("oscillation_tracker: a change against the last one is a reversal, however long ago that was") {
  oscillation_tracker<> seen(0.25F);
  std::vector<std::vector<std::int16_t>> const steps = {
      {0, 0, 0, -1}, {1, 0, 1, 0}, {0, 0, 1, 1}, {1, 0, 1, 1}, {0, 0, 0, 1}};
  for (auto const& codes : steps) {
    packed const p = packed_of(codes, 3);
    seen.update(std::span(&p, 1));
  }
  auto const equal = [](auto from, std::vector<std::uint32_t> to) {
    return std::vector(from.begin(), from.end()) == to;
  };
  CHECK(equal(seen.flips(0), {4, 0, 2, 2}));
  CHECK(equal(seen.reversals(0), {3, 0, 1, 0}));  // up from -1 to 1 in two steps is one direction
  CHECK(seen.frequency(0)[0] == 0.25F * (1 + 0.75F + 0.75F * 0.75F));
  CHECK(seen.frequency(0)[1] == 0);
  CHECK(seen.frequency(0)[2] == 0.25F);
  auto const s = seen.summary(0.3);
  CHECK(s.steps == 4);
  CHECK(s.weights == 4);
  CHECK(s.flips == 8);
  CHECK(s.reversals == 4);
  CHECK(s.flipped == 3);
  CHECK(s.oscillating == 1);
  CHECK(s.share() == 0.25);
  CHECK(s.flip_rate() == 0.5);
  CHECK(seen.summary(0.25).oscillating == 1);  // above the threshold, not at it
  CHECK(seen.summary(0.2).oscillating == 2);
}

TEST_CASE("oscillation_tracker: every weight is that of a plain loop, on every backend") {
  for (int levels : {3, 9, 1023}) {
    constexpr std::size_t n = 9'000;
    constexpr std::uint64_t steps = 30;
    constexpr float momentum = 0.05F;
    oscillation_tracker<> seen(momentum);
    std::vector<std::vector<packed>> models;
    for (std::uint64_t t = 0; t != steps; ++t) {
      models.push_back({tensor_at(n, t, levels), tensor_at(11, t + 100, levels)});
    }
    auto const feed = [&](auto& tracker) {
      for (auto const& model : models) tracker.update(std::span<packed const>(model));
    };
    feed(seen);
    oscillation_summary sum{.steps = steps - 1, .weights = n};
    bool good = true;
    for (std::size_t i = 0; i != n; ++i) {
      std::vector<int> codes;
      for (std::uint64_t t = 0; t != steps; ++t) codes.push_back(code_at(i, t, levels));
      weight const w = follow(codes, momentum);
      good = good && seen.flips(0)[i] == w.flips && seen.reversals(0)[i] == w.reversals &&
             std::abs(static_cast<double>(seen.frequency(0)[i]) - w.frequency) < 1e-6;
      sum.flips += w.flips;
      sum.reversals += w.reversals;
      sum.flipped += w.flips > 0;
      sum.frequency += w.frequency / n;
    }
    CHECK(good);
    auto const s = seen.summary(0, 0.1);
    CHECK(s.flips == sum.flips);
    CHECK(s.reversals == sum.reversals);
    CHECK(s.flipped == sum.flipped);
    CHECK(s.frequency == doctest::Approx(sum.frequency).epsilon(1e-6));
    CHECK(s.reversals > 0);
    CHECK(s.reversals < s.flips);
    CHECK(seen.summary(0.1).weights == n + 11);
    CHECK(seen.summary(0.1).flips == s.flips + seen.summary(1, 0.1).flips);
    test::every_backend([&](auto const& where) {
      oscillation_tracker other(momentum, where);
      feed(other);
      CHECK(other.summary(0.1) == seen.summary(0.1));
      CHECK(other.summary(1, 0.1) == seen.summary(1, 0.1));
    });
  }
}

TEST_CASE("oscillation_tracker: nothing seen, one step seen: no changes") {
  oscillation_tracker<> seen;
  CHECK(seen.summary(0.03) == oscillation_summary{});
  packed const p = packed_of({1, -1, 0}, 3);
  seen.update(std::span(&p, 1));
  CHECK(seen.summary(0.03) == oscillation_summary{.steps = 0, .weights = 3});
  CHECK(seen.summary(0.03).flip_rate() == 0);
}

TEST_CASE("oscillation_tracker: other tensors and momenta that are none are refused") {
  oscillation_tracker<> seen;
  packed const p = packed_of({1, -1, 0}, 3), wide = packed_of({1, -1, 0}, 5), more = packed_of({1, -1, 0, 0}, 3);
  seen.update(std::span(&p, 1));
  CHECK(test::refuses([&] { seen.update(std::span(&wide, 1)); }, "tensor 0 of 3 codes of 5 levels was 3 of 3"));
  CHECK(test::refuses([&] { seen.update(std::span(&more, 1)); }, "4 codes of 3 levels was 3"));
  CHECK(test::refuses([&] { seen.update(std::span<packed const>()); }, "0 tensors after 1"));
  CHECK(test::refuses([&] { (void)seen.flips(1); }, "tensor 1 of 1"));
  for (float momentum : {0.0F, -1.0F, 1.5F, std::nanf("")}) {
    CHECK(test::refuses([&] { oscillation_tracker<>{momentum}; }, "oscillation_tracker: the momentum"));
  }
}

}  // namespace SQWA_TEST_FILE
