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

/// What tests ask of a format, whichever it is. Scales are `affine_scale`s; only affine formats read zero points.
struct any_format {
  template <class Format>
  explicit any_format(Format const& format) : affine(sqwa::affine_format<Format>), levels(Format::levels) {
    if constexpr (sqwa::uniform_format<Format>) {
      for (int c = -Format::max_code; c <= Format::max_code; ++c) at_one.push_back(c);
      lowest_code = -Format::max_code;
    } else if constexpr (sqwa::affine_format<Format>) {
      for (int c = Format::lowest_code; c <= Format::highest_code; ++c) at_one.push_back(c);
      lowest_code = Format::lowest_code;
    } else {
      for (float p : format.points()) at_one.push_back(static_cast<double>(p));
    }
  }

  /// The points at scale 1, ascending.
  [[nodiscard]] std::vector<double> points(int zero_point = 0) const {
    auto all = at_one;
    if (affine) {
      for (double& p : all) p -= zero_point;
    }
    return all;
  }

  /// Scales that are neither round nor all alike; some are 0, tiny or large.
  [[nodiscard]] std::vector<sqwa::affine_scale> some_scales(std::size_t n) const {
    std::vector<sqwa::affine_scale> scales(n);
    for (std::size_t i = 0; i != n; ++i) {
      scales[i].scale = i % 5 == 4   ? 0.0F
                        : i % 5 == 3 ? 0x1.8p-130F
                        : i % 5 == 2 ? 0x1p100F / 3
                        : i == 1     ? 0x1.b1159cp0F  // crowded points become ties
                                     : 0.1F + static_cast<float>(i) / 7;
      if (affine) scales[i].zero_point = lowest_code + static_cast<int>(static_cast<int>(i) * 37 + levels / 3) % levels;
    }
    return scales;
  }

  /// Whether a scale and its products with all points are finite, and a zero point is a code.
  [[nodiscard]] bool usable(sqwa::affine_scale s) const {
    auto const all = points(s.zero_point);
    bool const code = !affine || (s.zero_point >= lowest_code && s.zero_point < lowest_code + levels);
    return code && s.scale >= 0 && std::isfinite(s.scale) && std::isfinite(s.scale * static_cast<float>(all.front())) &&
           std::isfinite(s.scale * static_cast<float>(all.back()));
  }

  bool affine;
  int levels;
  int lowest_code = 0;         ///< of uniform and affine formats
  std::vector<double> at_one;  ///< the points at scale 1 and zero point 0, ascending
};

/// A scale of any format as the format has it, and back.
template <class Format>
sqwa::scale_of<Format> scale_for(sqwa::affine_scale s) {
  if constexpr (sqwa::affine_format<Format>) {
    return s;
  } else {
    return s.scale;
  }
}
template <class Format>
std::vector<sqwa::scale_of<Format>> scales_for(std::vector<sqwa::affine_scale> const& scales) {
  std::vector<sqwa::scale_of<Format>> all;
  for (sqwa::affine_scale s : scales) all.push_back(scale_for<Format>(s));
  return all;
}
inline sqwa::affine_scale any_scale(float scale) { return {scale, 0}; }
inline sqwa::affine_scale any_scale(sqwa::affine_scale s) { return s; }

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

/// The nearest points of one block.
template <class Format, class T>
std::vector<T> rounded(Format const& format, std::vector<T> const& w, sqwa::affine_scale scale) {
  std::vector<T> out(w.size());
  sqwa::fake_quantize(std::span(w), sqwa::per_tensor{}({w.size()}), scales_for<Format>({scale}), format,
                      sqwa::nearest_even{}, std::span(out));
  return out;
}

}  // namespace test

#endif
