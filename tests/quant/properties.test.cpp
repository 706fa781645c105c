// SPDX-License-Identifier: BSD-3-Clause
// What holds for every format, rounding and granularity.
#include "support/any_rounder.hpp"
#include "support/quantizers.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

blocks whole(auto const& w) { return per_tensor{}({w.size()}); }

template <class F>
void for_every_stochastic(F&& f) {
  for (auto const& q : test::every_rounder<double>()) {
    if (q->needs_noise) f(*q);
  }
}

}  // namespace

TEST_CASE("every format and rounding: a point of the lattice stays, bit for bit") {
  test::for_hard_weights([](auto const& q, auto const& w, affine_scale scale) {
    auto const once = q.rounded(w, whole(w), {scale}, {.seed = 8});
    CHECK(test::same_bits(q.rounded(once, whole(w), {scale}, {.seed = 9}), once));
  });
}

TEST_CASE("every format and rounding: fake_quantize is quantize and then dequantize, bit for bit, and zero is +0") {
  test::for_hard_weights([](auto const& q, auto const& w, affine_scale scale) {
    noise const u{.seed = 8};
    auto const once = q.rounded(w, whole(w), {scale}, u);
    CHECK(test::same_bits(q.values(q.codes(w, whole(w), {scale}, u), whole(w), {scale}), once));
    CHECK(std::ranges::none_of(once, [](auto x) { return x == 0 && std::signbit(x); }));
  });
}

TEST_CASE("every format, rounding and granularity: each element is rounded with the scale of its block") {
  for (auto const& q : test::every_rounder<float>()) {
    test::every_granularity([&](test::any_granularity const& grain, shape const& extents) {
      blocks const layout = grain.layout;
      auto const w = test::random_weights<float>(test::kind::gaussian, extents.size(), 5);
      auto const scales = q->format.some_scales(layout.count);
      noise const u{.seed = 2, .tensor = 3, .step = 4};
      std::vector<float> expected(w.size());
      for (std::size_t b = 0; b != layout.count; ++b) {  // all elements with this scale; then take those of the block
        auto const part = q->rounded(w, whole(w), {scales[b]}, u);
        for (std::size_t i = 0; i != w.size(); ++i) {
          if (layout.of(i) == b) expected[i] = part[i];
        }
      }
      CHECK(test::same_bits(q->rounded(w, layout, scales, u), expected));
    });
  }
}

TEST_CASE("every format and rounding without noise: a larger weight has no smaller value") {
  test::for_hard_weights([](auto const& q, auto w, affine_scale scale) {
    if (q.needs_noise) return;
    std::ranges::sort(w);
    CHECK(std::ranges::is_sorted(q.rounded(w, whole(w), {scale})));
  });
}

// Lists of an even number of points break ties between the same two places on both sides: nearest_even prefers the even
// place, which is the outer point on one side and the inner one on the other. And a quotient of zero has no mirror
// image.
TEST_CASE("formats that lie evenly around zero: the opposite weight has the opposite value") {
  test::for_hard_weights([]<class T>(auto const& q, std::vector<T> const& w, affine_scale scale) {
    if (q.format.affine || q.needs_noise) return;
    auto const points = q.format.points();
    for (std::size_t i = 0; i != points.size(); ++i) {
      if (points[i] != -points[points.size() - 1 - i]) return;
    }
    auto const s = static_cast<T>(scale.scale);
    std::vector<T> x, opposite;
    for (T v : w) {
      if (v / s == 0) continue;  // also where the quotient is below the range of T
      if (q.even && points.size() % 2 == 0) {
        bool tie = false;
        for (std::size_t i = 1; i != points.size(); ++i) {
          tie = tie || static_cast<double>(v / s) == (points[i - 1] + points[i]) / 2;
        }
        if (tie) continue;
      }
      x.push_back(v);
      opposite.push_back(-v);
    }
    auto const y = q.rounded(x, whole(x), {scale});
    auto z = q.rounded(opposite, whole(x), {scale});
    for (T& v : z) v = 0 - v;
    CHECK(test::same_bits(y, z));
  });
}

TEST_CASE("every format: with nearest roundings no other point is closer than rounding of w / scale explains") {
  test::for_hard_weights([]<class T>(auto const& q, std::vector<T> const& w, affine_scale scale) {
    if (!q.nearest) return;
    auto const once = q.rounded(w, whole(w), {scale});
    auto const points = q.format.points(scale.zero_point);
    auto const s = static_cast<double>(scale.scale);
    bool good = true;
    for (std::size_t i = 0; i != w.size(); ++i) {
      auto const x = static_cast<double>(w[i]);
      auto const above = std::ranges::lower_bound(points, x / std::max(s, 1e-300));
      double best = std::numeric_limits<double>::infinity();
      if (above != points.end()) best = std::abs(x - *above * s);
      if (above != points.begin()) best = std::min(best, std::abs(x - *(above - 1) * s));
      if (std::isinf(x)) continue;
      double const slack = 4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * (std::abs(x) + best) +
                           2 * static_cast<double>(std::numeric_limits<T>::denorm_min());
      good = good && std::abs(x - static_cast<double>(once[i])) <= best + slack;
    }
    CHECK(good);
  });
}

// A weight between two points becomes the upper one with the probability p of its place: the mean of n of them has the
// standard error gap * sqrt(p (1 - p) / n). The limit is five of these, and a billionth of the gap and of the weight
// for the 24 bits of the noise.
TEST_CASE("every format: stochastic rounding is unbiased, over elements and steps") {
  for_every_stochastic([](auto const& q) {
    constexpr std::size_t n = 2'000, steps = 4;
    auto const scales = q.format.some_scales(1);
    auto const s = static_cast<double>(scales[0].scale);
    auto const points = q.format.points(scales[0].zero_point);
    noise const place{.seed = 15};
    for (std::size_t k = 0; k != 8; ++k) {
      std::size_t const i = place.below(2 * k, static_cast<std::uint32_t>(points.size() - 1));
      double const gap = (points[i + 1] - points[i]) * s;
      if (gap < 1e-5 * s * std::abs(points[i])) continue;  // crowded: a float cannot lie well between
      double const p = 0.02 + 0.96 * static_cast<double>(place(2 * k + 1));
      std::vector<double> const w(n, points[i] * s + p * gap);
      double sum = 0;
      for (std::size_t step = 0; step != steps; ++step) {
        for (double y : q.rounded(w, whole(w), scales, {.seed = 4, .step = step})) sum += y - w[0];
      }
      double const limit = 5 * gap * std::sqrt(p * (1 - p) / (n * steps)) + 1e-7 * gap + 1e-9 * std::abs(w[0]);
      INFO(points.size(), " points, ", points[i], " + ", p);
      CHECK(std::abs(sum / (n * steps)) <= limit);
    }
  });
}

}  // namespace SQWA_TEST_FILE
