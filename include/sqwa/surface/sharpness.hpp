// SPDX-License-Identifier: BSD-3-Clause
// How steep the loss rises around a model, without derivatives: moves of codes, random directions, the width of a
// basin.
#ifndef SQWA_SURFACE_SHARPNESS_HPP
#define SQWA_SURFACE_SHARPNESS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/surface/plane.hpp>
#include <sqwa/surface/workbench.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How much the loss rises on average over repetitions, and how well that is known.
struct loss_rise {
  std::string name;       ///< the tensor that was moved, or "all"
  double mean = 0;        ///< of loss(moved) - loss(model)
  double half_width = 0;  ///< of the 95 % confidence interval around the mean
  bool operator==(loss_rise const&) const = default;
};

struct sharpness_options {
  std::size_t repetitions = 20;
  std::uint64_t seed = 1;
};

namespace detail {

/// The 97.5 % quantile of Student's distribution. M. Abramowitz, I. Stegun, "Handbook of mathematical functions",
/// 26.7.5: within 0.004 of it from 3 degrees of freedom on.
inline double student_quantile(double freedom) noexcept {
  constexpr double z = 1.959963984540054, z2 = z * z;
  double const g1 = (z2 + 1) * z / 4;
  double const g2 = ((5 * z2 + 16) * z2 + 3) * z / 96;
  double const g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / 384;
  double const g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) * z / 92'160;
  return z + (g1 + (g2 + (g3 + g4 / freedom) / freedom) / freedom) / freedom;
}

/// Mean and Student's interval of independent repetitions. @pre four or more
inline loss_rise rise_of(std::string name, std::span<double const> found) {
  auto const n = static_cast<double>(found.size());
  double const mean = std::accumulate(found.begin(), found.end(), 0.0) / n;
  double squares = 0;
  for (double v : found) squares += (v - mean) * (v - mean);
  return {std::move(name), mean, student_quantile(n - 1) * std::sqrt(squares / (n - 1) / n)};
}

/// `k` different codes, each one up or down by one, as `u` draws them; at an end of the range, inwards.
inline packed moved(packed const& from, std::size_t k, noise u) {
  std::vector<std::int16_t> codes(from.size());
  unpack(from.bytes, from.bits(), from.max_code(), std::span(codes));
  std::vector<std::uint32_t> order(codes.size());
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t i = 0; i != std::min(k, codes.size()); ++i) {  // the first k of a shuffle
    std::swap(order[i], order[i + u.below(2 * i, static_cast<std::uint32_t>(order.size() - i))]);
    std::int16_t& code = codes[order[i]];
    bool const up = code == -from.max_code() || (code != from.max_code() && (u.bits(2 * i + 1) & 1) != 0);
    code = static_cast<std::int16_t>(up ? code + 1 : code - 1);
  }
  packed to = from;
  pack(std::span<std::int16_t const>(codes), to.bits(), to.max_code(), to.bytes);
  return to;
}

inline void check_repetitions(char const* who, sharpness_options const& how) {
  expects(how.repetitions >= 4, "{}: {} repetitions; an interval needs 4", who, how.repetitions);
}

}  // namespace detail

