// SPDX-License-Identifier: BSD-3-Clause
// The average of captured models, taken while they are captured: no capture is kept.
#ifndef SQWA_METHOD_CAPTURE_AVERAGE_HPP
#define SQWA_METHOD_CAPTURE_AVERAGE_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The running average of a learner's captures: of their codes, their decoded values or the latent weights behind them.
///
/// Tensors that stay float are averaged as values, in double; statistics are not averaged. Memory: one accumulator.
template <learner L>
class capture_average {
 public:
  using scalar = scalar_of<L>;

  /// @pre `what` is not `averaging::none`
  explicit capture_average(averaging what) : what_(what) {
    expects(what != averaging::none, "capture_average: averaging::none averages nothing");
  }

  /// Takes in the capture `model`, just taken from `weights`.
  void update(low_bit_model const& model, low_bit_weights<L> const& weights) {
    if (captures_ == 0) {
      for (low_bit_tensor const& t : model.weights) codes_.emplace_back(t.weights.levels);
      values_.resize(model.weights.size());
      floats_.resize(weights.floats().size());
    }
    for (std::size_t i = 0; i != model.weights.size(); ++i) {
      packed const& capture = model.weights[i].weights;
      if (what_ == averaging::codes) {
        codes_[i].update(capture);
      } else if (what_ == averaging::values) {
        std::vector<double> decoded(capture.size());
        capture.decode(std::span(decoded));
        values_[i].update(decoded);
      } else {
        values_[i].update(weights.weights(i));
      }
    }
    auto const floats = weights.floats();
    for (std::size_t i = 0; i != floats.size(); ++i) floats_[i].update(floats[i]);
    ++captures_;
  }

  /// Puts the average into the learner as latent weights.
  /// @pre at least one capture
  void put(low_bit_weights<L>& weights) const {
    expects(captures_ > 0, "capture_average::put: nothing was captured");
    for (std::size_t i = 0; i != values_.size(); ++i) {
      if (what_ == averaging::codes) {
        codes_[i].value_to(weights.weights(i));
      } else {
        copy(values_[i].mean(), weights.weights(i));
      }
    }
    auto const floats = weights.floats();
    for (std::size_t i = 0; i != floats.size(); ++i) copy(floats_[i].mean(), floats[i]);
  }

  [[nodiscard]] std::size_t captures() const noexcept { return captures_; }

  /// Bits of a weight of tensor `i` of the average: those of its integer sums, 32 where it is not a lattice of common
  /// scales.
  /// @pre at least one capture; i is below the number of low-bit tensors
  [[nodiscard]] int bits(std::size_t i) const {
    return what_ == averaging::codes && codes_[i].shared_scales() ? codes_[i].bits() : 32;
  }

  /// The average of captures like `model` in that many bits: what a low-bit weight takes with its share of the scales,
  /// and the bytes of all tensors. A tensor of 32 bits has no scales.
  [[nodiscard]] std::pair<double, std::size_t> size_like(low_bit_model const& model) const {
    double all = 0, count = 0;
    std::size_t bytes = byte_size(model);
    for (std::size_t i = 0; i != model.weights.size(); ++i) {
      packed const& p = model.weights[i].weights;
      std::size_t const scales = bits(i) == 32 ? 0 : p.scales.size();
      all += static_cast<double>(bits(i)) * static_cast<double>(p.size()) + 32.0 * static_cast<double>(scales);
      count += static_cast<double>(p.size());
      bytes += packed_bytes(p.size(), bits(i)) + sizeof(float) * scales;
      bytes -= p.bytes.size() + sizeof(float) * p.scales.size();
    }
    return {count == 0 ? 0 : all / count, bytes};
  }

 private:
  static void copy(std::span<double const> from, std::span<scalar> to) {
    std::ranges::transform(from, to.begin(), [](double v) { return static_cast<scalar>(v); });
  }

  averaging what_;
  std::size_t captures_ = 0;
  std::vector<code_averager<>> codes_;
  std::vector<averager<std::vector<double>>> values_;
  std::vector<averager<std::vector<double>>> floats_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
