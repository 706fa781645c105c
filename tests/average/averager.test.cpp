// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(std::copyable<averager<>> && std::copyable<averager<std::span<float>>>);
static_assert(std::same_as<decltype(averager{}), averager<std::vector<float>>>);
static_assert(std::same_as<decltype(averager{exponential_weight{}}), averager<std::vector<float>, exponential_weight>>);
static_assert(std::same_as<decltype(averager{std::span<double>{}}), averager<std::span<double>>>);
static_assert(std::same_as<decltype(averager{std::span<float>{}, constant{0.1F}, backend<>{}}),
                           averager<std::span<float>, constant, backend<>>>);

template <class Average, class Snapshot>
concept takes = requires(Average a, Snapshot const& x) {
  a.update(x);
};
static_assert(takes<averager<>, std::vector<float>> && !takes<averager<>, std::vector<double>>);
static_assert(takes<averager<std::vector<double>>, std::vector<float>> && !takes<averager<>, std::vector<int>>);
static_assert(takes<averager<>, std::vector<float16>> && takes<averager<std::vector<double>>, std::vector<bfloat16>> &&
              !takes<averager<>, std::vector<std::int16_t>> && !takes<averager<>, std::vector<std::uint16_t>>);
template <class Average, class Weight>
concept weighs = requires(Average a, std::vector<float> const& x, Weight w) {
  a.update(x, w);
};
static_assert(weighs<averager<>, double> && !weighs<averager<std::vector<float>, exponential_weight>, double> &&
              !weighs<averager<>, std::vector<float>>);
template <class Average>
concept merges = requires(Average a) {
  a.merge(a);
};
static_assert(merges<averager<>> && !merges<averager<std::vector<float>, exponential_weight>>);
template <class Storage>
concept stores = requires {
  typename averager<Storage>;
};
static_assert(stores<std::span<double>> && !stores<std::span<float const>> && !stores<std::vector<int>> &&
              !stores<std::vector<float16>>);

template <class T>
std::vector<T> snapshot(std::size_t n, std::uint64_t seed) {
  noise const u{.seed = seed};
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = static_cast<T>(2 * u(i) - 1);
  return x;
}

template <class T>
bool same(std::span<T const> a, std::vector<T> const& b) {
  return std::ranges::equal(a, b);
}

}  // namespace

