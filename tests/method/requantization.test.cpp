// SPDX-License-Identifier: BSD-3-Clause
// Predicted errors against averages that are decoded, re-quantized and compared weight by weight.
#include <sqwa/core/noise.hpp>
#include <sqwa/method/requantization.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/symmetric.hpp>

#include "support/refuses.hpp"
#include "support/thorough.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class F, class G>
void compare(F format, G grain, shape const& extents, int captures, double restless) {
  quantizer const q{format, l2{}, grain};
  blocks const layout = grain(extents);
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = 0.25F + static_cast<float>(b % 5);
  code_averager<> mean(F::levels);
  std::vector<std::uint64_t> squares(layout.count);
  std::vector<std::vector<double>> decoded;
  for (int k = 0; k != captures; ++k) {
    std::vector<std::int16_t> codes(extents.size());
    for (std::size_t i = 0; i != codes.size(); ++i) {
      bool const stays = static_cast<double>(noise{5, 0, static_cast<std::uint64_t>(k)}(i)) >= restless;
      noise const draw{stays ? 7U : 8U, 0, stays ? 0 : static_cast<std::uint64_t>(k)};
      codes[i] = static_cast<std::int16_t>(static_cast<int>(draw.below(i, F::levels)) - F::max_code);
    }
    packed const p = pack_tensor(std::span<std::int16_t const>(codes), layout, scales, F::levels);
    mean.update(p);
    add_squares(p, squares);
    decoded.emplace_back(codes.size());
    p.decode(std::span(decoded.back()));
  }
  requantization_error const e = requantization_of(mean, F::levels, squares);

  std::vector<double> average(extents.size()), frozen(average.size()), refitted(average.size());
  mean.value_to(average);
  std::vector<float> best(layout.count);
  fake_quantize(std::span(average), layout, scales, format, nearest_even{}, std::span(frozen));
  fit_scales(q, std::span(average), extents, std::span(best));
  fake_quantize(std::span(average), layout, best, format, nearest_even{}, std::span(refitted));
  requantization_error plain;
  for (std::size_t i = 0; i != average.size(); ++i) {
    auto const square = [](double x) { return x * x; };
    plain.energy += square(average[i]);
    plain.frozen += square(average[i] - frozen[i]);
    plain.refitted += square(average[i] - refitted[i]);
    for (auto const& c : decoded) plain.captures += square(c[i] - average[i]) / captures;
  }
  double const tolerance = 1e-9 * plain.energy;
  CHECK(e.energy == doctest::Approx(plain.energy).epsilon(1e-12));
  CHECK(std::abs(e.frozen - plain.frozen) <= tolerance);
  CHECK(std::abs(e.refitted - plain.refitted) <= tolerance);
  CHECK(std::abs(e.captures - plain.captures) <= tolerance);
  CHECK(e.refitted <= e.frozen * (1 + 1e-12));
  CHECK(e.frozen <= e.captures * (1 + 1e-12));
  CHECK(requantization_of(mean, F::levels).captures == 0);
}

}  // namespace

TEST_CASE("requantization_of: what the sums predict is what re-quantizing the decoded average costs") {
  for (int captures : {1, 2, 3, 7, 8, 20, 40}) {
    if (!test::thorough && (captures == 7 || captures == 40)) continue;
    for (double restless : {0.05, 0.5, 1.0}) {
      if (!test::thorough && restless == 0.5) continue;
      CAPTURE(captures);
      CAPTURE(restless);
      compare(symmetric<3>{}, per_tensor{}, {6'000}, captures, restless);
      compare(symmetric<3>{}, per_channel{}, {4, 30}, captures, restless);
      compare(symmetric<3>{}, per_channel{1}, {3, 5, 7}, captures, restless);
      compare(symmetric<3>{}, per_group{16}, {100}, captures, restless);
      compare(symmetric<7>{}, per_tensor{}, {500}, captures, restless);
      compare(symmetric<255>{}, per_group{40}, {110}, captures, restless);
    }
  }
}

TEST_CASE("requantization_of: three captures of four weights, by hand") {
  code_averager<> mean(3);
  std::vector<std::uint64_t> squares(1);
  for (std::vector<std::int8_t> const& codes :
       {std::vector<std::int8_t>{1, 1, 0, -1}, std::vector<std::int8_t>{1, 0, 0, -1},
        std::vector<std::int8_t>{1, 1, 0, 0}}) {
    float const scale = 3;
    packed const p = pack_tensor(std::span(codes), blocks{4, 1, 1, 4}, std::span<float const>(&scale, 1), 3);
    mean.update(p);
    add_squares(p, squares);
  }
  CHECK(squares[0] == 7);
  auto const e = requantization_of(mean, 3, squares);  // the average is 3, 2, 0, -2
  CHECK(e.energy == 17);
  CHECK(e.frozen == 2);                                 // 3, 3, 0, -3
  CHECK(e.refitted == doctest::Approx(17 - 49.0 / 3));  // 7/3 on three weights
  CHECK(e.captures == 4);                               // (2 + 5 + 5) / 3
  CHECK(e.relative_frozen() == 2.0 / 17);
  CHECK(e.relative_captures() == 4.0 / 17);
}

TEST_CASE("requantization_of: equal captures cost nothing, and an average of zeros has no relative error") {
  code_averager<> mean(3);
  float const scale = 0.1F;
  std::vector<std::int8_t> const codes = {1, 0, -1, -1, 0};
  std::vector<std::uint64_t> squares(1);
  for (int k = 0; k != 4; ++k) {
    packed const p = pack_tensor(std::span(codes), blocks{5, 1, 1, 5}, std::span<float const>(&scale, 1), 3);
    mean.update(p);
    add_squares(p, squares);
  }
  auto const e = requantization_of(mean, 3, squares);
  CHECK(e.frozen == 0);
  CHECK(e.refitted == 0);
  CHECK(e.captures == 0);
  CHECK(e.energy == doctest::Approx(0.03));
  CHECK(requantization_error{}.relative_refitted() == 0);
}

TEST_CASE("requantization_of: what has no common lattice is refused") {
  code_averager<> mean(3);
  CHECK(test::refuses([&] { (void)requantization_of(mean, 3); }, "nothing was captured"));
  std::vector<std::int8_t> const codes = {1, 0};
  auto const p = [&](float scale) {
    return pack_tensor(std::span(codes), blocks{2, 1, 1, 2}, std::span<float const>(&scale, 1), 3);
  };
  mean.update(p(1));
  CHECK(test::refuses([&] { (void)requantization_of(mean, 5); }, "1 captures of 5 levels, but sums of 3"));
  CHECK(test::refuses([&] { (void)requantization_of(mean, 257); }, "257 levels"));
  std::vector<std::uint64_t> squares(2);
  CHECK(test::refuses([&] { (void)requantization_of(mean, 3, squares); }, "2 sums of squares for 1 blocks"));
  CHECK(test::refuses([&] { add_squares(p(1), squares); }, "2 sums for 1 blocks"));
  mean.update(p(2));
  CHECK(test::refuses([&] { (void)requantization_of(mean, 3); }, "differ in their scales"));
}

}  // namespace SQWA_TEST_FILE
