// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/capture_average.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// Trains a little, captures `n` times and returns the mean that is put back, with the float tensor behind it.
std::vector<double> averaged(averaging what, int n, int& bits, std::vector<double>* expected) {
  test::toy_learner l;
  low_bit_weights weights(l, symmetric<3>{});
  capture_average<test::toy_learner> average(what);
  if (expected != nullptr) expected->assign(l.first.size() + l.bias.size(), 0.0);
  for (int k = 0; k != n; ++k) {
    weights.step(0.4F, straight_through::plain);
    auto const model = weights.capture();
    average.update(model, weights);
    std::vector<double> decoded(l.first.size());
    model.weights[0].weights.decode(std::span(decoded));
    if (expected == nullptr) continue;
    auto const& from = what == averaging::latent ? l.first : decoded;
    for (std::size_t i = 0; i != from.size(); ++i) (*expected)[i] += from[i] / n;
    for (std::size_t i = 0; i != l.bias.size(); ++i) (*expected)[from.size() + i] += l.bias[i] / n;
  }
  average.put(weights);
  bits = average.bits(0);
  auto result = l.first;
  result.insert(result.end(), l.bias.begin(), l.bias.end());
  return result;
}

}  // namespace

TEST_CASE("capture_average: codes, values and latent weights each give their own mean") {
  for (averaging what : {averaging::codes, averaging::values, averaging::latent}) {
    int bits = 0;
    std::vector<double> expected;
    auto const mean = averaged(what, 5, bits, &expected);
    REQUIRE(mean.size() == expected.size());
    for (std::size_t i = 0; i != mean.size(); ++i) CHECK(mean[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }
}

TEST_CASE("capture_average: seven ternary captures of common scales take 4 bits, values and latent weights 32") {
  int bits = 0;
  averaged(averaging::codes, 7, bits, nullptr);
  CHECK(bits == 4);
  averaged(averaging::values, 7, bits, nullptr);
  CHECK(bits == 32);
}

TEST_CASE("capture_average: nothing captured, nothing to average: refused") {
  test::toy_learner l;
  low_bit_weights weights(l, symmetric<3>{});
  CHECK(test::refuses([&] { capture_average<test::toy_learner>(averaging::codes).put(weights); },
                      "nothing was captured"));
  CHECK(test::refuses([] { capture_average<test::toy_learner> const nothing{averaging::none}; }, "averages nothing"));
}

}  // namespace SQWA_TEST_FILE