TEST_CASE_TEMPLATE("averager: uniform is the mean of all snapshots", T, float, double) {
  averager<std::vector<T>> mean;
  std::vector<double> sums(100);
  for (std::uint64_t k = 0; k != 50; ++k) {
    auto const x = snapshot<T>(100, k);
    mean.update(x);
    CHECK(mean.n_averaged() == static_cast<step_index>(k) + 1);
    for (std::size_t i = 0; i != 100; ++i) {
      sums[i] += static_cast<double>(x[i]);
      double const exact = sums[i] / static_cast<double>(k + 1);
      CHECK(std::abs(static_cast<double>(mean.mean()[i]) - exact) <
            50 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }
  }
}

TEST_CASE("averager: the first snapshot is copied, bit for bit, whatever the memory held and the weight says") {
  std::vector<float> const x{-0.0F, 1e-45F, 3.4e38F, std::numeric_limits<float>::infinity()};
  std::vector<float> memory(4, std::numeric_limits<float>::quiet_NaN());
  averager borrowed{std::span(memory), constant{0.1F}};
  borrowed.update(x);
  CHECK(memory == x);
  CHECK(std::signbit(memory[0]));
  averager owned;
  owned.update(x);
  CHECK(same(owned.mean(), x));
}

TEST_CASE_TEMPLATE("averager: the mean of equal snapshots is the snapshot", W, uniform, exponential_weight) {
  auto const x = snapshot<float>(1'000, 1);
  averager mean{W{}};
  for (int k = 0; k != 100; ++k) mean.update(x);
  CHECK(same(mean.mean(), x));
}

TEST_CASE("averager: exponential weights are those of their closed form, and of a constant schedule") {
  double const decay = 0.75;
  averager<std::vector<double>, exponential_weight> mean{exponential_weight{.decay = 0.75F}};
  averager<std::vector<double>, constant> other{constant{0.25F}};
  double expected = 0;
  for (int k = 0; k != 30; ++k) {
    std::vector<double> const x{std::sin(static_cast<double>(k))};
    mean.update(x);
    other.update(x);
    expected = k == 0 ? x[0] : decay * expected + (1 - decay) * x[0];
    CHECK(std::abs(mean.mean()[0] - expected) < 1e-15);
    CHECK(other.mean()[0] == mean.mean()[0]);
  }
}

TEST_CASE("averager: small steps are not lost in a mean that is wider than the snapshots") {
  averager<std::vector<double>> mean;
  for (int k = 0; k != 1'000; ++k) mean.update(std::vector<float>{k == 999 ? 1.001F : 1.0F});
  CHECK(std::abs(mean.mean()[0] - (1 + (static_cast<double>(1.001F) - 1) / 1'000)) < 1e-14);
}

TEST_CASE_TEMPLATE("averager: every backend gives the same bits", T, float, double) {
  std::size_t const n = 20'011;
  averager<std::vector<T>, exponential_weight> plain;
  for (std::uint64_t k = 0; k != 5; ++k) plain.update(snapshot<T>(n, k));
  std::vector<T> const expected(plain.mean().begin(), plain.mean().end());
  auto const check = [&](auto where) {
    averager<std::vector<T>, exponential_weight, decltype(where)> mean{exponential_weight{}, where};
    for (std::uint64_t k = 0; k != 5; ++k) mean.update(snapshot<T>(n, k));
    CHECK(same(mean.mean(), expected));
    std::vector<T> memory(n);
    averager borrowed{std::span(memory), exponential_weight{}, where};
    for (std::uint64_t k = 0; k != 5; ++k) borrowed.update(snapshot<T>(n, k));
    CHECK(memory == expected);
  };
  test::every_backend(check);
}

TEST_CASE("averager: a mean in double takes floats as it takes the same numbers in double") {
  averager<std::vector<double>> narrow, wide;
  for (std::uint64_t k = 0; k != 9; ++k) {
    auto const x = snapshot<float>(500, k);
    narrow.update(x);
    wide.update(std::vector<double>(x.begin(), x.end()));
  }
  CHECK(std::ranges::equal(narrow.mean(), wide.mean()));
}

TEST_CASE_TEMPLATE("averager: saved, loaded and continued, the bits are those of never having stopped", Storage,
                   std::vector<float>, std::vector<double>) {
  using T = typename Storage::value_type;
  for (int stop = 0; stop != 6; ++stop) {
    averager<Storage> straight, first;
    for (std::uint64_t k = 0; k != 6; ++k) straight.update(snapshot<T>(77, k));
    for (std::uint64_t k = 0; k != static_cast<std::uint64_t>(stop); ++k) first.update(snapshot<T>(77, k));
    auto resumed = averager<Storage>::load(first.save());
    CHECK(resumed.n_averaged() == stop);
    for (auto k = static_cast<std::uint64_t>(stop); k != 6; ++k) resumed.update(snapshot<T>(77, k));
    CHECK(resumed.save() == straight.save());
    std::vector<T> memory(77);
    averager borrowed{std::span(memory)};
    borrowed.restore(straight.save());
    CHECK(same(straight.mean(), memory));
    CHECK(borrowed.n_averaged() == 6);
  }
}

TEST_CASE("averager: states that are truncated, too long or of something else are refused and change nothing") {
  averager mean;
  mean.update(snapshot<float>(5, 1));
  auto const good = mean.save();
  averager target;
  target.update(snapshot<float>(3, 2));
  auto const before = target.save();
  for (std::size_t n = 0; n != good.size(); ++n) {
    CHECK(test::refuses([&] { target.restore(std::span(good).first(n)); }, "averager::restore"));
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  CHECK(test::refuses([&] { target.restore(longer); }, "1 bytes too many"));
  CHECK(test::refuses([&] { (void)averager<std::vector<double>>::load(good); },
                      "not the state of an averager of 8-byte"));
  auto negative = good;
  negative[11] = std::byte{0x80};
  CHECK(test::refuses([&] { target.restore(negative); }, "a count of -"));
  std::vector<float> memory(4);
  averager borrowed{std::span(memory)};
  CHECK(test::refuses([&] { borrowed.restore(good); }, "5 saved values, a mean of 4"));
  CHECK(target.save() == before);
}

TEST_CASE("averager: merging gives the mean of all snapshots, counted") {
  averager<std::vector<double>> all, left, right;
  for (std::uint64_t k = 0; k != 9; ++k) {
    auto const x = snapshot<double>(100, k);
    all.update(x);
    (k < 4 ? left : right).update(x);
  }
  left.merge(right);
  CHECK(left.n_averaged() == 9);
  for (std::size_t i = 0; i != 100; ++i) CHECK(std::abs(left.mean()[i] - all.mean()[i]) < 1e-15);
  averager<std::vector<double>> none;
  auto const before = left.save();
  left.merge(none);
  CHECK(left.save() == before);
  none.merge(left);
  CHECK(none.save() == before);
  averager<std::vector<double>> other;
  other.update(std::vector<double>(3));
  CHECK(test::refuses([&] { left.merge(other); }, "averager::merge: means of 100 and 3 values"));
}

TEST_CASE("averager: a snapshot of another size is refused, and the mean stays") {
  averager mean;
  mean.update(snapshot<float>(4, 1));
  auto const before = mean.save();
  CHECK(test::refuses([&] { mean.update(snapshot<float>(5, 1)); },
                      "averager::update: a snapshot of 5 values, a mean of 4"));
  CHECK(mean.save() == before);
  std::vector<float> memory(3);
  averager borrowed{std::span(memory)};
  CHECK(test::refuses([&] { borrowed.update(snapshot<float>(4, 1)); }, "4 values, a mean of 3"));
  averager empty;
  empty.update(std::vector<float>{});
  CHECK(empty.n_averaged() == 1);
  CHECK(test::refuses([&] { empty.update(snapshot<float>(4, 1)); }, "4 values, a mean of 0"));
}

TEST_CASE("averager: value_to writes the mean, rounded once, and refuses other sizes and no snapshot") {
  averager<std::vector<double>> a;
  std::vector<float> out(2);
  CHECK(test::refuses([&] { a.value_to(out); }, "averager::value_to: no snapshot has been averaged"));
  a.update(std::vector{1.0F, 0.0F});
  a.update(std::vector{2.0F, 0.0F});
  a.update(std::vector{2.0F, 1.0F});
  a.value_to(out);
  CHECK(out == std::vector{static_cast<float>(a.mean()[0]), static_cast<float>(a.mean()[1])});
  std::array<double, 2> wide{};
  a.value_to(wide);
  CHECK(std::ranges::equal(wide, a.mean()));
  for (std::size_t n : {0U, 1U, 3U}) {
    CHECK(test::refuses([&] { a.value_to(std::vector<float>(n)); }, "averager::value_to: 2 means into"));
  }
}

TEST_CASE("averager: NaN and infinity propagate into the mean") {
  averager mean;
  mean.update(std::array{1.0F, 1.0F});
  mean.update(std::array{std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()});
  CHECK(std::isnan(mean.mean()[0]));
  CHECK(std::isinf(mean.mean()[1]));
}

TEST_CASE("averager: copies are independent where the mean is owned and share it where it is borrowed") {
  averager mean;
  mean.update(std::array{1.0F});
  averager copy = mean;
  copy.update(std::array{3.0F});
  CHECK(mean.mean()[0] == 1);
  CHECK(copy.mean()[0] == 2);
  std::vector<float> memory(1);
  averager borrowed{std::span(memory)};
  averager other = borrowed;
  other.update(std::array{3.0F});
  CHECK(borrowed.mean()[0] == 3);
}

TEST_CASE("averager: weights of their own give the weighted mean, and whole ones that of repeated snapshots") {
  std::array const weights{1.0, 0.25, 3.0, 0.0, 1e-3, 2.5};
  averager<std::vector<double>> mean, repeated;
  double sum = 0, all = 0;
  for (std::size_t k = 0; k != weights.size(); ++k) {
    double const x = 1 + std::sin(static_cast<double>(k));
    mean.update(std::vector{x}, weights[k]);
    sum += weights[k] * x;
    all += weights[k];
    CHECK(std::abs(mean.mean()[0] - sum / all) < 1e-15);
  }
  CHECK(mean.n_averaged() == 6);
  CHECK(mean.total_weight() == all);
  averager<std::vector<double>> thrice;
  for (double const x : {1.0, 5.0, 2.0}) {
    thrice.update(std::vector{x}, 3);
    for (int k = 0; k != 3; ++k) repeated.update(std::vector{x});
  }
  CHECK(std::abs(thrice.mean()[0] - repeated.mean()[0]) < 1e-15);
  CHECK(thrice.total_weight() == 9);
}

TEST_CASE("averager: a weight of one is no weight, bit for bit; equal weights are none") {
  averager plain, ones, halves;
  for (std::uint64_t k = 0; k != 20; ++k) {
    auto const x = snapshot<float>(50, k);
    plain.update(x);
    ones.update(x, 1);
    halves.update(x, 0.5);
    CHECK(plain.save() == ones.save());
    CHECK(same(plain.mean(), std::vector<float>(halves.mean().begin(), halves.mean().end())));
  }
}

TEST_CASE("averager: weights that are negative, not finite or zero in all are refused and change nothing") {
  averager mean;
  std::vector<float> const x{1, 2};
  CHECK(test::refuses([&] { mean.update(x, 0); }, "averager::update: a weight of 0 after weights of 0 in all"));
  CHECK(mean.mean().empty());
  mean.update(x, 2);
  auto const before = mean.save();
  double const inf = std::numeric_limits<double>::infinity();
  for (double const w : {-1.0, -0.5, -inf, inf, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(test::refuses([&] { mean.update(x, w); }, "after weights of 2 in all"));
  }
  CHECK(test::refuses([&] { mean.update(std::vector{1.0F}, 1); }, "1 values, a mean of 2"));
  CHECK(mean.save() == before);
}

TEST_CASE("averager: merging weighted means weights them by the sums of their weights") {
  averager<std::vector<double>> all, left, right;
  for (std::uint64_t k = 0; k != 9; ++k) {
    auto const x = snapshot<double>(100, k);
    double const w = 0.5 + static_cast<double>(k);
    all.update(x, w);
    (k < 4 ? left : right).update(x, w);
  }
  left.merge(right);
  CHECK(left.n_averaged() == 9);
  CHECK(left.total_weight() == all.total_weight());
  for (std::size_t i = 0; i != 100; ++i) CHECK(std::abs(left.mean()[i] - all.mean()[i]) < 1e-15);
}

TEST_CASE_TEMPLATE("averager: halves are taken in as the floats they are", Half, float16, bfloat16) {
  averager narrow, wide;
  averager<std::vector<double>, exponential_weight> narrow_double, wide_double;
  auto const check = [&](auto where) {
    averager<std::vector<float>, uniform, decltype(where)> other{uniform{}, where};
    averager one;
    for (std::uint64_t k = 0; k != 3; ++k) {
      std::vector<Half> x;
      for (float const v : snapshot<float>(9'001, k)) x.push_back(Half::nearest(v));
      one.update(x);
      other.update(x);
    }
    CHECK(std::ranges::equal(one.mean(), other.mean()));
  };
  test::every_backend(check);
  for (std::uint64_t k = 0; k != 9; ++k) {
    std::vector<Half> x;
    std::vector<float> y;
    for (float const v : snapshot<float>(500, k)) {
      x.push_back(Half::nearest(v));
      y.push_back(static_cast<float>(x.back()));
    }
    narrow.update(x);
    wide.update(y);
    narrow_double.update(std::span<Half const>(x));
    wide_double.update(y);
  }
  CHECK(narrow.save() == wide.save());
  CHECK(narrow_double.save() == wide_double.save());
}

TEST_CASE("W1: averager and learning rate know nothing of each other: any cyclic schedule will do") {
  cyclic const rate{cosine{.hi = 0.1F, .lo = 0.001F, .length = 99}, 100};
  averager mean;
  std::vector<double> sums(10);
  for (step_index t = 0; t != 1'000; ++t) {
    if (!at_trough{}(rate, t, 1'000)) continue;
    auto const x = snapshot<float>(10, static_cast<std::uint64_t>(t));
    mean.update(x);
    for (std::size_t i = 0; i != 10; ++i) sums[i] += static_cast<double>(x[i]) / 10;
  }
  CHECK(mean.n_averaged() == 10);
  for (std::size_t i = 0; i != 10; ++i) CHECK(std::abs(static_cast<double>(mean.mean()[i]) - sums[i]) < 1e-6);
}

TEST_CASE("W2: averaging may begin with an annealing of no steps, and with a weight of 0 in between") {
  cosine const anneal{.hi = 0.1F, .lo = 0.05F, .length = 0};
  CHECK(anneal(0) == 0.05F);
  averager mean;
  CHECK(every{}(anneal, 0, 1));
  mean.update(std::array{-0.0F, 2.0F});
  auto const before = std::vector<float>(mean.mean().begin(), mean.mean().end());
  mean.update(std::array{7.0F, std::numeric_limits<float>::quiet_NaN()}, 0);
  CHECK(same(mean.mean(), before));
  CHECK(std::signbit(mean.mean()[0]));
  CHECK(mean.n_averaged() == 2);
  CHECK(mean.total_weight() == 1);
}

TEST_CASE_TEMPLATE("W6: a half-precision exponential average moves", Half, float16, bfloat16) {
  averager mean{exponential_weight{.decay = 0.999}};
  mean.update(std::vector<Half>(3, Half::nearest(1.0F)));
  std::vector<Half> const target(3, Half::nearest(1.125F));
  for (int k = 0; k != 1'000; ++k) mean.update(target);
  for (float const m : mean.mean()) {
    CHECK(static_cast<double>(m) == doctest::Approx(1.125 - 0.125 * std::pow(0.999, 1'000)).epsilon(1e-5));
  }
}

TEST_CASE_TEMPLATE("W9: every weight: the state is one value, and resumed is uninterrupted", W, uniform,
                   exponential_weight, debiased_exponential_weight) {
  W weight;
  if constexpr (std::same_as<W, exponential_weight>) weight.warm_up = 10;
  using average = averager<std::vector<float>, W>;
  for (int stop = 0; stop != 9; ++stop) {
    average straight{weight};
    auto resumed = average::load(straight.save(), weight);
    for (int k = 0; k != 9; ++k) {
      if (k == stop) resumed = average::load(resumed.save(), weight);
      for (average* a : {&straight, &resumed}) {
        if constexpr (std::same_as<W, uniform>) {
          a->update(snapshot<float>(33, static_cast<std::uint64_t>(k)), 1 + k % 3);
        } else {
          a->update(snapshot<float>(33, static_cast<std::uint64_t>(k)));
        }
      }
    }
    CHECK(resumed.save() == straight.save());
  }
}

TEST_CASE("W9: nothing is read before the first update, and the state of another weight is refused") {
  averager mean;
  CHECK(mean.mean().empty());
  mean.update(std::array{1.0F}, 2);
  averager<std::vector<float>, exponential_weight> slow;
  CHECK(test::refuses([&] { slow.restore(mean.save()); }, "averager::restore: 1 snapshots of other weights, 2 in all"));
  slow.update(std::array{1.0F});
  CHECK(test::refuses([&] { mean.restore(slow.save()); }, "1 snapshots of other weights, 0 in all"));
}

TEST_CASE("W10: an averager is made before the tensors are: the first update allocates") {
  averager mean{exponential_weight{.decay = 0.5}};
  CHECK(mean.mean().empty());
  averager copy = mean;  // copies of an empty one are as good
  std::vector<float> lazily_made;
  lazily_made.resize(7, 2.0F);
  mean.update(lazily_made);
  copy.update(std::array{1.0F});
  CHECK(mean.mean().size() == 7);
  CHECK(copy.mean().size() == 1);
}

TEST_CASE("W11: the averager counts its own updates: warm-up needs no step from outside") {
  averager<std::vector<double>, exponential_weight> mean{{.decay = 0.999, .warm_up = 10}};
  double expected = 0;
  for (int n = 0; n != 50; ++n) {
    double const x = std::cos(static_cast<double>(n));
    mean.update(std::vector{x});
    double const decay = n == 0 ? 0 : std::min(0.999, (1.0 + n) / (10.0 + n));
    expected = decay * expected + (1 - decay) * x;
    CHECK(std::abs(mean.mean()[0] - expected) < 1e-14);
  }
}

TEST_CASE("W12: a gate keeps what came too early out of the average") {
  averager mean;
  after const gate{every{.period = 10}, 500};
  for (step_index t = 0; t != 1'000; ++t) {
    float const x = t < 500 ? 1e9F : 1.0F;  // untrained until then
    if (gate(constant{0.1F}, t, 1'000)) mean.update(std::array{x});
  }
  CHECK(mean.n_averaged() == 50);
  CHECK(mean.mean()[0] == 1);
}

TEST_CASE("W13: what an argument means is its type: numbers are neither weights nor backends nor memory") {
  static_assert(!std::constructible_from<averager<>, float> && !std::constructible_from<averager<>, int>);
  static_assert(!std::constructible_from<averager<>, backend<>> && !std::constructible_from<averager<>, uniform, int>);
  static_assert(!std::constructible_from<averager<>, std::vector<float>>);
  static_assert(!std::constructible_from<averager<std::vector<float>, exponential_weight>, double>);
  static_assert(!std::convertible_to<uniform, averager<>>);
  averager mean{uniform{}, backend<>{}};  // by kind, in their order
  mean.update(std::array{1.0F});
  CHECK(mean.n_averaged() == 1);
}

TEST_CASE("W14: a snapshot of another size is an error, shorter or longer, from any type") {
  averager<std::vector<double>> mean;
  mean.update(std::vector<double>(4));
  for (std::size_t n : {0U, 3U, 5U}) {
    CHECK(test::refuses([&] { mean.update(std::vector<double>(n)); }, "averager::update: a snapshot of"));
    CHECK(test::refuses([&] { mean.update(std::vector<float>(n), 2); }, "averager::update: a snapshot of"));
    CHECK(test::refuses([&] { mean.update(std::vector<bfloat16>(n)); }, "averager::update: a snapshot of"));
  }
  CHECK(mean.n_averaged() == 1);
}

TEST_CASE(
    "W15: snapshots are counted as they come, not computed beforehand: short and empty runs are nothing special") {
  cyclic const rate{cosine{.hi = 0.1F, .lo = 0.0F, .length = 99}, 100};
  for (step_index total : {0, 1, 99, 100, 250, 700}) {
    averager mean;
    for (step_index t = 0; t != total; ++t) {
      if (at_trough{.last = 7}(rate, t, total)) mean.update(std::array{1.0F});
    }
    CHECK(mean.n_averaged() == capture_count(at_trough{.last = 7}, rate, total));
    CHECK(mean.n_averaged() == total / 100);
  }
}

}  // namespace SQWA_TEST_FILE
