// SPDX-License-Identifier: BSD-3-Clause
// Every format, fit, granularity and rounding: what the property tests run through. A new one is one line here.
#ifndef SQWA_TESTS_SUPPORT_QUANTIZERS_HPP
#define SQWA_TESTS_SUPPORT_QUANTIZERS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/additive_powers_of_two.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/entropy.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/microscaling.hpp>
#include <sqwa/quant/min_max.hpp>
#include <sqwa/quant/minifloat.hpp>
#include <sqwa/quant/percentile.hpp>
#include <sqwa/quant/power_of_two.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/quant/symmetric.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <type_traits>
#include <vector>

namespace test {

/// Points that are no pretty list: none of them zero, more on one side, or nearly equal.
inline constexpr sqwa::codebook uneven{std::array{-5.0F, -1.75F, -0.125F, 0.0F, 0.25F, 1.125F, 3.0F}};
inline constexpr sqwa::codebook even_count{std::array{-3.0F, -1.0F, 1.0F, 3.0F}};
inline constexpr sqwa::codebook one_sided{std::array{0.5F, 1.0F, 4.0F}};
inline constexpr sqwa::codebook crowded{std::array{-1.0F, 0.0F, 1.0F, 0x1.f5b4c0p0F, 0x1.f5b4c4p0F}};

/// `f(format)` for the formats of points.
template <class F>
void every_point_format(F&& f) {
  f(sqwa::binary{});
  f(sqwa::power_of_two<2>{});
  f(sqwa::power_of_two<4>{});
  f(sqwa::power_of_two<8>{});
  f(sqwa::additive_powers_of_two<2, 2>{});
  f(sqwa::additive_powers_of_two<3, 2>{});
  f(sqwa::e5m2{});
  f(sqwa::e4m3{});
  f(sqwa::e3m2{});
  f(sqwa::e2m3{});
  f(sqwa::e2m1{});
  f(sqwa::nf4());
  f(uneven);
  f(even_count);
  f(one_sided);
  f(crowded);
}

/// `f(format)` for the uniform formats.
template <class F>
void every_uniform_format(F&& f) {
  f(sqwa::symmetric<3>{});
  f(sqwa::symmetric<7>{});
  f(sqwa::symmetric<15>{});
  f(sqwa::symmetric<31>{});
  f(sqwa::symmetric<63>{});
  f(sqwa::symmetric<127>{});
  f(sqwa::symmetric<255>{});
  f(sqwa::symmetric<4'001>{});
}

/// `f(format)` for the affine formats.
template <class F>
void every_affine_format(F&& f) {
  f(sqwa::affine<1>{});
  f(sqwa::affine<2, sqwa::code_range::narrow>{});
  f(sqwa::affine<3>{});
  f(sqwa::affine<4>{});
  f(sqwa::affine<5, sqwa::code_range::narrow>{});
  f(sqwa::affine<6>{});
  f(sqwa::affine<7>{});
  f(sqwa::affine<8>{});
  f(sqwa::affine<13>{});
}

/// `f(format)` for every format.
template <class F>
void every_format(F&& f) {
  every_uniform_format(f);
  every_point_format(f);
  every_affine_format(f);
}

/// Whether a fit tries so many scales for a format that only small blocks should be given to it.
template <class Fit, class Format>
inline constexpr bool slow = std::same_as<Fit, sqwa::l2> &&
                             (sqwa::affine_format<Format> ? Format::bits > 6 : Format::levels > 256);

/// `f(fit)` for the fits that a format has.
template <class Format, class F>
void every_fit(Format const&, F&& f) {
  auto const one = [&]<class Fit>(Fit fit) {
    if constexpr (sqwa::fit<Fit, Format> && !slow<Fit, Format>) f(fit);
  };
  one(sqwa::max_abs{});
  one(sqwa::l2{});
  one(sqwa::l2_alternating{});
  one(sqwa::percentile{.share = 0.9});
  one(sqwa::entropy{.bins = 300});
  one(sqwa::min_max{});
  one(sqwa::mean_abs{});
  one(sqwa::fixed{.scale = 0.3F, .zero_point = 1});
  one(sqwa::mx_scale{});
  one(sqwa::stored_as{sqwa::f16{}, sqwa::max_abs{}});
  one(sqwa::stored_as{sqwa::e8m0{}, sqwa::min_max{}});
}

/// `f(rounding)` for every rounding.
template <class F>
void every_rounding(F&& f) {
  f(sqwa::nearest_even{});
  f(sqwa::half_away{});
  f(sqwa::toward_zero{});
  f(sqwa::stochastic{});
}

/// Any granularity, chosen at run time: what a quantizer does with one does not depend on its type.
struct any_granularity {
  sqwa::blocks layout;
  sqwa::blocks operator()(sqwa::shape const&) const { return layout; }
};

/// `f(granularity, extents)` for every granularity: middle axes, ragged groups, one element, none.
template <class F>
void every_granularity(F&& f) {
  auto const one = [&](auto grain, sqwa::shape const& extents) { f(any_granularity{grain(extents)}, extents); };
  one(sqwa::per_tensor{}, {3, 7, 11});
  one(sqwa::per_tensor{}, {1});
  one(sqwa::per_tensor{}, {0});
  one(sqwa::per_channel{.axis = 0}, {5, 2, 9});
  one(sqwa::per_channel{.axis = 1}, {3, 6, 11});
  one(sqwa::per_channel{.axis = 2}, {4, 5, 3});
  one(sqwa::per_channel{.axis = 1}, {3, 1, 7});
  one(sqwa::per_group{.size = 16}, {3, 41});
  one(sqwa::per_group{.size = 1}, {13});
}

/// Numbers compared as bits, so that -0 and 0 differ and a NaN equals itself.
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::ranges::equal(a, b, {}, std::bit_cast<bits, T>, std::bit_cast<bits, T>);
}

/// How random weights are distributed.
enum class kind { gaussian, laplace, uniform, heavy_tailed, few_values, shifted };
inline constexpr kind every_kind[]{kind::gaussian,     kind::laplace,    kind::uniform,
                                   kind::heavy_tailed, kind::few_values, kind::shifted};

/// `n` weights.
template <class T>
std::vector<T> random_weights(kind k, std::size_t n, std::uint64_t seed) {
  sqwa::noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    double const x = (static_cast<double>(u(2 * i)) + 0x1p-25), y = static_cast<double>(u(2 * i + 1)) * 2 - 1;
    double const sign = y < 0 ? -1 : 1;
    double const v = k == kind::gaussian       ? std::sqrt(-2 * std::log(x)) * std::cos(std::numbers::pi * y)
                     : k == kind::laplace      ? -std::log(x) * sign
                     : k == kind::uniform      ? y
                     : k == kind::heavy_tailed ? sign * (1 / std::sqrt(x) - 1)
                     : k == kind::few_values   ? std::round(3 * y) / 4
                                               : y + 3 * x;
    w[i] = static_cast<T>(v);
  }
  return w;
}

