// SPDX-License-Identifier: BSD-3-Clause
// Running statistics of any model, measured anew over any range of batches: what follows an average of weights.
#ifndef SQWA_AVERAGE_REFRESH_STATISTICS_HPP
#define SQWA_AVERAGE_REFRESH_STATISTICS_HPP

#include <sqwa/average/pooled_statistics.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <concepts>
#include <cstddef>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The running statistics of one normalization, in the model's own memory: one mean and one variance for each channel.
template <real T = float>
struct running_statistics {
  std::span<T> mean;
  std::span<T> variance;
};
template <real T>
running_statistics(std::span<T>, std::span<T>) -> running_statistics<T>;

struct refresh_options {
  std::size_t max_batches = 0;  ///< at most so many batches are looked at; 0: all
};

/// Measures the running statistics of all normalizations over a range of batches; returns how many batches it took.
///
/// `forward(batch, seen)` passes one batch through the model, in the mode in which normalizations use the statistics of
/// the batch, and hands the input of normalization i to `seen[i].update`, or its moments to `seen[i].update_moments`.
/// Samples, not batches, are weighted equally, and variances are pooled and unbiased. Nothing is written before the
/// last batch: when the range is empty, `forward` throws or anything is refused, the model keeps its statistics.
///
/// Memory: three numbers for each channel. Time: what `forward` takes.
/// @pre every normalization has as many variances as means, and saw at least one value
template <std::ranges::input_range Batches, class Normalizations, class Forward>
  requires std::ranges::forward_range<Normalizations> &&
      std::invocable<Forward&, std::ranges::range_reference_t<Batches>, std::span<pooled_statistics>>
          std::size_t refresh_statistics(Batches&& batches, Normalizations&& normalizations, Forward&& forward,
                                         refresh_options options = {}) {
    constexpr char const* who = "refresh_statistics";
    std::vector<pooled_statistics> seen;
    for (auto const& n : normalizations) {
      expects(n.mean.size() == n.variance.size(), "{}: {} means, but {} variances in normalization {}", who,
              n.mean.size(), n.variance.size(), seen.size());
      seen.emplace_back(n.mean.size());
    }
    std::size_t count = 0;
    for (auto at = std::ranges::begin(batches); at != std::ranges::end(batches);) {
      forward(*at, std::span(seen));
      if (++count == options.max_batches) break;  // a batch more than asked for may be costly to get
      ++at;
    }
    expects(count > 0, "{}: no batches", who);
    for (std::size_t i = 0; i != seen.size(); ++i) {
      expects(!seen[i].empty() || seen[i].channels() == 0, "{}: normalization {} saw nothing in {} batches", who, i,
              count);
    }
    std::size_t i = 0;
    for (auto const& n : normalizations) {
      if (!seen[i].empty()) seen[i].value_to(n.mean, n.variance);
      ++i;
    }
    return count;
  }

}  // namespace sqwa::inline SQWA_ABI

#endif
