// SPDX-License-Identifier: BSD-3-Clause
// Learners into which points are put, one after another, to be scored: a copy for each thread, or the learner itself.
#ifndef SQWA_SURFACE_WORKBENCH_HPP
#define SQWA_SURFACE_WORKBENCH_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/score.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How points are scored, and onto which lattice they are projected.
struct surface_options {
  std::string title = {};                     ///< what is evaluated: network, data, split
  std::string split = {};                     ///< whose loss: empty for the first that the learner names
  bool refresh_statistics = false;            ///< re-estimates them at every point; else they are those of the point
  std::optional<format_by_name> format = {};  ///< of the projection; none: the weights as they are and nothing else
  /// Scales of the projection: those of this low-bit model; none: fitted anew at every point, by the format's own fit.
  std::optional<low_bit_model> scales = {};
  std::uint64_t seed = 1;  ///< of stochastic rounding
};

namespace detail {

/// A learner with the places of its numbers; `scores` say how good the point is that was put last.
template <evaluating_learner L>
class workbench {
 public:
  using scalar = scalar_of<L>;

  workbench(L& l, surface_options const& how)
      : learner_(&l), how_(&how), trained_(trained_spans(l)), statistics_(statistic_spans(l)) {
    constexpr char const* who = "surface_options";
    if constexpr (!requires { l.refresh_statistics(); }) {
      expects(!how.refresh_statistics, "{}: the learner cannot re-estimate its statistics", who);
    }
    if (!how.format) {
      expects(!how.scales, "{}: scales, but no format", who);
      return;
    }
    auto const formats = formats_of(l, *how.format);
    std::size_t k = 0;
    for_each_trained(l, [&](auto&& t, std::string const& name, std::size_t i) {
      if (!formats[i]) return;
      shape const extents = shape_of(t);
      low_bit_part part{*formats[i], extents, trained_[i], std::vector<float>(formats[i]->layout(extents).count)};
      if (how.scales) {
        expects(k < how.scales->weights.size() && how.scales->weights[k].name == name,
                "{}: the model of the scales has no low-bit tensor {} at place {}", who, std::string_view(name), k);
        packed const& known = how.scales->weights[k].weights;
        expects(known.layout == part.format.layout(extents) && known.levels == part.format.levels(),
                "{}: tensor {} has other levels or blocks in the model of the scales than in the format", who,
                std::string_view(name));
        part.scales = known.scales;
      }
      parts_.push_back(std::move(part));
      ++k;
    });
    expects(!how.scales || how.scales->weights.size() == k,
            "{}: {} low-bit tensors in the model of the scales, {} in the format", who,
            how.scales ? how.scales->weights.size() : 0, k);
  }

  [[nodiscard]] L& subject() const noexcept { return *learner_; }

  void put(model_point const& p) noexcept {
    put_numbers(std::span(p.trained), trained_);
    put_numbers(std::span(p.statistics), statistics_);
  }
  /// Moves the low-bit tensors to the lattice. @pre they are finite, where scales are fitted
  void project() {
    for (std::size_t i = 0; i != parts_.size(); ++i) {
      low_bit_part& p = parts_[i];
      fit(p);
      p.format.project(std::span<scalar const>(p.weights), p.extents, std::span<float const>(p.scales), p.weights,
                       noise{how_->seed, static_cast<std::uint32_t>(i)});
    }
  }
  /// The codes to which the low-bit tensors would be moved, tensor after tensor.
  void codes(std::vector<std::int16_t>& all) {
    all.clear();
    for (std::size_t i = 0; i != parts_.size(); ++i) {
      low_bit_part& p = parts_[i];
      fit(p);
      packed const c = p.format.encode(std::span<scalar const>(p.weights), p.extents, std::span<float const>(p.scales),
                                       noise{how_->seed, static_cast<std::uint32_t>(i)});
      std::size_t const first = all.size();
      all.resize(first + c.size());
      unpack(c.bytes, c.bits(), c.max_code(), std::span(all).subspan(first));
    }
  }

