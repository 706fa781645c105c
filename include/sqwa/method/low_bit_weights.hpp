// SPDX-License-Identifier: BSD-3-Clause
// A learner's weights as latent float and low-bit copies: scales, one training step, one capture.
#ifndef SQWA_METHOD_LOW_BIT_WEIGHTS_HPP
#define SQWA_METHOD_LOW_BIT_WEIGHTS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/format_by_name.hpp>
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
/// A policy says which of its trained tensors are low-bit; these are counted from 0 here, `parameters()` first, then
/// `float_parameters()`. Holds one set of scales for each of them and a copy of the latent weights while the low-bit
/// ones stand in their place. Refers to the learner, which must outlive it and whose low-bit tensors must not move.
/// Memory: one copy of the low-bit weights, at construction.
template <learner L>
class low_bit_weights {
 public:
  using scalar = scalar_of<L>;

  /// Fits the scales to the weights as they stand.
  /// @pre every weight is finite; every pattern of the policy matches a tensor
  low_bit_weights(L& l, format_by_name policy, std::uint64_t seed = 1)
      : learner_(&l), policy_(std::move(policy)), formats_(detail::formats_of(l, policy_)), seed_(seed) {
    detail::for_each_trained(l, [&](auto&& t, std::string name, std::size_t place) {
      if (!formats_[place]) return;
      auto const weights = mutable_values(t);
      shape const extents = shape_of(t);
      std::size_t const scales = formats_[place]->layout(extents).count;
      tensors_.push_back({std::move(name), extents, place, weights, std::vector<float>(scales),
                          std::vector<scalar>(weights.begin(), weights.end()), std::vector<scalar>(scales)});
    });
    fit();
  }

  /// Fits the scales anew, to the weights as they stand.
  /// @pre every weight is finite
  void fit() {
    for (tensor_state& t : tensors_) {
      format_of(t).fit(std::span<scalar const>(t.weights), t.extents, std::span(t.scales));
    }
  }

