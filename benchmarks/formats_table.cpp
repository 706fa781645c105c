// SPDX-License-Identifier: BSD-3-Clause
// The measured tables of docs/formats.md: what each format and each fit costs in bits, in error and in time.
//
// Errors are signal-to-quantization-noise ratios in dB, 10 log10(||w||^2 / ||w - Q(w)||^2), of 65,536 Gaussian and
// Laplace weights and of a layer of 128 x 64 weights that was trained on the digits. Speeds are those of fake_quantize
// of 65,536 weights on one thread.
#include <sqwa/fast.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/quant/additive_powers_of_two.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/binary.hpp>
#include <sqwa/quant/codebook.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/entropy.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/microscaling.hpp>
#include <sqwa/quant/percentile.hpp>
#include <sqwa/quant/power_of_two.hpp>
#include <sqwa/quant/quantize_points.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/schedule/shapes.hpp>
#include "side_by_side.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using one_thread = sqwa::backend<sqwa::native_kernels>;

struct weights {
  sqwa::shape extents;
  std::vector<float> values;
};

/// Gaussian weights, Laplace weights, and the first layer of a small network, trained on the digits.
std::array<weights, 3> data_sets() {
  constexpr std::size_t n = 65'536;
  std::array<weights, 3> all{weights{{256, 256}, bench::gaussian(n, 0.05F)}, weights{{256, 256}, {}},
                             weights{{128, 64}, {}}};
  for (std::size_t i = 0; i != n; ++i) {
    float const u = sqwa::noise{.seed = 2}(i)-0.5F;
    all[1].values.push_back(std::copysign(0.035F * std::log(1 - 2 * std::abs(u)), u));
  }
  auto const digits = sqwa::io::read_idx(SQWA_DIGITS);
  using namespace sqwa::nn;
  trainer learner{sequential{dense(128), relu(), dense(digits.train.classes)},
                  digits.train,
                  {.optimizer = sgd_options{.weight_decay = 1e-4F}}};
  sqwa::cosine const rate{.hi = 0.05F, .lo = 0, .length = 1000};
  for (sqwa::step_index t = 0; t != rate.length; ++t) {
    learner.backward();
    learner.update(rate(t));
  }
  auto const first = learner.parameters().front();
  all[2].values.assign(first.value.begin(), first.value.end());
  return all;
}

double ratio_in_db(std::span<float const> w, std::span<float const> q) {
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i != w.size(); ++i) {
    auto const x = static_cast<double>(w[i]), e = x - static_cast<double>(q[i]);
    signal += x * x;
    noise += e * e;
  }
  return 10 * std::log10(signal / noise);
}

/// Prints a row: name, levels, bits a weight with scales, fit, the three errors, the speed of `what` in Gweights/s.
template <class Q, class Speed>
void print(char const* name, char const* fit, int levels, double bits, std::array<weights, 3> const& data, Q const& q,
           Speed const& speed) {
  std::printf("%s, %d, %.2f, %s", name, levels, bits, fit);
  for (weights const& w : data) {
    std::vector<sqwa::scale_of<decltype(q.format)>> scales(sqwa::scale_count(q, w.extents));
    std::span<float const> const x(w.values);
    sqwa::fit_scales(q, x, w.extents, std::span(scales), one_thread{});
    std::vector<float> y(x.size());
    sqwa::fake_quantize(x, q.grain(w.extents), std::span<typename decltype(scales)::value_type const>(scales), q.format,
                        q.round, std::span(y), {}, one_thread{});
    std::printf(", %.2f", ratio_in_db(x, y));
  }
  std::printf(", %.3g\n", speed(data[0]));
  std::fflush(stdout);
}

/// A format with a fit, in groups; `scale_bits` are those that a group's scale takes.
template <class Q>
void format_row(char const* name, char const* fit, int scale_bits, std::array<weights, 3> const& data, Q const& q) {
  std::size_t const count = sqwa::scale_count(q, data[0].extents);
  double const bits = decltype(q.format)::bits + static_cast<double>(scale_bits) * static_cast<double>(count) /
                                                     static_cast<double>(data[0].values.size());
  print(name, fit, decltype(q.format)::levels, bits, data, q, [&](weights const& w) {
    std::vector<sqwa::scale_of<decltype(q.format)>> scales(count);
    std::span<float const> const x(w.values);
    sqwa::fit_scales(q, x, w.extents, std::span(scales), one_thread{});
    std::vector<float> y(x.size());
    auto const run = [&] {
      sqwa::fake_quantize(x, q.grain(w.extents), std::span<typename decltype(scales)::value_type const>(scales),
                          q.format, q.round, std::span(y), {}, one_thread{});
    };
    return bench::rates({{name, run}}).front() * static_cast<double>(x.size()) / 1e9;
  });
}

/// A fit of one scale for the whole tensor; the speed is that of the fit.
template <class F, class Fit>
void fit_row(char const* format, char const* fit, std::array<weights, 3> const& data, F f, Fit how) {
  sqwa::quantizer const q{f, how};
  print(format, fit, F::levels, F::bits, data, q, [&](weights const& w) {
    std::vector<sqwa::scale_of<F>> scales(1);
    auto const run = [&] {
      sqwa::fit_scales(q, std::span<float const>(w.values), w.extents, std::span(scales), one_thread{});
    };
    return bench::rates({{fit, run}}).front() * static_cast<double>(w.values.size()) / 1e9;
  });
}

}  // namespace

