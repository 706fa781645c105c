// SPDX-License-Identifier: BSD-3-Clause
// Loss along the segment between two models, of the weights as they are and on the lattice.
#ifndef SQWA_SURFACE_LINE_HPP
#define SQWA_SURFACE_LINE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/surface/plane.hpp>
#include <sqwa/surface/workbench.hpp>

#include <cstddef>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Loss and accuracy at evenly spaced places from one model to another.
struct loss_line {
  double length = 0;                     ///< the Euclidean distance of the models
  std::vector<double> t;                 ///< 0 at the first model, 1 at the second
  std::vector<surface_values> surfaces;  ///< "float", and if a format is given "projected"

  bool operator==(loss_line const&) const = default;
};

/// The points (1 - t) a + t b for `intervals` equal steps of t, both ends exactly, scored as `options` say.
///
/// Statistics follow the same rule, unless they are re-estimated. The learner is as before, also on an exception. Equal
/// arguments give equal bits on every executor. Time: one or two evaluations for each of intervals + 1 points.
/// @pre both points are of this learner; intervals > 0
template <evaluating_learner L, executor E = sequential>
[[nodiscard]] loss_line loss_along(L& l, model_point const& a, model_point const& b,
                                   surface_options const& options = {}, std::size_t intervals = 50,
                                   E const& exec = {}) {
  constexpr char const* who = "loss_along";
  expects(intervals > 0, "{}: no intervals", who);
  model_point const here = point_of(l);
  for (model_point const* p : {&a, &b}) detail::check_point(who, *p, here.trained.size(), here.statistics.size());
  std::size_t const n = intervals + 1;
  loss_line line{detail::norm(detail::difference(b.trained, a.trained)), {}, {}};
  for (std::size_t i = 0; i != n; ++i) line.t.push_back(static_cast<double>(i) / static_cast<double>(intervals));
  line.surfaces.push_back({"float", std::vector<double>(n), std::vector<double>(n)});
  if (options.format) line.surfaces.push_back({"projected", std::vector<double>(n), std::vector<double>(n)});

  detail::for_each_job(l, options, exec, n, [&](detail::workbench<L>& bench, std::size_t i) {
    auto const mix = [t = line.t[i]](std::vector<double> const& from, std::vector<double> const& to,
                                     std::vector<double>& out) {
      out.resize(from.size());
      for (std::size_t k = 0; k != out.size(); ++k) out[k] = detail::between(from[k], to[k], t);
    };
    mix(a.trained, b.trained, bench.place.trained);
    mix(a.statistics, b.statistics, bench.place.statistics);
    bench.put(bench.place);
    for (surface_values& s : line.surfaces) {
      if (&s != &line.surfaces.front()) bench.project();
      score const found = bench.score_now();
      s.loss[i] = found.loss;
      s.accuracy[i] = found.accuracy;
    }
    return true;
  });
  return line;
}

/// How high one of the line's losses rises above the straight line between those of its ends: `loss_path::barrier`, and
/// its source.
/// @pre as many losses as places
[[nodiscard]] inline double barrier(loss_line const& line, surface_values const& of) {
  expects(of.loss.size() == line.t.size(), "barrier: {} losses at {} places", of.loss.size(), line.t.size());
  loss_path path;
  for (std::size_t i = 0; i != line.t.size(); ++i) path.points.push_back({.t = line.t[i], .straight = of.loss[i]});
  return path.barrier();
}

}  // namespace sqwa::inline SQWA_ABI

#endif