/// Scales of a format that are neither round nor all alike; some are 0, tiny or large.
template <class Format>
std::vector<sqwa::scale_of<Format>> some_scales(std::size_t n) {
  std::vector<sqwa::scale_of<Format>> scales(n);
  for (std::size_t i = 0; i != n; ++i) {
    float const s = i % 5 == 4   ? 0.0F
                    : i % 5 == 3 ? 0x1.8p-130F
                    : i % 5 == 2 ? 0x1p100F / 3
                    : i == 1     ? 0x1.b1159cp0F  // crowded points become ties
                                 : 0.1F + static_cast<float>(i) / 7;
    if constexpr (sqwa::affine_format<Format>) {
      scales[i] = {s, Format::lowest_code + static_cast<int>(i * 37 + Format::levels / 3) % Format::levels};
    } else {
      scales[i] = s;
    }
  }
  return scales;
}

/// The points of a format at scale 1, ascending; of an affine one with the zero point given.
template <class Format>
std::vector<double> points_of(Format const& format, [[maybe_unused]] int zero_point = 0) {
  std::vector<double> points;
  if constexpr (sqwa::uniform_format<Format>) {
    for (int c = -Format::max_code; c <= Format::max_code; ++c) points.push_back(c);
  } else if constexpr (sqwa::affine_format<Format>) {
    for (int c = Format::lowest_code; c <= Format::highest_code; ++c) points.push_back(c - zero_point);
  } else {
    for (float p : format.points()) points.push_back(static_cast<double>(p));
  }
  return points;
}
template <class Format>
std::vector<double> points_of(Format const& format, float) {
  return points_of(format);
}
template <class Format>
std::vector<double> points_of(Format const& format, sqwa::affine_scale s) {
  return points_of(format, s.zero_point);
}
inline float step_of(float scale) { return scale; }
inline float step_of(sqwa::affine_scale s) { return s.scale; }

