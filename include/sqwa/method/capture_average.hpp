// SPDX-License-Identifier: BSD-3-Clause
// The average of captured models, taken while they are captured: no capture is kept.
#ifndef SQWA_METHOD_CAPTURE_AVERAGE_HPP
#define SQWA_METHOD_CAPTURE_AVERAGE_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
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
      floats_.resize(detail::float_spans(weights.trained()).size());
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
    auto const floats = detail::float_spans(weights.trained());
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
    auto const floats = detail::float_spans(weights.trained());
    for (std::size_t i = 0; i != floats.size(); ++i) copy(floats_[i].mean(), floats[i]);
  }

  [[nodiscard]] std::size_t captures() const noexcept { return captures_; }

  /// Bits of a weight of the average: those of its integer sums, 32 where it is not a lattice of common scales.
  [[nodiscard]] int bits() const {
    if (what_ != averaging::codes) return 32;
    int most = 0;
    for (auto const& c : codes_) most = std::max(most, c.shared_scales() ? c.bits() : 32);
    return most;
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
