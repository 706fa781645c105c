// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/average/moments.hpp>

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

static_assert(std::same_as<decltype(moments{}), moments<double>> && std::copyable<moments<float>>);
static_assert(std::same_as<decltype(moments{low_rank{.deviations = 3}, backend<>{}}), moments<double, backend<>>>);
static_assert(!std::constructible_from<moments<>, int> && !std::convertible_to<low_rank, moments<>>);
template <class M, class Snapshot>
concept takes = requires(M m, Snapshot const& x) {
  m.update(x);
};
static_assert(takes<moments<>, std::vector<float16>> && takes<moments<float>, std::vector<float>> &&
              !takes<moments<float>, std::vector<double>> && !takes<moments<>, std::vector<int>>);

/// Snapshot k: numbers around `mean`, `deviation` apart, the same way up and down in pairs of weights.
std::vector<float> snapshot(std::size_t n, std::uint64_t k, double mean = 1, double deviation = 0.5) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    x[i] = static_cast<float>(mean + deviation * (i % 2 ? -1 : 1) * normal({.seed = k}, i / 2));
  }
  return x;
}

template <class M>
std::vector<double> variances(M const& m, variance which = variance::population) {
  std::vector<double> v(m.mean().size());
  m.variance_to(v, which);
  return v;
}

/// Mean and summed squares of weight i of the first n snapshots, in two passes.
std::array<double, 2> two_passes(std::vector<std::vector<float>> const& all, std::size_t i) {
  long double mean = 0, squares = 0;
  for (auto const& x : all) mean += static_cast<long double>(x[i]) / static_cast<long double>(all.size());
  for (auto const& x : all) squares += (x[i] - mean) * (x[i] - mean);
  return {static_cast<double>(mean), static_cast<double>(squares)};
}

}  // namespace

TEST_CASE("moments: mean and variance are those of two passes, and the mean has the averager's bits") {
  moments m;
  averager<std::vector<double>> mean;
  std::vector<std::vector<float>> all;
  for (std::uint64_t k = 0; k != 30; ++k) {
    all.push_back(snapshot(40, k));
    m.update(all.back());
    mean.update(all.back());
    CHECK(std::ranges::equal(m.mean(), mean.mean()));
    auto const population = variances(m), unbiased = variances(m, variance::unbiased);
    for (std::size_t i = 0; i != 40; ++i) {
      double const squares = two_passes(all, i)[1], n = static_cast<double>(k + 1);
      CHECK(population[i] == doctest::Approx(squares / n).epsilon(1e-12));
      CHECK(unbiased[i] == doctest::Approx(k == 0 ? 0 : squares / (n - 1)).epsilon(1e-12));
    }
  }
}

TEST_CASE_TEMPLATE("W8: moments: deviations of 1e-4 of the mean come out right from float snapshots", T, double,
                   float) {
  moments<T> m;
  std::vector<std::vector<float>> all;
  std::size_t const n = 200;
  std::vector<float> sums(n), squares(n);  // what goes wrong: E[x²] - E[x]² in float
  for (std::uint64_t k = 0; k != 100; ++k) {
    all.push_back(snapshot(n, k, 1, 1e-4));
    m.update(all.back());
    for (std::size_t i = 0; i != n; ++i) {
      sums[i] += all.back()[i] / 100;
      squares[i] += all.back()[i] * all.back()[i] / 100;
    }
  }
  auto const v = variances(m);
  int wrong = 0;
  for (std::size_t i = 0; i != n; ++i) {
    double const exact = two_passes(all, i)[1] / 100;
    CHECK(v[i] == doctest::Approx(exact).epsilon(std::same_as<T, double> ? 1e-9 : 0.01));
    double const naive = static_cast<double>(squares[i] - sums[i] * sums[i]);
    wrong += std::abs(naive - exact) < 0.5 * exact ? 0 : 1;
  }
  CHECK(wrong > 100);
}

