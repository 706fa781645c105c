// SPDX-License-Identifier: BSD-3-Clause
// Two means in one: over workers that train side by side, and of these means over time.
#ifndef SQWA_AVERAGE_HIERARCHICAL_HPP
#define SQWA_AVERAGE_HIERARCHICAL_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/average/window.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Several tensors of float or double, to be written: one for each worker.
template <class R>
concept workers = std::ranges::random_access_range<R> && std::ranges::sized_range<R> &&
    mutable_tensor<std::ranges::range_reference_t<R>>;

/// Gives all workers the mean of their weights: the sum in double, in the order of the workers, divided by their number
/// and rounded once.
///
/// Infinity and NaN of one worker reach all. The same bits on every backend. Memory: none. Time: one pass over the
/// workers.
/// @pre at least one worker; all have one size
template <workers R, any_backend B = backend<>>
void average_workers(R&& all, B const& where = {}) {
  using scalar = element_of<std::ranges::range_reference_t<R>>;
  std::size_t const count = std::ranges::size(all);
  expects(count > 0, "average_workers: no workers");
  auto const weights = [&](std::size_t k) {
    return mutable_values(std::ranges::begin(all)[static_cast<std::ranges::range_difference_t<R>>(k)]);
  };
  std::size_t const size = weights(0).size();
  for (std::size_t k = 1; k != count; ++k) {
    expects(weights(k).size() == size, "average_workers: worker {} has {} weights, worker 0 has {}", k,
            weights(k).size(), size);
  }
  for_each_chunk(where.exec, size, [&](std::size_t begin, std::size_t end) {
    detail::mean_in_order(
        begin, end, count, [&](std::size_t k) { return std::span<scalar const>(weights(k)); },
        [&](std::size_t first, std::span<double const> mean) {
          for (std::size_t k = 0; k != count; ++k) {
            auto const to = weights(k).subspan(first, mean.size());
            std::ranges::transform(mean, to.begin(), [](double m) { return static_cast<scalar>(m); });
          }
        });
  });
}

/// Hierarchical averaging: when told, workers go on from the mean of their weights, and these means are averaged over
/// time.
///
/// When that happens is not decided here: every H steps by `every{.period = H}`, or at the events of any other capture
/// policy. The outer mean is that of an `averager` or, as in the paper, of a `window`.
/// X. Gu, Z. Zhang, Y. Jiang, T. Luo, R. Zhang, S. Cui, Z. Li, "Hierarchical weight averaging for deep neural
/// networks", 2023, arXiv 2304.11519.
///
/// Memory: that of the outer mean.
template <class Outer = averager<std::vector<double>>, any_backend Backend = backend<>>
class hierarchical {
 public:
  hierarchical() = default;
  explicit hierarchical(Outer outer, Backend where = {}) : outer_(std::move(outer)), where_(std::move(where)) {}

  /// Gives all workers their mean and takes it into the outer mean.
  /// @pre as for `average_workers`; the workers have the size of the outer mean
  template <workers R>
    requires requires(Outer outer, std::ranges::range_reference_t<R> weights) { outer.update(weights); }
  void synchronize(R&& all) {
    if (outer_.n_averaged() > 0 && std::ranges::size(all) > 0) {  // before any worker is touched
      std::size_t const size = values(*std::ranges::begin(all)).size();
      expects(size == outer_size(), "hierarchical::synchronize: workers of {} weights, a mean of {}", size,
              outer_size());
    }
    average_workers(all, where_);
    outer_.update(*std::ranges::begin(all));
  }

  /// Joins the outer mean of others, as its `merge` does.
  void merge(hierarchical const& other) requires requires(Outer a, Outer const& b) { a.merge(b); }
  { outer_.merge(other.outer_); }

  /// The mean over time.
  [[nodiscard]] Outer const& outer() const noexcept { return outer_; }
  /// How often the workers were synchronized.
  [[nodiscard]] auto n_averaged() const noexcept { return outer_.n_averaged(); }

  /// The whole state, that of the outer mean: the workers' weights are the caller's.
  [[nodiscard]] std::vector<std::byte> save() const { return outer_.save(); }
  /// A state that was saved, to be continued.
  /// @pre `bytes` come from `save` with the same kind of outer mean
  void restore(std::span<std::byte const> bytes) {
    if constexpr (requires { outer_.restore(bytes); }) {
      outer_.restore(bytes);
    } else {
      outer_ = Outer::load(bytes);
    }
  }

 private:
  [[nodiscard]] std::size_t outer_size() const {
    if constexpr (requires { outer_.mean().size(); }) {
      return outer_.mean().size();
    } else {
      return outer_[0].size();
    }
  }

  Outer outer_{};
  [[no_unique_address]] Backend where_{};
};

hierarchical()->hierarchical<>;
template <class Outer>
hierarchical(Outer) -> hierarchical<Outer>;
template <class Outer, any_backend Backend>
hierarchical(Outer, Backend) -> hierarchical<Outer, Backend>;

}  // namespace sqwa::inline SQWA_ABI

#endif
