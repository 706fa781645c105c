// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/hierarchical.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

using crew = std::vector<std::vector<float>>;

static_assert(workers<crew&> && workers<std::vector<std::span<float>>&> && workers<std::array<std::span<double>, 2>>);
static_assert(!workers<crew const&> && !workers<std::vector<float>&> && !workers<std::vector<std::vector<int>>&>);
static_assert(std::same_as<decltype(hierarchical{}), hierarchical<averager<std::vector<double>>>>);
static_assert(std::same_as<decltype(hierarchical{window{3}}), hierarchical<window<>>>);

crew some_workers(std::size_t count, std::size_t n, std::uint64_t seed = 1) {
  crew all(count);
  for (std::size_t k = 0; k != count; ++k) {
    noise const u{.seed = seed, .tensor = static_cast<std::uint32_t>(k)};
    for (std::size_t i = 0; i != n; ++i) all[k].push_back(2 * u(i) - 1);
  }
  return all;
}

/// One step of every worker, which moves each its own way.
void train(crew& all, step_index t) {
  for (std::size_t k = 0; k != all.size(); ++k) {
    noise const u{.seed = 9, .tensor = static_cast<std::uint32_t>(k), .step = static_cast<std::uint64_t>(t)};
    for (std::size_t i = 0; i != all[k].size(); ++i) all[k][i] += 0.1F * (u(i) - all[k][i]);
  }
}

}  // namespace

TEST_CASE("hierarchical: all workers get the mean of their weights, rounded once, and it alone is averaged over time") {
  hierarchical h;
  crew all = some_workers(3, 1'000);
  std::vector<double> over_time(1'000);
  for (step_index t = 0; t != 30; ++t) {
    train(all, t);
    crew const before = all;
    if (!every{.period = 5}(constant{0.1F}, t, 30)) continue;
    h.synchronize(all);
    for (std::size_t i = 0; i != 1'000; ++i) {
      double sum = 0;
      for (auto const& w : before) sum += static_cast<double>(w[i]);
      auto const mean = static_cast<float>(sum / 3);
      for (auto const& w : all) CHECK(w[i] == mean);
      over_time[i] += static_cast<double>(mean) / 6;
    }
  }
  CHECK(h.n_averaged() == 6);
  for (std::size_t i = 0; i != 1'000; ++i) CHECK(std::abs(h.outer().mean()[i] - over_time[i]) < 1e-15);
}

TEST_CASE("hierarchical: one worker, and workers that agree, keep their weights bit for bit") {
  for (std::size_t count : {1U, 2U, 4U, 8U}) {
    crew all(count, some_workers(1, 100)[0]);
    crew const before = all;
    average_workers(all);
    CHECK(all == before);
  }
}

TEST_CASE("hierarchical: the outer mean may be a window, as in the paper, or any other averager") {
  hierarchical last_two{window<double>{2}};
  hierarchical slow{averager<std::vector<double>, exponential_weight>{exponential_weight{.decay = 0.5}}};
  for (double x : {1.0, 2.0, 6.0}) {
    std::array<double, 1> a{x - 1}, b{x + 1};
    std::array const all{std::span<double>(a), std::span<double>(b)};
    last_two.synchronize(all);
    CHECK(a[0] == x);
    slow.synchronize(all);
  }
  double mean = 0;
  last_two.outer().value_to(std::span(&mean, 1));
  CHECK(mean == 4);
  CHECK(slow.outer().mean()[0] == 3.75);
}

TEST_CASE("hierarchical: every backend gives the same bits") {
  test::every_backend([](auto where) {
    crew one = some_workers(3, 20'011), other = one;
    hierarchical h;
    hierarchical i{averager<std::vector<double>>{}, where};
    h.synchronize(one);
    i.synchronize(other);
    CHECK(one == other);
    CHECK(h.save() == i.save());
  });
}

TEST_CASE("W9: hierarchical: saved, restored and continued, the bits are those of never having stopped") {
  auto const check = [](auto const& fresh) {
    for (int stop = 0; stop != 5; ++stop) {
      auto straight = fresh, resumed = fresh;
      crew one = some_workers(2, 30), other = one;
      for (int k = 0; k != 5; ++k) {
        if (k == stop) {
          auto const state = resumed.save();
          resumed = fresh;
          resumed.restore(state);
        }
        train(one, k);
        train(other, k);
        straight.synchronize(one);
        resumed.synchronize(other);
      }
      CHECK(resumed.save() == straight.save());
      CHECK(one == other);
    }
  };
  check(hierarchical{});
  check(hierarchical{window{2}});
}

TEST_CASE("hierarchical: merging joins the outer means") {
  hierarchical a, b;
  crew all = some_workers(2, 3);
  a.synchronize(all);
  train(all, 0);
  b.synchronize(all);
  auto expected = a.outer();
  expected.merge(b.outer());
  a.merge(b);
  CHECK(a.save() == expected.save());
  CHECK(a.n_averaged() == 2);
}

TEST_CASE("W14: hierarchical: workers of different sizes are an error, and keep their weights") {
  hierarchical h;
  crew all = some_workers(3, 10);
  all[2].push_back(0);
  crew const before = all;
  CHECK(test::refuses([&] { h.synchronize(all); }, "average_workers: worker 2 has 11 weights, worker 0 has 10"));
  CHECK(all == before);
  crew none;
  CHECK(test::refuses([&] { h.synchronize(none); }, "average_workers: no workers"));
  all[2].pop_back();
  h.synchronize(all);
  all = some_workers(3, 9);
  crew const shorter = all;
  CHECK(test::refuses([&] { h.synchronize(all); }, "hierarchical::synchronize: workers of 9 weights, a mean of 10"));
  CHECK(all == shorter);
  CHECK(h.n_averaged() == 1);
  hierarchical last_two{window{2}};
  crew ten = some_workers(3, 10);
  last_two.synchronize(ten);
  CHECK(test::refuses([&] { last_two.synchronize(all); }, "workers of 9 weights, a mean of 10"));
}

}  // namespace SQWA_TEST_FILE