  [[nodiscard]] score score_now() {
    if constexpr (requires { learner_->refresh_statistics(); }) {
      if (how_->refresh_statistics) learner_->refresh_statistics();
    }
    auto const all = scores_as_it_stands(*learner_);
    for (score const& s : all) {
      if (how_->split.empty() || s.split == how_->split) return s;
    }
    expects(false, "surface_options: the learner has {} scores, but none of a split \"{}\"", all.size(),
            std::string_view(how_->split));
    return {};
  }

  /// Whether this and another learner keep a number in the same place.
  [[nodiscard]] bool shares_memory_with(workbench const& other) const {
    auto const shares = [](auto const& mine, auto const& theirs) {
      for (std::size_t i = 0; i != mine.size(); ++i) {
        if (!mine[i].empty() && mine[i].data() == theirs[i].data()) return true;
      }
      return false;
    };
    return shares(trained_, other.trained_) || shares(statistics_, other.statistics_);
  }

  model_point place;  // to work in

 private:
  struct low_bit_part {
    any_quantizer format;
    shape extents;
    std::span<scalar> weights;
    std::vector<float> scales;
  };

  void fit(low_bit_part& p) const {
    if (!how_->scales) p.format.fit(std::span<scalar const>(p.weights), p.extents, std::span(p.scales));
  }

  L* learner_;
  surface_options const* how_;
  std::vector<std::span<scalar>> trained_, statistics_;
  std::vector<low_bit_part> parts_;
};

/// The learner as it was, back when this ends, also on an exception.
template <learner L>
class put_back {
 public:
  explicit put_back(L& l) : trained_(trained_spans(l)), statistics_(statistic_spans(l)), was_(point_of(l)) {}
  put_back(put_back const&) = delete;
  put_back& operator=(put_back const&) = delete;
  ~put_back() {
    put_numbers(std::span(was_.trained), trained_);
    put_numbers(std::span(was_.statistics), statistics_);
  }

 private:
  std::vector<std::span<scalar_of<L>>> trained_, statistics_;
  model_point was_;
};

/// Calls `f(workbench, job)` for the jobs 0 to n - 1, until one returns false.
///
/// Where copying the learner copies its tensors, each thread works on a copy of its own, and the learner is not
/// touched. Else all jobs run one after the other on the learner itself, which is put back. An exception of a job ends
/// the work and is thrown from here.
template <evaluating_learner L, executor E, class F>
void for_each_job(L& l, surface_options const& how, E const& exec, std::size_t n, F f) {
  workbench<L> own(l, how);
  std::exception_ptr failure;
  std::mutex taking;
  std::atomic<bool> stopped = false;
  auto const guarded = [&](auto&& work) {
    if (stopped) return;
    try {
      if (!work()) stopped = true;
    } catch (...) {
      std::scoped_lock const lock(taking);
      if (!failure) failure = std::current_exception();
      stopped = true;
    }
  };
  if constexpr (std::copy_constructible<L>) {
    struct copy {
      copy(L const& from, surface_options const& options) : learner(from), bench(learner, options) {}
      L learner;
      workbench<L> bench;
    };
    std::vector<std::unique_ptr<copy>> free;
    free.push_back(std::make_unique<copy>(l, how));
    if (!free.back()->bench.shares_memory_with(own)) {
      exec.for_each(n, [&](std::size_t job) {
        guarded([&] {
          std::unique_ptr<copy> mine;
          {
            std::scoped_lock const lock(taking);
            if (!free.empty()) {
              mine = std::move(free.back());
              free.pop_back();
            } else {
              mine = std::make_unique<copy>(l, how);  // under the lock: some learners change where they are copied from
            }
          }
          bool const go_on = f(mine->bench, job);
          std::scoped_lock const lock(taking);
          free.push_back(std::move(mine));
          return go_on;
        });
      });
      if (failure) std::rethrow_exception(failure);
      return;
    }
  }
  put_back<L> const guard(l);
  for (std::size_t job = 0; job != n; ++job) {
    guarded([&] { return f(own, job); });
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
