// SPDX-License-Identifier: BSD-3-Clause
// How samples reach a model: in which order, and as which numbers.
#ifndef SQWA_NN_DATA_HPP
#define SQWA_NN_DATA_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/nn/data_set.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// An endless row of samples: epoch after epoch, each a permutation of all samples.
///
/// What stands at a position is a pure function of seed, number of samples and position; batches of any size cut this
/// row into equal parts. Memory: one index for each sample. Time: one pass over them at the begin of an epoch.
class sample_stream {
 public:
  /// @pre samples > 0
  sample_stream(std::size_t samples, std::uint64_t seed) : seed_(seed), order_(samples) {
    expects(samples > 0 && samples <= 0xFFFFFFFF, "sample_stream: {} samples", samples);
    shuffle(0);
  }

  /// The samples at positions [first, first + out.size()).
  void take(std::uint64_t first, std::span<std::size_t> out) {
    for (std::size_t& sample : out) {
      std::uint64_t const epoch = first / order_.size();
      if (epoch != epoch_) shuffle(epoch);
      sample = order_[static_cast<std::size_t>(first++ % order_.size())];
    }
  }

 private:
  /// R. Durstenfeld, "Algorithm 235: random permutation", 1964.
  void shuffle(std::uint64_t epoch) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    noise const u{.seed = seed_, .tensor = 0x5A3B1E5, .step = epoch};  // a tensor number that no layer has
    for (std::size_t i = order_.size(); i-- > 1;) {
      std::swap(order_[i], order_[u.below(i, static_cast<std::uint32_t>(i + 1))]);
    }
    epoch_ = epoch;
  }

  std::uint64_t seed_;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint32_t> order_;  // of the epoch at hand
};

/// Bytes to numbers: (byte - mean) / deviation, for each channel.
///
/// Mean and deviation are in units of a byte, 0 to 255. Memory: 256 numbers for each channel.
class normalization {
 public:
  /// Those of all images of a set. Sums are taken in integers, so that nothing depends on their order. A channel of one
  /// value: deviation 1.
  /// @pre the images have elements
  explicit normalization(data_set const& set) {
    std::size_t const channels = set.images.shape(3);
    expects(set.images.size() > 0, "normalization: no images");
    std::vector<std::array<std::uint64_t, 256>> histogram(channels);
    for (std::size_t i = 0; i != set.images.size(); ++i) ++histogram[i % channels][set.images.data()[i]];
    for (auto const& counts : histogram) {
      std::uint64_t n = 0, sum = 0, squares = 0;
      for (std::uint64_t v = 0; v != 256; ++v) {
        n += counts[v];
        sum += counts[v] * v;
        squares += counts[v] * v * v;
      }
      double const m = static_cast<double>(sum) / static_cast<double>(n);
      double const variance = static_cast<double>(squares) / static_cast<double>(n) - m * m;
      add_channel(m, variance > 0 ? std::sqrt(variance) : 1);
    }
  }

  /// Given ones, a pair for each channel. What torchvision's Normalize takes for numbers in [0, 1], times 255.
  /// @pre as many deviations as means, at least one; means finite, deviations finite and above 0
  normalization(std::span<double const> mean, std::span<double const> deviation) {
    expects(!mean.empty() && mean.size() == deviation.size(), "normalization: {} means and {} deviations", mean.size(),
            deviation.size());
    for (std::size_t c = 0; c != mean.size(); ++c) {
      expects(std::isfinite(mean[c]) && std::isfinite(deviation[c]) && deviation[c] > 0,
              "normalization: mean {} and deviation {} of channel {}", mean[c], deviation[c], c);
      add_channel(mean[c], deviation[c]);
    }
  }

  [[nodiscard]] std::span<double const> mean() const noexcept { return mean_; }
  [[nodiscard]] std::span<double const> deviation() const noexcept { return deviation_; }
  [[nodiscard]] std::size_t channels() const noexcept { return table_.size(); }

  /// Whole pixels, channels last, as numbers.
  void apply(std::span<std::uint8_t const> bytes, std::span<float> out) const noexcept {
    std::size_t const channels = table_.size();
    for (std::size_t c = 0; c != channels; ++c) {
      float const* const row = table_[c].data();
      for (std::size_t i = c; i < bytes.size(); i += channels) out[i] = row[bytes[i]];
    }
  }

  /// The same with the pixels in opposite order.
  void apply_mirrored(std::span<std::uint8_t const> bytes, std::span<float> out) const noexcept {
    std::size_t const channels = table_.size();
    for (std::size_t c = 0; c != channels; ++c) {
      float const* const row = table_[c].data();
      std::size_t from = bytes.size() + c;
      for (std::size_t i = c; i < bytes.size(); i += channels) out[i] = row[bytes[from -= channels]];
    }
  }

  /// Whole pixels of bytes 0.
  void apply_zeros(std::span<float> out) const noexcept {
    std::size_t const channels = table_.size();
    for (std::size_t c = 0; c != channels; ++c) {
      for (std::size_t i = c; i < out.size(); i += channels) out[i] = table_[c][0];
    }
  }

 private:
  void add_channel(double m, double d) {
    mean_.push_back(m);
    deviation_.push_back(d);
    auto& row = table_.emplace_back();
    for (std::size_t v = 0; v != 256; ++v) row[v] = static_cast<float>((static_cast<double>(v) - m) / d);
  }

  std::vector<double> mean_, deviation_;
  std::vector<std::array<float, 256>> table_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
