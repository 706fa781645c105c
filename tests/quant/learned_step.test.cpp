// SPDX-License-Identifier: BSD-3-Clause
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/gradient.hpp>
#include <sqwa/quant/learned_step.hpp>
#include <sqwa/quant/quantizer.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

static_assert(fit<learned_step_init, symmetric<3>> && fit<learned_step_init, symmetric<65535>>);
static_assert(!fit<learned_step_init, int>);

template <class T>
std::vector<T> uniform(std::size_t n, std::uint64_t seed, T width) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = width * (2 * static_cast<T>(noise{.seed = seed}(i)) - 1);
  return x;
}

/// One scale a block, all different.
std::vector<float> scales_of(blocks const& layout, float about) {
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) scales[b] = about * (1 + 0.03F * static_cast<float>(b % 40));
  return scales;
}

/// Gradients of the latent weights, then of the scales.
template <class T, class F, class Backend = backend<>>
std::vector<T> gradients(std::vector<T> g, std::vector<T> const& w, blocks const& layout,
                         std::vector<float> const& scales, F const& format, learned_step const& policy = {},
                         Backend where = {}) {
  std::vector<T> ds(scales.size(), T(99));
  policy.backward(std::span(g), w, layout, scales, format, ds, where);
  g.insert(g.end(), ds.begin(), ds.end());
  return g;
}

/// Layouts whose blocks lie in one run, in many long, in many short runs, and in single elements.
std::vector<blocks> layouts(std::size_t scale) {
  shape const extents{4 * scale, 3, 70};
  std::size_t const n = extents.size();
  return {per_tensor{}(extents),
          per_channel{.axis = 0}(extents),
          per_channel{.axis = 1}(extents),
          per_channel{.axis = 2}(extents),
          per_channel{.axis = 1}({40 * scale, 2, 30}),
          per_group{.size = 33}(extents),
          per_group{.size = n - 7}(extents),
          {.size = n, .outer = 3, .count = 1, .inner = n / 3}};
}

}  // namespace

TEST_CASE_TEMPLATE("learned_step: the gradients are finite differences of the surrogate", F, symmetric<3>, symmetric<7>,
                   symmetric<255>) {
  for (blocks const& layout : layouts(1)) {
    auto const w = uniform<double>(layout.size, 1, 2), up = uniform<double>(layout.size, 2, 1);
    auto const scales = scales_of(layout, 0.8F / static_cast<float>(F::max_code));
    constexpr double limit = F::max_code, h = 1e-6;
    // Rounding adds an offset; the surrogate holds it fixed at the point of linearisation.
    auto const surrogate = [&](std::size_t i, double x, double s) {
      double const s0 = static_cast<double>(scales[layout.of(i)]), v = w[i] / s0;
      double const offset = std::abs(v) <= limit ? std::rint(v) - v : 0;
      return up[i] * s * (std::clamp(x / s, -limit, limit) + offset);
    };
    auto const all = gradients(up, w, layout, scales, F{}, {.gradient_scale = 1});
    std::vector<double> steps(layout.count);
    for (std::size_t i = 0; i != w.size(); ++i) {
      double const s = static_cast<double>(scales[layout.of(i)]), nudge = h * s;
      CHECK(all[i] == doctest::Approx((surrogate(i, w[i] + h, s) - surrogate(i, w[i] - h, s)) / (2 * h)).epsilon(1e-6));
      steps[layout.of(i)] += (surrogate(i, w[i], s + nudge) - surrogate(i, w[i], s - nudge)) / (2 * nudge);
    }
    for (std::size_t b = 0; b != layout.count; ++b) {
      CHECK(all[w.size() + b] == doctest::Approx(steps[b]).epsilon(1e-6).scale(limit));
    }
    CHECK(std::count(all.begin(), all.begin() + 840, 0.0) > 0);
    CHECK(std::count(all.begin(), all.begin() + 840, 0.0) < 840);
  }
}

TEST_CASE_TEMPLATE("learned_step: the latent gradient is that of ste_clipped", T, float, double) {
  for (std::size_t const scale : {1U, 61U}) {
    for (blocks const& layout : layouts(scale)) {
      auto const w = uniform<T>(layout.size, 3, 2), up = uniform<T>(layout.size, 4, 1);
      std::vector<float> scales(layout.count, 0.25F);  // a power of two: dividing and multiplying agree at the edge
      auto clipped = up;
      ste_clipped{}(std::span(clipped), w, layout, scales, symmetric<7>{});
      auto all = gradients(up, w, layout, scales, symmetric<7>{});
      all.resize(w.size());
      CHECK(all == clipped);
    }
  }
}

