// SPDX-License-Identifier: BSD-3-Clause
// A learner's weights as latent float and low-bit copies: scales, one training step, one capture.
#ifndef SQWA_METHOD_LOW_BIT_WEIGHTS_HPP
#define SQWA_METHOD_LOW_BIT_WEIGHTS_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The low-bit side of a learner whose parameters are the latent weights.
///
/// Holds one set of scales for each tensor and a copy of the latent weights while the low-bit ones stand in their
/// place. Refers to the learner, which must outlive it and whose tensors must not move. Memory: one copy of the
/// weights, at construction.
template <learner L>
class low_bit_weights {
 public:
  using scalar = scalar_of<L>;

  /// Fits the scales to the weights as they stand.
  /// @pre every weight is finite
  low_bit_weights(L& l, any_quantizer format, std::uint64_t seed = 1)
      : learner_(&l), format_(std::move(format)), seed_(seed) {
    for (auto&& t : l.parameters()) {
      auto const weights = mutable_values(t);
      shape const extents = shape_of(t);
      tensors_.push_back({detail::name_of(t, "weights", tensors_.size()), extents, weights,
                          std::vector<float>(format_.layout(extents).count),
                          std::vector<scalar>(weights.begin(), weights.end())});
    }
    fit();
  }

  /// Fits the scales anew, to the weights as they stand.
  /// @pre every weight is finite
  void fit() {
    for (tensor_state& t : tensors_) format_.fit(std::span<scalar const>(t.weights), t.extents, std::span(t.scales));
  }

  /// Moves the weights themselves to their low-bit values; the latent ones are lost.
  void project() {
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      tensor_state& t = tensors_[i];
      format_.project(std::span<scalar const>(t.weights), t.extents, std::span<float const>(t.scales), t.weights,
                      noise_of(i));
    }
  }

  /// Calls `f` while the low-bit weights stand in the learner. The latent weights are put back, also on an exception.
  template <class F>
  decltype(auto) in_place(F&& f) {
    for (tensor_state& t : tensors_) std::ranges::copy(t.weights, t.latent.begin());
    struct restore {
      low_bit_weights& self;
      ~restore() {
        for (tensor_state& t : self.tensors_) std::ranges::copy(t.latent, t.weights.begin());
      }
    } const guard{*this};
    project();
    return std::forward<F>(f)();
  }

  /// One training step: the gradient at the low-bit weights moves the latent ones. Returns the loss.
  double step(float rate, straight_through how) {
    double const loss = in_place([&] { return static_cast<double>(learner_->backward()); });
    detail::check_loss(loss, step_, "low-bit training");
    pass_gradients(how);
    learner_->update(rate);
    ++step_;
    return loss;
  }

  /// The low-bit model at the latent weights as they stand, with the float tensors beside it.
  [[nodiscard]] low_bit_model capture() const {
    low_bit_model model;
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      tensor_state const& t = tensors_[i];
      model.weights.push_back({t.name, t.extents, encode(i)});
    }
    if constexpr (requires { learner_->float_parameters(); }) {
      append(model.floats, learner_->float_parameters(), "float");
    }
    if constexpr (requires { learner_->statistics(); }) append(model.floats, learner_->statistics(), "statistic");
    return model;
  }

  /// The codes of tensor `i` at the latent weights as they stand, as the next step will use them.
  [[nodiscard]] packed encode(std::size_t i) const {
    tensor_state const& t = tensors_[i];
    return format_.encode(std::span<scalar const>(t.weights), t.extents, std::span<float const>(t.scales), noise_of(i));
  }

  /// Puts a captured model into the learner: its decoded weights become the latent ones.
  /// @pre the model has the tensors and extents of the learner
  void put(low_bit_model const& model) {
    auto floats = detail::float_spans(*learner_);
    for (auto s : detail::statistic_spans(*learner_)) floats.push_back(s);
    expects(model.weights.size() == tensors_.size() && model.floats.size() == floats.size(),
            "low_bit_weights::put: the model has {} low-bit and {} float tensors, the learner {} and {}",
            model.weights.size(), model.floats.size(), tensors_.size(), floats.size());
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      expects(model.weights[i].extents == tensors_[i].extents,
              "low_bit_weights::put: tensor {} has other extents in the model than in the learner",
              std::string_view(model.weights[i].name));
    }
    for (std::size_t i = 0; i != floats.size(); ++i) {
      expects(model.floats[i].values.size() == floats[i].size(),
              "low_bit_weights::put: tensor {} has {} values in the model, {} in the learner",
              std::string_view(model.floats[i].name), model.floats[i].values.size(), floats[i].size());
    }
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      model.weights[i].weights.decode(tensors_[i].weights);
      tensors_[i].scales = model.weights[i].weights.scales;
    }
    for (std::size_t i = 0; i != floats.size(); ++i) {
      std::ranges::transform(model.floats[i].values, floats[i].begin(), [](float v) { return static_cast<scalar>(v); });
    }
  }

  [[nodiscard]] L& trained() const noexcept { return *learner_; }
  [[nodiscard]] std::size_t size() const noexcept { return tensors_.size(); }
  [[nodiscard]] std::string const& name(std::size_t i) const noexcept { return tensors_[i].name; }
  /// The latent weights of tensor `i`.
  [[nodiscard]] std::span<scalar> weights(std::size_t i) const noexcept { return tensors_[i].weights; }
  /// The scales of tensor `i`, one a block.
  [[nodiscard]] std::span<float const> scales(std::size_t i) const noexcept { return tensors_[i].scales; }
  [[nodiscard]] any_quantizer const& format() const noexcept { return format_; }

 private:
  struct tensor_state {
    std::string name;
    shape extents;
    std::span<scalar> weights;  // in the learner
    std::vector<float> scales;
    std::vector<scalar> latent;  // while the low-bit weights stand in the learner
  };

  noise noise_of(std::size_t tensor) const noexcept {
    return {seed_, static_cast<std::uint32_t>(tensor), static_cast<std::uint64_t>(step_)};
  }

  void pass_gradients(straight_through how) {
    if (how == straight_through::plain) return;  // nothing to do, and nothing to ask the learner for
    if constexpr (requires { learner_->gradients(); }) {
      std::size_t i = 0;
      for (auto&& g : learner_->gradients()) {
        tensor_state const& t = tensors_[i++];
        format_.pass_gradient(mutable_values(g), std::span<scalar const>(t.weights), t.extents,
                              std::span<float const>(t.scales), how);
      }
    } else {
      expects(false,
              "low_bit_weights::step: a learner without gradients() cannot clip them; choose straight_through::plain");
    }
  }

  template <class Tensors>
  static void append(std::vector<float_tensor>& all, Tensors&& tensors, char const* kind) {
    for (auto&& t : tensors) {
      auto const v = values(t);
      float_tensor copy{detail::name_of(t, kind, all.size()), shape_of(t), std::vector<float>(v.size())};
      std::ranges::transform(v, copy.values.begin(), [](scalar x) { return static_cast<float>(x); });
      all.push_back(std::move(copy));
    }
  }

  L* learner_;
  any_quantizer format_;
  std::uint64_t seed_;
  step_index step_ = 0;
  std::vector<tensor_state> tensors_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
