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
#include <cstdint>
#include <span>
#include <string_view>
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

  /// Takes in the capture `model`, just taken from `weights`. NaN and infinity in float tensors propagate.
  /// @pre the tensors are those of the first capture, in the same order
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

  /// The whole state, for `load`.
  void save(byte_writer& out) const {
    out.put(static_cast<std::uint64_t>(captures_));
    if (captures_ == 0) return;
    for (std::size_t i = 0; i != values_.size(); ++i) {
      out.put_block(what_ == averaging::codes ? codes_[i].save() : values_[i].save());
    }
    for (auto const& f : floats_) out.put_block(f.save());
  }
  /// Takes over what `save` wrote for these weights.
  /// @pre an average of the same kind, of the same tensors
  void load(byte_reader& in, low_bit_weights<L> const& weights) {
    capture_average loaded(what_);
    loaded.captures_ = static_cast<std::size_t>(in.get<std::uint64_t>());
    if (loaded.captures_ > 0) {
      auto const same = [](std::size_t saved, std::size_t has, std::string_view name) {
        expects(saved == has, "capture_average::load: {} saved numbers for {}, which has {}", saved, name, has);
      };
      loaded.values_.resize(weights.size());
      for (std::size_t i = 0; i != weights.size(); ++i) {
        std::size_t const size = weights.weights(i).size();
        loaded.codes_.emplace_back(weights.format(i).levels());
        if (what_ == averaging::codes) {
          loaded.codes_[i] = code_averager<>::load(in.block());
          same(loaded.codes_[i].size(), size, weights.name(i));
        } else {
          loaded.values_[i].restore(in.block());
          same(loaded.values_[i].mean().size(), size, weights.name(i));
        }
      }
      for (auto const& f : weights.floats()) {
        loaded.floats_.emplace_back().restore(in.block());
        same(loaded.floats_.back().mean().size(), f.size(), "a float tensor");
      }
    }
    *this = std::move(loaded);
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