TEST_CASE("moments: every backend gives the same bits, samples too") {
  test::every_backend([](auto where) {
    moments one{low_rank{.deviations = 3}};
    moments other{low_rank{.deviations = 3}, where};
    for (std::uint64_t k = 0; k != 5; ++k) {
      one.update(snapshot(9'001, k));
      other.update(snapshot(9'001, k));
    }
    CHECK(one.save() == other.save());
    CHECK(variances(one) == variances(other));
    std::vector<float> a(9'001), b(9'001);
    one.sample_to(a, {.seed = 3});
    other.sample_to(b, {.seed = 3});
    CHECK(a == b);
    one.merge(moments(one));
    other.merge(other);
    CHECK(one.save() == other.save());
  });
}

TEST_CASE("moments: the last deviations are kept, each from the mean just after its update") {
  moments m{low_rank{.deviations = 3}};
  std::vector<std::vector<float>> expected;
  for (std::uint64_t k = 0; k != 8; ++k) {
    auto const x = snapshot(10, k);
    m.update(x);
    expected.emplace_back(10);
    for (std::size_t i = 0; i != 10; ++i) {
      expected.back()[i] = static_cast<float>(static_cast<double>(x[i]) - m.mean()[i]);
    }
    CHECK(m.deviations() == std::min<std::size_t>(3, expected.size()));
    for (std::size_t d = 0; d != m.deviations(); ++d) {
      CHECK(std::ranges::equal(m.deviation(d), expected[expected.size() - m.deviations() + d]));
    }
  }
  CHECK(test::refuses([&] { (void)m.deviation(3); }, "moments::deviation: 3 of 3"));
}

TEST_CASE("moments: samples have the mean and the covariance of SWAG") {
  std::size_t const n = 4, draws = 20'000;
  for (std::size_t rank : {0U, 5U}) {
    moments m{low_rank{.deviations = rank}};
    for (std::uint64_t k = 0; k != 12; ++k) m.update(snapshot(n, k));
    auto const v = variances(m);
    std::vector<double> mean(n), covariance(n * n), x(n);
    for (std::size_t s = 0; s != draws; ++s) {
      m.sample_to(x, {.seed = 1, .step = s}, 2);
      for (std::size_t i = 0; i != n; ++i) mean[i] += x[i] / static_cast<double>(draws);
      for (std::size_t i = 0; i != n; ++i) {
        for (std::size_t j = 0; j != n; ++j) {
          covariance[i * n + j] += (x[i] - m.mean()[i]) * (x[j] - m.mean()[j]) / static_cast<double>(draws);
        }
      }
    }
    for (std::size_t i = 0; i != n; ++i) {
      CHECK(std::abs(mean[i] - m.mean()[i]) < 0.05);
      for (std::size_t j = 0; j != n; ++j) {
        double expected = i == j ? v[i] * (rank == 0 ? 1 : 0.5) : 0;
        for (std::size_t d = 0; d != rank; ++d) {
          expected += static_cast<double>(m.deviation(d)[i] * m.deviation(d)[j]) / (2 * static_cast<double>(rank - 1));
        }
        CHECK(std::abs(covariance[i * n + j] - 4 * expected) < 0.05);
      }
    }
    CHECK((covariance[1] < -0.04) == (rank > 0));  // weights 0 and 1 moved against each other
  }
}

TEST_CASE("moments: a sample is a function of its noise; of scale 0, or of one snapshot, it is the mean") {
  moments m{low_rank{.deviations = 4}};
  m.update(snapshot(10, 1));
  std::vector<double> a(10), b(10);
  m.sample_to(a, {.seed = 3});
  CHECK(std::ranges::equal(a, m.mean()));
  m.update(snapshot(10, 2));
  m.update(snapshot(10, 3));
  m.sample_to(a, {.seed = 3}, 0);
  CHECK(std::ranges::equal(a, m.mean()));
  m.sample_to(a, {.seed = 3});
  m.sample_to(b, {.seed = 3});
  CHECK(a == b);
  m.sample_to(b, {.seed = 4});
  CHECK(a != b);
}

TEST_CASE("moments: tensors of a model, drawn with one seed and step, share their common deviations and nothing else") {
  moments m{low_rank{.deviations = 6}};
  for (std::uint64_t k = 0; k != 6; ++k) m.update(snapshot(1, k));
  double expected = 0, covariance = 0, x = 0, y = 0;
  for (std::size_t d = 0; d != 6; ++d) expected += static_cast<double>(m.deviation(d)[0] * m.deviation(d)[0]) / 10;
  for (std::uint64_t s = 0; s != 20'000; ++s) {
    m.sample_to(std::span(&x, 1), {.seed = 3, .tensor = 0, .step = s});
    m.sample_to(std::span(&y, 1), {.seed = 3, .tensor = 1, .step = s});
    covariance += (x - m.mean()[0]) * (y - m.mean()[0]) / 20'000;
  }
  CHECK(expected > 0.03);
  CHECK(std::abs(covariance - expected) < 0.01);
  CHECK(x != y);
}

TEST_CASE("moments: merging gives the moments of all snapshots, up to rounding") {
  for (int cut : {0, 1, 4, 9}) {
    moments all{low_rank{.deviations = 2}}, left{low_rank{.deviations = 2}}, right{low_rank{.deviations = 2}};
    for (int k = 0; k != 9; ++k) {
      auto const x = snapshot(50, static_cast<std::uint64_t>(k), k);
      all.update(x);
      (k < cut ? left : right).update(x);
    }
    left.merge(right);
    CHECK(left.n_averaged() == 9);
    auto const v = variances(left), expected = variances(all);
    for (std::size_t i = 0; i != 50; ++i) {
      CHECK(left.mean()[i] == doctest::Approx(all.mean()[i]).epsilon(1e-14));
      CHECK(v[i] == doctest::Approx(expected[i]).epsilon(1e-13));
    }
    CHECK(left.deviations() == 2);
    if (cut == 0 || cut == 9) CHECK(left.save() == all.save());
    if (cut == 4) CHECK(std::ranges::equal(left.deviation(1), right.deviation(1)));
  }
}

TEST_CASE_TEMPLATE("W9: moments: saved, loaded and continued, the bits are those of never having stopped", T, float,
                   double) {
  for (int stop = 0; stop != 7; ++stop) {
    moments<T> straight{low_rank{.deviations = 3}};
    auto resumed = moments<T>::load(straight.save());
    for (int k = 0; k != 7; ++k) {
      if (k == stop) resumed = moments<T>::load(resumed.save());
      for (auto* m : {&straight, &resumed}) m->update(snapshot(20, static_cast<std::uint64_t>(k)));
    }
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("moments: states that are truncated, too long or cannot be are refused") {
  moments<float> m{low_rank{.deviations = 2}};
  for (std::uint64_t k = 0; k != 3; ++k) m.update(snapshot(3, k));
  auto const good = m.save();
  auto const refused = [](std::vector<std::byte> const& bytes, char const* words) {
    return test::refuses([&] { (void)moments<float>::load(bytes); }, words);
  };
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}, "moments::load"));
  }
  auto bytes = good;
  bytes.push_back(std::byte{0});
  CHECK(refused(bytes, "1 bytes too many"));
  bytes = good;
  bytes[4] = std::byte{0};
  CHECK(refused(bytes, "0 snapshots, 3 means"));
  bytes = good;
  bytes[4 + 8 + 8 + 12 + 8 + 3] |= std::byte{0x80};
  CHECK(refused(bytes, "a negative sum of squares"));
  CHECK(test::refuses([&] { (void)moments<>::load(good); }, "not the state of moments of 8-byte values"));
}

TEST_CASE("W10, W14: moments: the first update decides the size; every other one has it or is an error") {
  moments m;
  std::vector<float> out(4);
  CHECK(test::refuses([&] { m.value_to(out); }, "moments::value_to: no snapshot has been averaged"));
  CHECK(test::refuses([&] { m.sample_to(out, {}); }, "moments::sample_to: no snapshot has been averaged"));
  m.update(snapshot(4, 1));
  for (std::size_t n : {0U, 3U, 5U}) {
    CHECK(test::refuses([&] { m.update(snapshot(n, 1)); }, "moments::update: a snapshot of"));
    CHECK(test::refuses([&] { m.variance_to(std::vector<float>(n)); }, "4 weights into"));
  }
  m.value_to(out);
  CHECK(out == snapshot(4, 1));
  moments other, ranked{low_rank{.deviations = 1}};
  other.update(snapshot(5, 1));
  CHECK(test::refuses([&] { m.merge(other); }, "moments::merge: means of 4 and 5 values"));
  CHECK(test::refuses([&] { m.merge(ranked); }, "moments::merge: 0 and 1 deviations"));
  CHECK(m.n_averaged() == 1);
}

TEST_CASE("moments: NaN and infinity make mean and variance NaN or infinite, never wrong") {
  moments m;
  m.update(std::array{1.0F, 1.0F});
  m.update(std::array{std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()});
  for (double v : variances(m)) CHECK_FALSE(std::isfinite(v));

  moments first;
  first.update(std::array{1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()});
  auto const of_one = variances(first);
  CHECK(of_one[0] == 0);
  CHECK(std::isnan(of_one[1]));
  CHECK(std::isnan(of_one[2]));
}

}  // namespace SQWA_TEST_FILE
