// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/nn/averaged_scope.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(!std::is_copy_constructible_v<averaged_scope>);

using floats = std::vector<named_tensor<std::vector<float>>>;
using integers = std::vector<named_tensor<std::vector<std::int32_t>>>;

/// Weights of every magnitude: what sums and differences would not bring back.
floats weights(std::uint64_t seed) {
  floats w{{"w", std::vector<float>(1'000)}, {"bn.mean", {1, 2, 3}}};
  for (std::size_t i = 0; i != 1'000; ++i) {
    w[0].value[i] =
        (noise{.seed = seed}(i)-0.5F) * std::bit_cast<float>((100U + static_cast<std::uint32_t>(i % 50)) << 23);
  }
  w[0].value[7] = -0.0F;
  w[0].value[8] = std::bit_cast<float>(0x7FA00001U);  // a signalling NaN, with a payload
  return w;
}

bool same_bits(floats const& a, floats const& b) {
  bool same = true;
  for (std::size_t i = 0; i != a.size(); ++i) {
    same = same && std::memcmp(a[i].value.data(), b[i].value.data(), 4 * a[i].value.size()) == 0;
  }
  return same;
}

auto average_of_two() {
  model_average average(policy_by_name{{{"bn.*", tensor_policy::skip}}});
  average.update(weights(1), integers{{"n", {1}}});
  average.update(weights(2), integers{{"n", {2}}});
  return average;
}

}  // namespace

TEST_CASE("W7 averaged_scope: the average is in the live tensors, and afterwards every old bit is back") {
  auto average = average_of_two();
  auto live = weights(3);
  integers counter{{"n", {9}}};
  auto const before = live;
  auto const* const memory = live[0].value.data();
  {
    averaged_scope const scope(average, live, counter);
    auto expected = before;
    integers n{{"n", {0}}};
    average.value_to(expected, n);
    CHECK(same_bits(live, expected));
    CHECK(counter[0].value[0] == 2);
    CHECK(live[1].value == before[1].value);
    live[1].value = {7, 8, 9};  // statistics are refreshed inside
    live[0].value[0] = 5;
  }
  CHECK(same_bits(live, before));
  CHECK(counter[0].value[0] == 9);
  CHECK(live[0].value.data() == memory);
}

TEST_CASE("W7 averaged_scope: an exception brings the old bits back too") {
  auto average = average_of_two();
  auto live = weights(3);
  integers counter{{"n", {9}}};
  auto const before = live;
  try {
    averaged_scope const scope(average, live, counter);
    throw std::runtime_error("evaluation failed");
  } catch (std::runtime_error const&) {
  }
  CHECK(same_bits(live, before));
  average.update(live, counter);  // and the average is open again
  CHECK(average.n_averaged() == 3);
}

TEST_CASE("W9 averaged_scope: before the first update it is refused, and the live tensors stay") {
  model_average none;
  auto live = weights(3);
  auto const before = live;
  CHECK(test::refuses([&] { averaged_scope s(none, live); }, "averaged_scope: no model has been averaged"));
  CHECK(same_bits(live, before));
  none.update(live);  // a refused scope leaves it open to updates
  CHECK(none.n_averaged() == 1);
}

TEST_CASE("W9 averaged_scope: while it is open, updates and a second scope are refused, saving is not") {
  auto average = average_of_two();
  auto live = weights(3);
  integers counter{{"n", {9}}};
  auto const before = live;
  auto const state = average.save();
  {
    averaged_scope const scope(average, live, counter);
    CHECK(test::refuses([&] { averaged_scope second(average, live, counter); }, "is open already"));
    CHECK(test::refuses([&] { average.update(live, counter); }, "the live tensors hold the average"));
    CHECK(average.save() == state);  // never the swapped weights
    auto copy = average;             // a copy has no scope of its own
    copy.update(live, counter);
    CHECK(copy.n_averaged() == 3);
  }
  CHECK(same_bits(live, before));
  averaged_scope const again(average, live, counter);
  CHECK_FALSE(same_bits(live, before));
}

TEST_CASE("W14 averaged_scope: a model that does not fit is refused, and nothing moves") {
  auto average = average_of_two();
  auto live = weights(3);
  auto const before = live;
  integers longer{{"n", {9, 10}}};
  CHECK(test::refuses([&] { averaged_scope s(average, live, longer); }, "n has 2 values, in the first model 1"));
  CHECK(test::refuses([&] { averaged_scope s(average, live); }, "n is missing"));
  CHECK(same_bits(live, before));
}

TEST_CASE("averaged_scope: commit keeps what the live tensors hold") {
  auto average = average_of_two();
  auto live = weights(3);
  integers counter{{"n", {9}}};
  auto const before = live;
  {
    averaged_scope scope(average, live, counter);
    live[1].value = {7, 8, 9};
    scope.commit();
  }
  CHECK_FALSE(same_bits(live, before));
  CHECK(live[1].value == std::vector<float>{7, 8, 9});
  CHECK(counter[0].value[0] == 2);
}

}  // namespace SQWA_TEST_FILE
