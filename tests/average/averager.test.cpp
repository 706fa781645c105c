// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/core/noise.hpp>
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

namespace {

static_assert(schedule<uniform> && schedule<exponential_weight>);
static_assert(uniform{}(0) == 1.0 && uniform{}(3) == 0.25 && exponential_weight{.decay = 0.75F}(0) == 1.0 &&
              exponential_weight{.decay = 0.75F}(9) == 0.25);
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
template <class Average>
concept merges = requires(Average a) {
  a.merge(a);
};
static_assert(merges<averager<>> && !merges<averager<std::vector<float>, exponential_weight>>);
template <class Storage>
concept stores = requires {
  typename averager<Storage>;
};
static_assert(stores<std::span<double>> && !stores<std::span<float const>> && !stores<std::vector<int>>);

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
