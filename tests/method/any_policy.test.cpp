// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <doctest/doctest.h>
#include <cstdint>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(cyclic_schedule<any_schedule>);
static_assert(std::convertible_to<cosine, any_schedule> && !std::convertible_to<float, any_schedule>);
static_assert(std::convertible_to<symmetric<3>, any_quantizer> && !std::convertible_to<int, any_quantizer>);

TEST_CASE("any_schedule: values, events and length are those of the schedule") {
  cyclic const lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 9}, 10};
  any_schedule const any = lr;
  for (step_index t = 0; t != 35; ++t) {
    CHECK(any(t) == lr(t));
    CHECK(any.events(t) == lr.events(t));
  }
  CHECK(!any.finite());
  any_schedule const shape = cosine{.hi = 1, .lo = 0, .length = 0};
  CHECK(shape.finite());
  CHECK(shape.length() == 0);
  CHECK(shape.events(0).empty());
  CHECK(any_schedule{}.empty());
}

TEST_CASE("any_capture: decides as the policy does") {
  cyclic const lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 9}, 10};
  any_capture const any = at_trough{.last = 2};
  std::vector<step_index> taken;
  for (step_index t = 0; t != 50; ++t) {
    if (any(lr, t, 50)) taken.push_back(t);
  }
  CHECK(taken == std::vector<step_index>{39, 49});
}

TEST_CASE("any_capture: without a gate the loss decides nothing") {
  any_capture const any = at_trough{.last = 2};
  CHECK(!any.gated());
  CHECK(any.admits({}));
  CHECK(any.next({}, 0.5) == loss_trend{});
}

TEST_CASE("any_capture: candidates, gate and state are those of the gated policy") {
  cyclic const lr{cosine{.hi = 0.1F, .lo = 0.001F, .length = 4}, 5};
  loss_gated const gate{at_trough{}, 1.2, 0.01, 3.0, 4};
  any_capture const any = gate;
  CHECK(any.gated());
  loss_trend seen, same;
  int admitted = 0, refused = 0;
  for (step_index t = 0; t != 60; ++t) {
    double const loss = static_cast<double>(noise{4}(static_cast<std::uint64_t>(t)));
    seen = gate.next(seen, loss);
    same = any.next(same, loss);
    CHECK(seen == same);
    CHECK(any(lr, t, 60) == gate.candidate(lr, t, 60));
    CHECK(any.admits(seen) == gate.admits(seen));
    admitted += any.admits(seen);
    refused += !any.admits(seen);
  }
  CHECK(admitted > 0);
  CHECK(refused > 0);
}

TEST_CASE_TEMPLATE("any_quantizer: scales, values, codes and gradients are those of the quantizer", T, float, double) {
  quantizer const q{symmetric<5>{}, l2{}, per_group{16}, stochastic{}};
  any_quantizer const any = q;
  CHECK(any.levels() == 5);
  CHECK(any.max_code() == 2);
  std::vector<T> w(50);
  for (std::size_t i = 0; i != w.size(); ++i) w[i] = static_cast<T>(noise{3}(i)) - T(0.5);
  shape const extents{50};
  auto const layout = any.layout(extents);
  CHECK(layout == per_group{16}(extents));
  std::vector<float> scales(layout.count), same(layout.count);
  fit_scales(q, std::span<T const>(w), extents, std::span(scales));
  any.fit(std::span<T const>(w), extents, std::span(same));
  CHECK(scales == same);

  noise const u{7, 1, 2};
  std::vector<T> projected(w.size()), decoded(w.size());
  any.project(std::span<T const>(w), extents, std::span<float const>(scales), std::span(projected), u);
  any.encode(std::span<T const>(w), extents, std::span<float const>(scales), u).decode(std::span(decoded));
  CHECK(projected == decoded);
  CHECK(projected != w);

  std::vector<T> gradient(w.size(), T(1)), direct(w.size(), T(1));
  any.pass_gradient(std::span(gradient), std::span<T const>(w), extents, std::span<float const>(scales),
                    straight_through::clipped);
  ste_clipped{}(std::span(direct), std::span<T const>(w), layout, std::span<float const>(scales), q.format);
  CHECK(gradient == direct);
  any.pass_gradient(std::span(gradient), std::span<T const>(w), extents, std::span<float const>(scales),
                    straight_through::plain);
  CHECK(gradient == direct);
}

}  // namespace SQWA_TEST_FILE