TEST_CASE("learned_step: the gradient scale is 1 / sqrt(n * max_code), the one given, or none") {
  blocks const layout = per_group{.size = 6}({10});
  std::vector<double> const w{9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, g(10, 1);  // all outside: each slope is max_code = 3
  std::vector<float> const scales{1, 1};
  auto const steps = [&](learned_step const& policy) {
    auto const all = gradients(g, w, layout, scales, symmetric<7>{}, policy);
    return std::vector<double>(all.begin() + 10, all.end());
  };
  CHECK(steps({.gradient_scale = 1}) == std::vector<double>{18, 12});
  CHECK(steps({.gradient_scale = 0.5F}) == std::vector<double>{9, 6});
  CHECK(steps({})[0] == doctest::Approx(18 / std::sqrt(6.0 * 3)).epsilon(1e-15));
  CHECK(steps({})[1] == doctest::Approx(12 / std::sqrt(4.0 * 3)).epsilon(1e-15));
}

TEST_CASE("learned_step: the gradient scale counts the weights of a block in every layout") {
  for (std::size_t const scale : {1U, 61U}) {
    for (blocks const& layout : layouts(scale)) {
      std::vector<double> const w(layout.size, 2), g(layout.size, 1);  // all outside of ternary points: slope 1
      auto const all = gradients(g, w, layout, std::vector<float>(layout.count, 1), symmetric<3>{});
      std::vector<double> n(layout.count);
      for (std::size_t i = 0; i != layout.size; ++i) ++n[layout.of(i)];
      for (std::size_t b = 0; b != layout.count; ++b) {
        CHECK(all[layout.size + b] == doctest::Approx(n[b] / std::sqrt(n[b])).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE_TEMPLATE("learned_step: every backend gives the same bits", T, float, double) {
  for (std::size_t const scale : {1U, 61U}) {
    for (blocks const& layout : layouts(scale)) {
      auto const w = uniform<T>(layout.size, 5, 2), up = uniform<T>(layout.size, 6, 1);
      auto scales = scales_of(layout, 0.3F);
      if (layout.count > 2) scales[1] = 0x1p-140F;  // two that take the wide way
      if (layout.count > 2) scales[2] = 0;
      auto const expected = gradients(up, w, layout, scales, symmetric<7>{});
      test::every_backend(
          [&](auto where) { CHECK(gradients(up, w, layout, scales, symmetric<7>{}, {}, where) == expected); });
    }
  }
}

TEST_CASE_TEMPLATE("learned_step: empty tensors and empty blocks have the gradient 0", T, float, double) {
  CHECK(gradients<T>({}, {}, per_tensor{}({0}), {1}, symmetric<3>{}) == std::vector<T>{0});
  CHECK(gradients<T>({}, {}, per_group{}({0}), {}, symmetric<3>{}).empty());
  CHECK(gradients<T>({}, {}, per_channel{}({3, 0}), {1, 1, 0}, symmetric<3>{}) == std::vector<T>{0, 0, 0});
  blocks const many = per_channel{}({40, 0});
  CHECK(gradients<T>({}, {}, many, std::vector<float>(40, 1), symmetric<3>{}) == std::vector<T>(40));
}

TEST_CASE_TEMPLATE("learned_step: a scale of 0 lets 0 pass, and the others pull it up or down", T, float, double) {
  blocks const layout = per_group{.size = 4}({8});
  T const tiny = std::numeric_limits<float>::denorm_min();
  auto const all = gradients<T>({1, 2, 4, 8, 1, 2, 4, 8}, {0, T(-0.0), tiny, -3, 0, 0, 0, 0}, layout, {0, 0},
                                symmetric<7>{}, {.gradient_scale = 1});
  CHECK(all == std::vector<T>{1, 2, 0, 0, 1, 2, 4, 8, 3 * (4 - 8), 0});
}

TEST_CASE_TEMPLATE("learned_step: scales whose inverse is not normal give what any power of two gives", T, float,
                   double) {
  // Scaling weights and step by one power of two changes neither gradient.
  std::vector<T> const w{0, 1, -1, 2, -3, 5, T(2.5), T(-3.5)}, up{1, 2, 3, 4, 5, 6, 7, 8};
  blocks const layout = per_tensor{}({w.size()});
  auto const expected = gradients(up, w, layout, {1}, symmetric<7>{});
  for (int const exponent : {-148, -147, -130, -127, -126, -125, 10, 124, 125, 126}) {
    auto scaled = w;
    for (T& x : scaled) x = std::ldexp(x, exponent);
    float const scale = std::ldexp(1.0F, exponent);
    CHECK(scale > 0);
    CHECK(gradients(up, scaled, layout, {scale}, symmetric<7>{}) == expected);
  }
  auto half = w;
  for (T& x : half) x = std::ldexp(x, 125);
  CHECK(std::isfinite(gradients(up, half, layout, {0x1.fp127F}, symmetric<3>{}).back()));
}

TEST_CASE_TEMPLATE("learned_step: a NaN weight passes nothing and is seen in its own block's scale", T, float, double) {
  T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  auto const all = gradients<T>({1, 2, 3, 4}, {0, nan, -inf, inf}, per_group{.size = 2}({4}), {1, 1}, symmetric<5>{},
                                {.gradient_scale = 1});
  CHECK(std::vector<T>(all.begin(), all.begin() + 4) == std::vector<T>{1, 0, 0, 0});
  CHECK(std::isnan(all[4]));
  CHECK(all[5] == 2 * (4 - 3));
}

TEST_CASE_TEMPLATE("learned_step: begins at 2 mean|w| / sqrt(max_code)", T, float, double) {
  std::vector<T> const w{1, -2, 3, 0};
  auto const begin = [](auto const& block, auto format) {
    float const s = learned_step_init{}(std::span<T const>(block), format);
    CHECK(s == learned_step{}.initial(std::span<T const>(block), format));
    return s;
  };
  CHECK(begin(w, symmetric<3>{}) == 3);
  CHECK(begin(w, symmetric<9>{}) == 1.5F);
  CHECK(begin(w, symmetric<255>{}) == doctest::Approx(3 / std::sqrt(127.0)).epsilon(1e-7));
  CHECK(begin(std::vector<T>{}, symmetric<3>{}) == 0);
  CHECK(begin(std::vector<T>{0, T(-0.0)}, symmetric<3>{}) == 0);
  std::vector<T> const huge(3, std::numeric_limits<T>::max());
  CHECK(std::isfinite(begin(huge, symmetric<255>{}) * 127));
  std::vector<float> scales(2);
  quantizer const q{symmetric<3>{}, learned_step_init{}, per_channel{}};
  fit_scales(q, std::span(w), {2, 2}, scales);
  CHECK(scales == std::vector<float>{3, 3});
}

TEST_CASE("learned_step: a step goes down the gradient, and no gradient takes a scale out of the positive numbers") {
  learned_step const policy;
  std::vector<float> scales{1, 1, 1, 1, 1, 1};
  double const inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> const g{0.5, -0.5, 1e30, -inf, nan, 0};
  policy.update(std::span(scales), std::span(g), symmetric<7>{}, 0.5F);
  CHECK(scales == std::vector<float>{0.75F, 1.25F, 0.5F, 2, 1, 1});
  for (int i = 0; i != 300; ++i) policy.update(std::span(scales), std::span(g), symmetric<7>{}, 1e30F);
  CHECK(scales[1] > 1e30F);
  scales[1] = 1;
  CHECK(scales == std::vector<float>{0x1p-126F, 1, 0x1p-126F, 0x1p126F, 1, 1});
  policy.update(std::span(scales), std::span(g), symmetric<7>{}, std::numeric_limits<float>::infinity());
  CHECK(scales[5] == 1);  // 0 * infinity
}

TEST_CASE("learned_step: a tiny scale grows again, down the gradient of a loss") {
  // The loss is ||q(w) - w||² / 2, whose best ternary scale for weights of ±1 is 1.
  std::vector<double> const w{1, -1, 1, 1, -1};
  blocks const layout = per_tensor{}({5});
  for (float const begin : {0.0F, 0x1p-126F, 1e-20F, 1e-3F, 100.0F}) {
    std::vector<float> scales{begin};
    for (int i = 0; i != 400; ++i) {
      std::vector<double> g(5), ds(1);
      fake_quantize(std::span(w), layout, scales, symmetric<3>{}, nearest_even{}, std::span(g));
      for (std::size_t k = 0; k != 5; ++k) g[k] -= w[k];
      learned_step{}.backward(std::span(g), w, layout, scales, symmetric<3>{}, ds);
      learned_step{}.update(std::span(scales), std::span(ds), symmetric<3>{}, 0.3F);
    }
    if (begin < 2) CHECK(scales[0] == doctest::Approx(1).epsilon(1e-3));
    CHECK(scales[0] > 0);
  }
}

TEST_CASE("learned_step: what does not fit together is refused with its numbers") {
  std::vector<float> g(4), w(4), ds(1), scales{1};
  blocks const layout = per_tensor{}({4});
  auto const refused = [&](learned_step const& policy, std::span<float> steps, char const* words) {
    return test::refuses([&] { policy.backward(std::span(g), w, layout, scales, symmetric<3>{}, steps); }, words);
  };
  CHECK(refused({}, {}, "learned_step: 0 gradients for 1 scales"));
  CHECK(refused({.gradient_scale = -1}, ds, "learned_step: the gradient scale -1"));
  scales = {-1};
  CHECK(refused({}, ds, "learned_step: the scale -1 of block 0"));
  scales = {1, 1};
  CHECK(refused({}, ds, "learned_step: 4 values, 2 scales and 4 results"));
  CHECK(test::refuses([&] { learned_step{}.update(std::span(scales), std::span(ds), symmetric<3>{}, 1); },
                      "learned_step: 1 gradients for 2 scales"));
}

}  // namespace SQWA_TEST_FILE