/// Calls quantize and dequantize of any format with the same arguments.
template <class Format, class R, class T, class B = sqwa::backend<>>
auto codes_of(Format const& format, R round, std::vector<T> const& w, sqwa::blocks const& layout,
              std::vector<sqwa::scale_of<Format>> const& scales, sqwa::noise u = {}, B where = {}) {
  std::vector<typename Format::code> codes(w.size());
  sqwa::quantize(std::span(w), layout, scales, format, round, std::span(codes), u, where);
  return codes;
}
template <class T, class Format, class B = sqwa::backend<>>
std::vector<T> values_of(Format const& format, std::vector<typename Format::code> const& codes,
                         sqwa::blocks const& layout, std::vector<sqwa::scale_of<Format>> const& scales, B where = {}) {
  std::vector<T> out(codes.size());
  if constexpr (sqwa::point_format<Format>) {
    sqwa::dequantize(std::span(codes), layout, scales, format, std::span(out), where);
  } else {
    sqwa::dequantize(std::span(codes), layout, scales, std::span(out), where);
  }
  return out;
}
template <class Format, class R, class T, class B = sqwa::backend<>>
std::vector<T> rounded(Format const& format, R round, std::vector<T> const& w, sqwa::blocks const& layout,
                       std::vector<sqwa::scale_of<Format>> const& scales, sqwa::noise u = {}, B where = {}) {
  std::vector<T> out(w.size());
  sqwa::fake_quantize(std::span(w), layout, scales, format, round, std::span(out), u, where);
  return out;
}

/// Whether a scale and its products with all points are finite, and a zero point is a code.
template <class Format>
bool usable(Format const& format, sqwa::scale_of<Format> const& scale) {
  auto const points = points_of(format, scale);
  float const s = step_of(scale);
  if constexpr (sqwa::affine_format<Format>) {
    if (scale.zero_point < Format::lowest_code || scale.zero_point > Format::highest_code) return false;
  }
  return s >= 0 && std::isfinite(s) && std::isfinite(s * static_cast<float>(points.front())) &&
         std::isfinite(s * static_cast<float>(points.back()));
}

/// `f(format, fit)` for every pair of a group of formats.
template <class F>
auto with_every_fit(F f) {
  return [f](auto const& format) { every_fit(format, [&](auto const& fit) { f(format, fit); }); };
}

/// Weights that are hard: zeros, the ends of the range, denormals, and around every point and every middle between two.
template <class T, class Format, class Scale>
std::vector<T> hard_weights(Format const& format, Scale scale, std::uint64_t seed) {
  using range = std::numeric_limits<T>;
  std::vector<T> w{0,
                   -T(0),
                   range::max(),
                   range::lowest(),
                   range::denorm_min(),
                   -range::denorm_min(),
                   range::min(),
                   range::infinity(),
                   -range::infinity()};
  auto const s = static_cast<T>(step_of(scale));
  auto const points = points_of(format, scale);
  std::size_t const stride = points.size() / 600 + 1;
  for (std::size_t i = 0; i < points.size(); i += stride) {
    for (double at : {points[i], (points[i] + points[std::min(i + 1, points.size() - 1)]) / 2}) {
      T const v = static_cast<T>(at) * s;
      for (T x : {v, std::nextafter(v, range::infinity()), std::nextafter(v, -range::infinity())}) w.push_back(x);
    }
  }
  for (T x : random_weights<T>(kind::heavy_tailed, 200, seed)) w.push_back(x * s);
  return w;
}

/// `f(format, round, w, layout, scales)` for both types, all formats, all roundings, and scales of every size.
template <class F>
void for_hard_weights(F&& f) {
  auto const all = [&](auto const& format) {
    using Format = std::remove_cvref_t<decltype(format)>;
    for (auto const& scale : some_scales<Format>(5)) {
      auto const types = [&](auto type) {
        auto const w = hard_weights<decltype(type)>(format, scale, 3);
        every_rounding([&](auto round) {
          f(format, round, w, sqwa::per_tensor{}({w.size()}), std::vector<sqwa::scale_of<Format>>{scale});
        });
      };
      types(0.0F);
      types(0.0);
    }
  };
  every_format(all);
}

}  // namespace test

#endif
