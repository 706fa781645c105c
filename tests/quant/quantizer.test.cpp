// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/quantizer.hpp>

#include <doctest/doctest.h>
#include <concepts>
#include <type_traits>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class Format, class Fit>
concept can_quantize = requires {
  typename quantizer<Format, Fit>;
};

static_assert(can_quantize<symmetric<3>, mean_abs> && !can_quantize<symmetric<5>, mean_abs>);
static_assert(!can_quantize<int, l2> && !can_quantize<symmetric<3>, int>);
static_assert(std::is_aggregate_v<quantizer<symmetric<3>>>);
static_assert(std::same_as<decltype(quantizer{symmetric<3>{}}), quantizer<symmetric<3>, l2, per_tensor, nearest_even>>);
static_assert(std::same_as<decltype(quantizer{symmetric<3>{}, max_abs{}}), quantizer<symmetric<3>, max_abs>>);
static_assert(std::same_as<decltype(quantizer{symmetric<3>{}, max_abs{}, per_group{32}}),
                           quantizer<symmetric<3>, max_abs, per_group>>);
static_assert(std::same_as<decltype(quantizer{symmetric<3>{}, max_abs{}, per_channel{}, stochastic{}}),
                           quantizer<symmetric<3>, max_abs, per_channel, stochastic>>);

static_assert(std::same_as<decltype(quantizer{binary{}}), quantizer<binary, l2, per_tensor, nearest_even>>);
static_assert(std::same_as<decltype(quantizer{affine<8>{}}), quantizer<affine<8>, min_max, per_tensor, nearest_even>>);
static_assert(can_quantize<affine<4>, l2> && !can_quantize<affine<4>, max_abs> && !can_quantize<binary, min_max>);
static_assert(can_quantize<binary, mean_magnitude> && !can_quantize<affine<4>, mean_abs>);

}  // namespace

TEST_CASE("quantizer: keeps the parameters of its policies") {
  quantizer const q{symmetric<3>{}, fixed{.scale = 0.5F}, per_group{.size = 32}};
  CHECK(q.scale_fit.scale == 0.5F);
  CHECK(q.grain.size == 32);
}

}  // namespace SQWA_TEST_FILE
