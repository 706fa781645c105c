// SPDX-License-Identifier: BSD-3-Clause
// Every format and rounding behind one type: what is tested on all pairs is compiled once for each type of numbers.
#ifndef SQWA_TESTS_SUPPORT_ANY_ROUNDER_HPP
#define SQWA_TESTS_SUPPORT_ANY_ROUNDER_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/rounding.hpp>
#include "support/quantizers.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace test {

/// A format and a rounding, chosen at run time, and what they make of numbers of type T.
template <class T>
class any_rounder {
 public:
  using scales = std::vector<sqwa::affine_scale>;

  any_rounder(any_format f, bool noisy, bool to_nearest, bool ties_to_even)
      : format(std::move(f)), needs_noise(noisy), nearest(to_nearest), even(ties_to_even) {}
  virtual ~any_rounder() = default;

  /// What `quantize`, `dequantize` and `fake_quantize` give.
  [[nodiscard]] virtual std::vector<int> codes(std::vector<T> w, sqwa::blocks const& layout, scales const& s,
                                               sqwa::noise u = {}) const = 0;
  [[nodiscard]] virtual std::vector<T> values(std::vector<int> const& codes, sqwa::blocks const& layout,
                                              scales const& s) const = 0;
  [[nodiscard]] virtual std::vector<T> rounded(std::vector<T> w, sqwa::blocks const& layout, scales const& s,
                                               sqwa::noise u = {}) const = 0;
  /// `fake_quantize` with the weights as the result.
  virtual void round_in_place(std::vector<T>& w, sqwa::blocks const& layout, scales const& s, sqwa::noise u) const = 0;

  any_format format;
  bool needs_noise;
  bool nearest;  ///< rounds to the nearest code,
  bool even;     ///< of two to the even one
};

template <class Format, class R, class T>
class rounder_of final : public any_rounder<T> {
 public:
  using typename any_rounder<T>::scales;

  explicit rounder_of(Format const& f)
      : any_rounder<T>(any_format(f), R::needs_noise,
                       std::same_as<R, sqwa::nearest_even> || std::same_as<R, sqwa::half_away>,
                       std::same_as<R, sqwa::nearest_even>),
        format_(f) {}

  std::vector<int> codes(std::vector<T> w, sqwa::blocks const& layout, scales const& s,
                         sqwa::noise u = {}) const override {
    std::vector<typename Format::code> c(w.size());
    sqwa::quantize(std::span(w), layout, scales_for<Format>(s), format_, R{}, std::span(c), u);
    return {c.begin(), c.end()};
  }

  std::vector<T> values(std::vector<int> const& codes, sqwa::blocks const& layout, scales const& s) const override {
    std::vector<typename Format::code> c;
    for (int i : codes) c.push_back(static_cast<typename Format::code>(i));
    return values_of<T>(format_, c, layout, scales_for<Format>(s));
  }

  std::vector<T> rounded(std::vector<T> w, sqwa::blocks const& layout, scales const& s,
                         sqwa::noise u = {}) const override {
    std::vector<T> out(w.size());
    sqwa::fake_quantize(std::span(w), layout, scales_for<Format>(s), format_, R{}, std::span(out), u);
    return out;
  }

  void round_in_place(std::vector<T>& w, sqwa::blocks const& layout, scales const& s, sqwa::noise u) const override {
    sqwa::fake_quantize(std::span(w), layout, scales_for<Format>(s), format_, R{}, std::span(w), u);
  }

 private:
  Format format_;
};

template <class T>
using rounders = std::vector<std::unique_ptr<any_rounder<T>>>;

/// Adds a format with every rounding.
template <class T, class Format>
void add_every_rounding(rounders<T>& all, Format const& format) {
  every_rounding([&]<class R>(R) { all.push_back(std::make_unique<rounder_of<Format, R, T>>(format)); });
}

/// Every format with every rounding.
template <class T>
rounders<T> const& every_rounder() {
  static rounders<T> const every = [] {
    rounders<T> all;
    every_format([&](auto const& format) { add_every_rounding(all, format); });
    return all;
  }();
  return every;
}

/// Weights that are hard: zeros, the ends of the range, denormals, and around every point and every middle between two.
template <class T>
std::vector<T> hard_weights(any_format const& format, sqwa::affine_scale scale, std::uint64_t seed) {
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
  auto const s = static_cast<T>(scale.scale);
  auto const points = format.points(scale.zero_point);
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

/// `f(rounder, weights, scale)` for both types, all formats, all roundings, and scales of every size.
template <class F>
void for_hard_weights(F&& f) {
  auto const all = [&]<class T>(rounders<T> const& every) {
    for (auto const& q : every) {
      for (sqwa::affine_scale const scale : q->format.some_scales(5))
        f(*q, hard_weights<T>(q->format, scale, 3), scale);
    }
  };
  all(every_rounder<float>());
  all(every_rounder<double>());
}

}  // namespace test

#endif