  /// Moves the weights themselves to their low-bit values; the latent ones are lost.
  void project() {
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      tensor_state& t = tensors_[i];
      format_of(t).project(std::span<scalar const>(t.weights), t.extents, std::span<float const>(t.scales), t.weights,
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

  /// One training step: the gradient at the low-bit weights moves the latent ones and, with `learn_scales`, the scales
  /// too: see `learned_step`. Returns the loss.
  ///
  /// A scale takes a plain step of the rate, whatever optimizer the learner has. Its gradient is that of rounding to
  /// nearest, also where rounding is stochastic, and a fit that stores scales in few bits has no say in where it goes.
  /// A loss that is not finite throws `nn::training_error`; the latent weights are then as before.
  /// @pre to clip or to learn scales: the learner shows its gradients
  double step(float rate, straight_through how, bool learn_scales = false) {
    double const loss = in_place([&] { return static_cast<double>(learner_->backward()); });
    detail::check_loss(loss, step_, "low-bit training");
    if (how != straight_through::plain || learn_scales) pass_gradients(rate, how, learn_scales);
    learner_->update(rate);
    ++step_;
    return loss;
  }

  /// The low-bit model at the latent weights as they stand, with the float tensors beside it.
  ///
  /// Infinite weights get the outermost code. @pre no weight is NaN
  [[nodiscard]] low_bit_model capture() const {
    low_bit_model model;
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      tensor_state const& t = tensors_[i];
      model.weights.push_back({t.name, t.extents, encode(i)});
    }
    detail::for_each_float(*learner_, formats_, [&](auto const& t, std::string name) {
      auto const v = values(t);
      float_tensor copy{std::move(name), shape_of(t), std::vector<float>(v.size())};
      std::ranges::transform(v, copy.values.begin(), [](scalar x) { return static_cast<float>(x); });
      model.floats.push_back(std::move(copy));
    });
    return model;
  }

  /// The codes of tensor `i` at the latent weights as they stand, as the next step will use them.
  [[nodiscard]] packed encode(std::size_t i) const {
    tensor_state const& t = tensors_[i];
    return format_of(t).encode(std::span<scalar const>(t.weights), t.extents, std::span<float const>(t.scales),
                               noise_of(i));
  }

  /// Puts a captured model into the learner: its decoded weights become the latent ones.
  /// @pre the model has the tensors and extents of the learner, low-bit and float as the policy says
  void put(low_bit_model const& model) {
    constexpr char const* who = "low_bit_weights::put";
    std::vector<std::pair<std::string, std::span<scalar>>> floats;
    detail::for_each_float(*learner_, formats_, [&](auto&& t, std::string name) {
      floats.emplace_back(std::move(name), mutable_values(t));
    });
    expects(model.weights.size() == tensors_.size() && model.floats.size() == floats.size(),
            "{}: the model has {} low-bit and {} float tensors, the learner {} and {}", who, model.weights.size(),
            model.floats.size(), tensors_.size(), floats.size());
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      low_bit_tensor const& t = model.weights[i];
      check_name(t.name, tensors_[i].name);
      expects(t.extents == tensors_[i].extents, "{}: tensor {} has other extents in the model than in the learner", who,
              std::string_view(t.name));
      expects(t.weights.levels == format(i).levels() && t.weights.layout == format(i).layout(t.extents),
              "{}: tensor {} has {} levels in the model and {} in its format, or other blocks", who,
              std::string_view(t.name), t.weights.levels, format(i).levels());
    }
    for (std::size_t i = 0; i != floats.size(); ++i) {
      check_name(model.floats[i].name, floats[i].first);
      expects(model.floats[i].values.size() == floats[i].second.size(),
              "{}: tensor {} has {} values in the model, {} in the learner", who,
              std::string_view(model.floats[i].name), model.floats[i].values.size(), floats[i].second.size());
    }
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      model.weights[i].weights.decode(tensors_[i].weights);
      tensors_[i].scales = model.weights[i].weights.scales;
    }
    for (std::size_t i = 0; i != floats.size(); ++i) {
      std::ranges::transform(model.floats[i].values, floats[i].second.begin(),
                             [](float v) { return static_cast<scalar>(v); });
    }
  }

  /// The state beside the learner's: scales, and how many steps were made.
  void save(byte_writer& out) const {
    out.put(std::int64_t{step_});
    for (tensor_state const& t : tensors_) out.put_all(std::span<float const>(t.scales));
  }
  /// Takes over what `save` wrote.
  /// @pre as many scales for each tensor as it has
  void load(byte_reader& in) {
    step_index const steps = in.get<std::int64_t>();
    std::vector<std::vector<float>> all;
    for (tensor_state const& t : tensors_) {
      auto const& scales = all.emplace_back(in.all<float>());
      expects(scales.size() == t.scales.size(), "low_bit_weights::load: {} saved scales for tensor {}, which has {}",
              scales.size(), std::string_view(t.name), t.scales.size());
    }
    step_ = steps;
    for (std::size_t i = 0; i != all.size(); ++i) tensors_[i].scales = std::move(all[i]);
  }

  [[nodiscard]] L& trained() const noexcept { return *learner_; }
  [[nodiscard]] std::size_t size() const noexcept { return tensors_.size(); }
  [[nodiscard]] std::string const& name(std::size_t i) const noexcept { return tensors_[i].name; }
  /// The latent weights of tensor `i`.
  [[nodiscard]] std::span<scalar> weights(std::size_t i) const noexcept { return tensors_[i].weights; }
  /// The scales of tensor `i`, one a block.
  [[nodiscard]] std::span<float const> scales(std::size_t i) const noexcept { return tensors_[i].scales; }
  /// The format of tensor `i`.
  [[nodiscard]] any_quantizer const& format(std::size_t i) const noexcept { return format_of(tensors_[i]); }
  [[nodiscard]] format_by_name const& policy() const noexcept { return policy_; }

  /// The trained tensors that stay float, in the order in which a capture has them.
  [[nodiscard]] std::vector<std::span<scalar>> floats() const {
    std::vector<std::span<scalar>> all;
    detail::for_each_trained(*learner_, [&](auto&& t, std::string const&, std::size_t place) {
      if (!formats_[place]) all.push_back(mutable_values(t));
    });
    return all;
  }

 private:
  struct tensor_state {
    std::string name;
    shape extents;
    std::size_t place;          // among the trained tensors
    std::span<scalar> weights;  // in the learner
    std::vector<float> scales;
    std::vector<scalar> latent;  // while the low-bit weights stand in the learner; else a place to work in
    std::vector<scalar> slopes;  // gradients of the scales
  };

  any_quantizer const& format_of(tensor_state const& t) const noexcept { return *formats_[t.place]; }

  noise noise_of(std::size_t tensor) const noexcept {
    return {seed_, static_cast<std::uint32_t>(tensor), static_cast<std::uint64_t>(step_)};
  }

  void pass_gradients(float rate, straight_through how, bool learn_scales) {
    constexpr char const* hidden =
        "low_bit_weights::step: without {} the learner can neither clip the gradient nor learn scales; choose "
        "straight_through::plain and other scales";
    auto next = tensors_.begin();  // in the order of their places
    std::size_t place = 0;
    auto const pass = [&](auto&& gradient) {
      if (next == tensors_.end() || next->place != place++) return;
      std::span<scalar> const g = mutable_values(gradient);
      std::span<scalar const> const latent = next->weights;
      any_quantizer const& rule = format_of(*next);
      if (learn_scales) std::ranges::copy(g, next->latent.begin());
      rule.pass_gradient(g, latent, next->extents, std::span<float const>(next->scales), how);
      if (learn_scales) {
        rule.learn_scales(std::span(next->latent), latent, next->extents, std::span(next->scales),
                          std::span(next->slopes), rate);
      }
      ++next;
    };
    if constexpr (requires { learner_->gradients(); }) {
      for (auto&& g : learner_->gradients()) pass(g);
    } else {
      expects(false, hidden, "gradients()");
    }
    if (next == tensors_.end()) return;
    if constexpr (requires { learner_->float_gradients(); }) {
      for (auto&& g : learner_->float_gradients()) pass(g);
    } else {
      expects(false, hidden, "float_gradients()");
    }
  }

  static void check_name(std::string const& has, std::string const& wants) {
    expects(has == wants, "low_bit_weights::put: the model's tensor {} stands where the learner has {}",
            std::string_view(has), std::string_view(wants));
  }

  L* learner_;
  format_by_name policy_;
  std::vector<tensor_format> formats_;  // of the trained tensors, by their places
  std::uint64_t seed_;
  step_index step_ = 0;
  std::vector<tensor_state> tensors_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