int main() {
  auto const data = data_sets();
  sqwa::per_group const group{128};
  using sqwa::quantizer, sqwa::symmetric, sqwa::stored_as, sqwa::f16, sqwa::l2;
  stored_as const best{f16{}, l2{}};

  std::puts("format, levels, bits a weight, fit, Gaussian, Laplace, trained, Gweights/s");
  format_row("binary", "l2", 16, data, quantizer{sqwa::binary{}, best, group});
  format_row("symmetric<3>", "l2", 16, data, quantizer{symmetric<3>{}, best, group});
  format_row("symmetric<7>", "l2", 16, data, quantizer{symmetric<7>{}, best, group});
  format_row("symmetric<15>", "l2", 16, data, quantizer{symmetric<15>{}, best, group});
  format_row("symmetric<31>", "l2", 16, data, quantizer{symmetric<31>{}, best, group});
  format_row("symmetric<63>", "l2", 16, data, quantizer{symmetric<63>{}, best, group});
  format_row("symmetric<255>", "max_abs", 16, data,
             quantizer{symmetric<255>{}, stored_as{f16{}, sqwa::max_abs{}}, group});
  format_row("affine<2>", "l2", 34, data, quantizer{sqwa::affine<2>{}, l2{}, group});
  format_row("affine<4>", "min_max", 36, data, quantizer{sqwa::affine<4>{}, sqwa::min_max{}, group});
  format_row("affine<8>", "min_max", 40, data, quantizer{sqwa::affine<8>{}, sqwa::min_max{}, group});
  format_row("power_of_two<3>", "l2", 16, data, quantizer{sqwa::power_of_two<3>{}, best, group});
  format_row("power_of_two<4>", "l2", 16, data, quantizer{sqwa::power_of_two<4>{}, best, group});
  format_row("additive_powers_of_two<2, 2>", "l2", 16, data,
             quantizer{sqwa::additive_powers_of_two<2, 2>{}, best, group});
  format_row("nf4()", "max_abs", 16, data, quantizer{sqwa::nf4(), stored_as{f16{}, sqwa::max_abs{}}, group});
  format_row("nf4()", "l2", 16, data, quantizer{sqwa::nf4(), best, group});
  format_row("kmeans_codebook<16> of the Gaussian", "l2", 16, data,
             quantizer{sqwa::kmeans_codebook<16>(std::span<float const>(data[0].values)), best, group});
  format_row("e2m1 in mx_groups", "mx_scale", 8, data, quantizer{sqwa::e2m1{}, sqwa::mx_scale{}, sqwa::mx_groups});
  format_row("e2m3 in mx_groups", "mx_scale", 8, data, quantizer{sqwa::e2m3{}, sqwa::mx_scale{}, sqwa::mx_groups});
  format_row("e3m2 in mx_groups", "mx_scale", 8, data, quantizer{sqwa::e3m2{}, sqwa::mx_scale{}, sqwa::mx_groups});
  format_row("e4m3 in mx_groups", "mx_scale", 8, data, quantizer{sqwa::e4m3{}, sqwa::mx_scale{}, sqwa::mx_groups});
  format_row("e5m2 in mx_groups", "mx_scale", 8, data, quantizer{sqwa::e5m2{}, sqwa::mx_scale{}, sqwa::mx_groups});
  format_row("symmetric<15> in mx_groups", "mx_scale", 8, data,
             quantizer{symmetric<15>{}, sqwa::mx_scale{}, sqwa::mx_groups});

  std::puts("\nformat, levels, bits a weight, fit, Gaussian, Laplace, trained, Gweights/s of the fit");
  fit_row("symmetric<3>", "l2", data, symmetric<3>{}, l2{});
  fit_row("symmetric<3>", "l2_alternating", data, symmetric<3>{}, sqwa::l2_alternating{});
  fit_row("symmetric<3>", "mean_abs", data, symmetric<3>{}, sqwa::mean_abs{});
  fit_row("symmetric<3>", "entropy", data, symmetric<3>{}, sqwa::entropy{});
  fit_row("symmetric<3>", "percentile 0.9", data, symmetric<3>{}, sqwa::percentile{.share = 0.9});
  fit_row("symmetric<3>", "max_abs", data, symmetric<3>{}, sqwa::max_abs{});
  fit_row("symmetric<15>", "l2", data, symmetric<15>{}, l2{});
  fit_row("symmetric<15>", "l2_alternating", data, symmetric<15>{}, sqwa::l2_alternating{});
  fit_row("symmetric<15>", "entropy", data, symmetric<15>{}, sqwa::entropy{});
  fit_row("symmetric<15>", "percentile 0.99", data, symmetric<15>{}, sqwa::percentile{.share = 0.99});
  fit_row("symmetric<15>", "max_abs", data, symmetric<15>{}, sqwa::max_abs{});
}
