// SPDX-License-Identifier: BSD-3-Clause
// Mean and variance of each channel over many batches, every sample counted once: what batch normalization needs.
#ifndef SQWA_AVERAGE_POOLED_STATISTICS_HPP
#define SQWA_AVERAGE_POOLED_STATISTICS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Mean and summed squared deviation of many numbers, joined from parts in the order given.
///
/// T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
/// Nothing seen: mean and variances are 0. NaN and infinity propagate. Memory: none.
struct pooled_moments {
  double count = 0;
  double mean = 0;
  double squares = 0;  ///< the sum of (x - mean)²

  void join(double other_count, double other_mean, double other_squares) {
    if (other_count == 0) return;
    double const all = count + other_count, distance = other_mean - mean;
    mean += distance * (other_count / all);
    squares += other_squares + distance * distance * (count * other_count / all);
    count = all;
  }
  [[nodiscard]] double variance() const { return count == 0 ? 0 : squares / count; }
  [[nodiscard]] double unbiased_variance() const { return count < 2 ? 0 : squares / (count - 1); }

  bool operator==(pooled_moments const&) const = default;
};

/// The moments of each channel over all batches seen, in double, weighted by samples: a short last batch counts as the
/// samples that it has, and the variance is that of all samples, not the mean of the batches' variances.
///
/// Deterministic: the same batches in the same order give the same bits. Memory: three numbers for each channel.
class pooled_statistics {
 public:
  explicit pooled_statistics(std::size_t channels) : channels_(channels) {}

  /// Takes in a batch, two passes over it; element i belongs to channel (i / inner) % channels.
  ///
  /// `inner` is 1 where channels are the last extent, and the number of positions where samples are stored channel
  /// after channel. An empty batch changes nothing.
  /// @pre inner > 0; the batch holds whole samples: its size is a multiple of channels * inner
  template <tensor Batch>
  void update(Batch const& batch, std::size_t inner = 1) {
    auto const x = values(batch);
    expects(inner > 0, "pooled_statistics::update: runs of 0 elements");
    expects(!channels_.empty() && x.size() % (channels_.size() * inner) == 0,
            "pooled_statistics::update: {} values are no whole samples of {} channels in runs of {}", x.size(),
            channels_.size(), inner);
    std::size_t const runs = x.size() / (channels_.size() * inner);
    auto const each = [&](std::size_t channel, auto f) {
      for (std::size_t r = 0; r != runs; ++r) {
        for (auto const v : x.subspan((r * channels_.size() + channel) * inner, inner)) f(static_cast<double>(v));
      }
    };
    auto const count = static_cast<double>(runs * inner);
    if (count == 0) return;
    for (std::size_t c = 0; c != channels_.size(); ++c) {
      double sum = 0;
      double squares = 0;
      each(c, [&](double v) { sum += v; });
      double const mean = sum / count;
      each(c, [&](double v) { squares += (v - mean) * (v - mean); });
      channels_[c].join(count, mean, squares);
    }
  }

  /// Takes in a batch of which only the moments are known: `count` values in each channel.
  /// @pre one mean and one biased variance for each channel
  template <tensor Means, tensor Variances>
  void update_moments(std::size_t count, Means const& means, Variances const& variances) {
    auto const mean = values(means);
    auto const variance = values(variances);
    expects(mean.size() == channels_.size() && variance.size() == channels_.size(),
            "pooled_statistics::update_moments: {} means and {} variances for {} channels", mean.size(),
            variance.size(), channels_.size());
    auto const n = static_cast<double>(count);
    for (std::size_t c = 0; c != channels_.size(); ++c) {
      channels_[c].join(n, static_cast<double>(mean[c]), static_cast<double>(variance[c]) * n);
    }
  }

  /// Joins what other statistics have seen, as if it came after.
  /// @pre the same number of channels
  void merge(pooled_statistics const& other) {
    expects(channels_.size() == other.channels_.size(), "pooled_statistics::merge: {} and {} channels",
            channels_.size(), other.channels_.size());
    for (std::size_t c = 0; c != channels_.size(); ++c) {
      pooled_moments const more = other.channels_[c];  // a copy: `other` may be this
      channels_[c].join(more.count, more.mean, more.squares);
    }
  }

  [[nodiscard]] std::size_t channels() const noexcept { return channels_.size(); }
  /// Whether no value has been seen.
  [[nodiscard]] bool empty() const noexcept { return channels_.empty() || channels_[0].count == 0; }
  /// Models: c < channels()
  [[nodiscard]] pooled_moments const& operator[](std::size_t c) const noexcept { return channels_[c]; }

  /// Writes the means and the unbiased variances, as running statistics hold them. Where it is refused, nothing
  /// changes.
  /// @pre something was seen; one element for each channel in both
  template <class Means, class Variances>
    requires mutable_tensor<Means> && mutable_tensor<Variances>
  void value_to(Means&& means, Variances&& variances) const {
    auto const mean = mutable_values(means);
    auto const variance = mutable_values(variances);
    expects(mean.size() == channels_.size() && variance.size() == channels_.size(),
            "pooled_statistics::value_to: {} channels into {} means and {} variances", channels_.size(), mean.size(),
            variance.size());
    expects(!empty(), "pooled_statistics::value_to: no batch has been seen");
    for (std::size_t c = 0; c != channels_.size(); ++c) {
      mean[c] = static_cast<element_of<Means>>(channels_[c].mean);
      variance[c] = static_cast<element_of<Variances>>(channels_[c].unbiased_variance());
    }
  }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::uint64_t>(channels_.size()));
    for (pooled_moments const& c : channels_) {
      for (double const v : {c.count, c.mean, c.squares}) out.put(v);
    }
    return std::move(out.bytes);
  }

  /// Statistics in the state that was saved.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static pooled_statistics load(std::span<std::byte const> bytes) {
    constexpr char const* who = "pooled_statistics::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of pooled_statistics", who);
    auto const count = in.get<std::uint64_t>();
    expects(count <= bytes.size() / (3 * sizeof(double)), "{}: {} channels in {} bytes", who, count, bytes.size());
    pooled_statistics loaded(static_cast<std::size_t>(count));
    for (pooled_moments& c : loaded.channels_) {
      for (double* const v : {&c.count, &c.mean, &c.squares}) *v = in.get<double>();
    }
    in.end();
    return loaded;
  }

  bool operator==(pooled_statistics const&) const = default;

 private:
  static constexpr std::uint32_t magic = 0x31535000;

  std::vector<pooled_moments> channels_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
