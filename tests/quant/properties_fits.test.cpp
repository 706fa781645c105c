// SPDX-License-Identifier: BSD-3-Clause
// What holds for every fit and format: blocks, the ends of the range, zeros, and what is refused.
#include <sqwa/quant/quantize.hpp>
#include "support/any_executor.hpp"
#include "support/quantizers.hpp"
#include "support/refuses.hpp"
#include "support/thread_executor.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// Whether a fit gives zeros a scale other than 0.
template <class Fit>
inline constexpr bool without_zero = std::same_as<Fit, fixed> || std::same_as<Fit, mx_scale>;
template <class Inner>
inline constexpr bool without_zero<stored_as<e8m0, Inner>> = true;

/// A format and one of its fits, chosen at run time.
class any_fit {
 public:
  any_fit(test::any_format f, bool fixed_zero_point, bool zero_for_zeros)
      : format(std::move(f)), fixed(fixed_zero_point), zero(zero_for_zeros) {}
  virtual ~any_fit() = default;

  [[nodiscard]] virtual affine_scale operator()(std::vector<float> const& block) const = 0;
  [[nodiscard]] virtual affine_scale operator()(std::vector<double> const& block) const = 0;
  /// What `fake_quantize` makes of one block.
  [[nodiscard]] virtual std::vector<float> rounded(std::vector<float> const& w, affine_scale s) const = 0;
  [[nodiscard]] virtual std::vector<double> rounded(std::vector<double> const& w, affine_scale s) const = 0;
  /// What `fit_scales` gives.
  [[nodiscard]] virtual std::vector<affine_scale> scales(std::vector<float> const& w, shape const& extents,
                                                         test::any_granularity const& grain,
                                                         test::any_executor const& exec) const = 0;

  test::any_format format;
  bool fixed;
  bool zero;  ///< gives zeros the scale 0
};

template <class Format, class Fit>
class fit_of final : public any_fit {
 public:
  fit_of(Format const& f, Fit const& fit)
      : any_fit(test::any_format(f), std::same_as<Fit, sqwa::fixed>, !without_zero<Fit>), format_(f), fit_(fit) {}

  affine_scale operator()(std::vector<float> const& block) const override { return fitted(block); }
  affine_scale operator()(std::vector<double> const& block) const override { return fitted(block); }
  std::vector<float> rounded(std::vector<float> const& w, affine_scale s) const override {
    return test::rounded(format_, w, s);
  }
  std::vector<double> rounded(std::vector<double> const& w, affine_scale s) const override {
    return test::rounded(format_, w, s);
  }
  std::vector<affine_scale> scales(std::vector<float> const& w, shape const& extents,
                                   test::any_granularity const& grain, test::any_executor const& exec) const override {
    quantizer const q{format_, fit_, grain};
    std::vector<scale_of<Format>> fitted(scale_count(q, extents));
    fit_scales(q, std::span(w), extents, fitted, backend<scalar_kernels, test::any_executor>{exec});
    std::vector<affine_scale> all;
    for (auto const& s : fitted) all.push_back(test::any_scale(s));
    return all;
  }

 private:
  template <class T>
  affine_scale fitted(std::vector<T> const& block) const {
    return test::any_scale(fit_(std::span(block), format_));
  }

  Format format_;
  Fit fit_;
};

/// Every format with every fit it has.
std::vector<std::unique_ptr<any_fit>> const& every_fit() {
  static auto const every = [] {
    std::vector<std::unique_ptr<any_fit>> all;
    test::every_format([&]<class Format>(Format const& format) {
      test::every_fit(format, [&]<class Fit>(Fit const& fit) {
        all.push_back(std::make_unique<fit_of<Format, Fit>>(format, fit));
      });
    });
    return all;
  }();
  return every;
}

}  // namespace

TEST_CASE("every fit, format and granularity: a block has the scale of its own elements, on every executor") {
  for (auto const& fit : every_fit()) {
    auto const check = [&](test::any_granularity const& grain, shape const& extents) {
      auto const w = test::random_weights<float>(test::kind::laplace, extents.size(), 7);
      blocks const layout = grain(extents);
      std::vector<affine_scale> expected;
      for (std::size_t b = 0; b != layout.count; ++b) {
        std::vector<float> block;
        for (std::size_t i = 0; i != w.size(); ++i) {
          if (layout.of(i) == b) block.push_back(w[i]);
        }
        expected.push_back((*fit)(block));
      }
      CHECK(fit->scales(w, extents, grain, sequential{}) == expected);
      CHECK(fit->scales(w, extents, grain, test::thread_executor{}) == expected);
      CHECK(std::ranges::all_of(expected, [&](affine_scale s) { return fit->format.usable(s); }));
    };
    test::every_granularity(check);
    check(test::any_granularity{per_channel{.axis = 1}({2, 97, 50})}, {2, 97, 50});  // three tasks
  }
}

TEST_CASE("every fit and format: NaN and infinity are refused with their place") {
  for (auto const& fit : every_fit()) {
    for (float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      std::vector<float> w(8, 0.5F);
      w[6] = bad;
      auto const refused = [&](auto grain) {
        return test::refuses([&] { (void)fit->scales(w, {8}, {grain({8})}, sequential{}); }, "at 6 is not finite");
      };
      CHECK(refused(per_group{.size = 3}));
      CHECK(refused(per_tensor{}));
    }
  }
}

TEST_CASE("every format: NaN and infinity are refused with their place, among doubles too") {
  test::every_format([]<class Format>(Format const& format) {
    quantizer const q{format, fixed{}, per_group{.size = 3}};
    std::vector<double> w(8, 0.5);
    std::vector<scale_of<Format>> scales(3);
    for (double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
      w[6] = bad;
      CHECK(test::refuses([&] { fit_scales(q, std::span(w), {8}, scales); }, "at 6 is not finite"));
    }
  });
}

TEST_CASE_TEMPLATE("every fit and format: at the ends of the range scales stay usable and values finite", T, float,
                   double) {
  using range = std::numeric_limits<T>;
  T const denormal = range::denorm_min();
  std::vector<std::vector<T>> const all{{range::max()},
                                        {range::lowest(), range::max(), range::max()},
                                        {denormal},
                                        {-denormal, denormal, 0},
                                        {range::min(), -range::min()},
                                        {range::max(), denormal, -1, 1},
                                        {T(1e-30), T(-1e30)},
                                        {-7},
                                        std::vector<T>(20, T(0.7))};
  for (auto const& fit : every_fit()) {
    for (auto const& w : all) {
      affine_scale const scale = (*fit)(w);
      CHECK(fit->format.usable(scale));
      CHECK(std::ranges::all_of(fit->rounded(w, scale), [](T v) { return std::isfinite(v); }));
    }
  }
}

TEST_CASE_TEMPLATE("every fit and format: nothing and zeros give the scale 0, and values stay 0", T, float, double) {
  for (auto const& fit : every_fit()) {
    for (auto const& w : {std::vector<T>{}, {T(0), T(-0.0), T(0)}}) {
      affine_scale const scale = (*fit)(w);
      if (fit->zero) {
        CHECK(scale.scale == 0);
        CHECK(test::same_bits(fit->rounded(w, scale), std::vector<T>(w.size())));
      }
      if (fit->format.affine && !fit->fixed) CHECK(fit->format.points(scale.zero_point).front() == 0);
    }
  }
}

}  // namespace SQWA_TEST_FILE