/// The rise of the loss when `k` random codes move by one step: for each low-bit tensor alone, and last, "all", in all
/// of them at once, k in each.
///
/// The weights are drawn without repetition, up or down with equal chance; a code at an end of its range moves inwards,
/// so that every model is one of the lattice. A tensor of fewer than k weights moves in all of them. The interval is
/// Student's, over independent repetitions; equal `seed` and tensor sizes give equal draws, so that two models can be
/// compared pairwise. The learner is as before, also on an exception; equal arguments give equal bits on every
/// executor. Time: 1 + repetitions * (tensors + 1) evaluations.
/// @pre a model of this learner, with at least one low-bit tensor, below 2^32 weights each; k > 0; four repetitions or
/// more
template <evaluating_learner L, executor E = sequential>
[[nodiscard]] std::vector<loss_rise> code_move_sharpness(L& l, low_bit_model const& model, std::size_t k,
                                                         surface_options const& options = {},
                                                         sharpness_options const& how = {}, E const& exec = {}) {
  constexpr char const* who = "code_move_sharpness";
  detail::check_repetitions(who, how);
  expects(k > 0 && !model.weights.empty(), "{}: {} codes of {} low-bit tensors", who, k, model.weights.size());
  std::size_t const tensors = model.weights.size(), rows = tensors + 1;
  std::vector<double> losses(1 + how.repetitions * rows);
  detail::for_each_job(l, options, exec, losses.size(), [&](detail::workbench<L>& bench, std::size_t job) {
    low_bit_model other = model;
    if (job != 0) {
      std::size_t const row = (job - 1) / how.repetitions, repetition = (job - 1) % how.repetitions;
      for (std::size_t i = 0; i != tensors; ++i) {
        if (row != i && row != tensors) continue;
        noise const u{how.seed, static_cast<std::uint32_t>(i), repetition + how.repetitions * (row == tensors)};
        other.weights[i].weights = detail::moved(model.weights[i].weights, k, u);
      }
    }
    bench.put(point_of(bench.subject(), other));
    losses[job] = bench.score_now().loss;
    return true;
  });
  std::vector<loss_rise> all;
  for (double& v : std::span(losses).subspan(1)) v -= losses[0];
  for (std::size_t row = 0; row != rows; ++row) {
    all.push_back(detail::rise_of(row == tensors ? "all" : model.weights[row].name,
                                  std::span<double const>(losses).subspan(1 + row * how.repetitions, how.repetitions)));
  }
  return all;
}

/// The rise of the loss `radius` away from a model in random directions: loss(p + radius d) - loss(p) for directions d
/// of `filter_normalized_direction`, so that radius 0.1 changes each filter by a tenth of its norm.
///
/// Scored as the options say, on the lattice too if they give a format: then both losses are those of the projections.
/// Otherwise as above. Time: 1 + repetitions evaluations.
/// @pre `p` is a point of this learner; radius is finite; four repetitions or more
template <evaluating_learner L, executor E = sequential>
[[nodiscard]] loss_rise direction_sharpness(L& l, model_point const& p, double radius,
                                            surface_options const& options = {}, sharpness_options const& how = {},
                                            E const& exec = {}) {
  constexpr char const* who = "direction_sharpness";
  detail::check_repetitions(who, how);
  expects(std::isfinite(radius), "{}: a radius of {}", who, radius);
  model_point const here = point_of(l);
  detail::check_point(who, p, here.trained.size(), here.statistics.size());
  std::vector<double> losses(1 + how.repetitions);
  detail::for_each_job(l, options, exec, losses.size(), [&](detail::workbench<L>& bench, std::size_t job) {
    bench.place = p;
    if (job != 0) {
      detail::add(bench.place.trained, radius, filter_normalized_direction(bench.subject(), p, how.seed, job));
    }
    bench.put(bench.place);
    if (options.format) bench.project();
    losses[job] = bench.score_now().loss;
    return true;
  });
  for (double& v : std::span(losses).subspan(1)) v -= losses[0];
  return detail::rise_of("all", std::span<double const>(losses).subspan(1));
}

/// The width of the basin: the share of the surface's rectangle whose loss is at most `within` above the lowest.
///
/// Each node stands for the part of the rectangle that is nearer to it than to another: half as much at an edge, a
/// quarter at a corner. A loss that is not finite counts as above. No finite loss: 0.
/// @pre one loss for each node; within >= 0
[[nodiscard]] inline double basin_share(loss_surface const& s, surface_values const& of, double within) {
  expects(of.loss.size() == s.size(), "basin_share: {} losses for {} nodes", of.loss.size(), s.size());
  expects(within >= 0, "basin_share: within {} of the lowest loss", within);
  double lowest = std::numeric_limits<double>::infinity();
  for (double v : of.loss) {
    if (std::isfinite(v)) lowest = std::min(lowest, v);
  }
  double inside = 0, whole = 0;
  for (std::size_t node = 0; node != s.size(); ++node) {
    std::size_t const i = node % s.x.count, j = node / s.x.count;
    double const area = (i == 0 || i + 1 == s.x.count ? 0.5 : 1) * (j == 0 || j + 1 == s.y.count ? 0.5 : 1);
    whole += area;
    if (std::isfinite(of.loss[node]) && of.loss[node] <= lowest + within) inside += area;
  }
  return whole > 0 ? inside / whole : 0;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
