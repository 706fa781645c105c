// SPDX-License-Identifier: BSD-3-Clause
// Schedules, capture policies and quantizers whose type is chosen at run time: what a recipe is made of.
#ifndef SQWA_METHOD_ANY_POLICY_HPP
#define SQWA_METHOD_ANY_POLICY_HPP

#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/gradient.hpp>
#include <sqwa/quant/learned_step.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// Any schedule, its type forgotten. Copies share one object, which does not change. Empty until given a schedule.
///
/// Itself a `cyclic_schedule`; a schedule without cycles has no events.
class any_schedule {
 public:
  any_schedule() = default;

  template <class S>
    requires(!std::same_as<S, any_schedule>)
  &&schedule<S>      // in this order: copying must not ask about itself
  any_schedule(S s)  // NOLINT(google-explicit-constructor): a recipe is written with the schedules themselves
      : self_(std::make_shared<model<S> const>(std::move(s))) {}

  [[nodiscard]] bool empty() const noexcept { return self_ == nullptr; }
  /// @pre not empty
  [[nodiscard]] float operator()(step_index t) const { return self_->value(t); }
  /// @pre not empty
  [[nodiscard]] cycle_events events(step_index t) const { return self_->events(t); }
  /// Whether the schedule has a length of its own. @pre not empty
  [[nodiscard]] bool finite() const { return self_->finite(); }
  /// The schedule's own length in steps; 0 if it has none. @pre not empty
  [[nodiscard]] step_index length() const { return self_->length(); }

 private:
  struct interface {
    virtual ~interface() = default;
    virtual float value(step_index t) const = 0;
    virtual cycle_events events(step_index t) const = 0;
    virtual bool finite() const = 0;
    virtual step_index length() const = 0;
  };

  template <class S>
  struct model final : interface {
    explicit model(S s) : schedule(std::move(s)) {}
    float value(step_index t) const override { return static_cast<float>(schedule(t)); }
    cycle_events events([[maybe_unused]] step_index t) const override {
      if constexpr (cyclic_schedule<S>) return schedule.events(t);
      return {};
    }
    bool finite() const override { return finite_schedule<S>; }
    step_index length() const override { return length_of(schedule); }
    S schedule;
  };

  std::shared_ptr<interface const> self_;
};

/// Any capture policy, its type forgotten: one that looks at the schedule alone, or one with a gate for the loss.
class any_capture {
 public:
  template <class P>
    requires(!std::same_as<P, any_capture>)
  &&capture_policy<P, any_schedule> any_capture(P policy)  // NOLINT(google-explicit-constructor)
      : candidate_(std::move(policy)) {}

  template <class P>
    requires(!std::same_as<P, any_capture>)
  &&gated_capture_policy<P, any_schedule> any_capture(P policy)  // NOLINT(google-explicit-constructor)
      : candidate_(
            [policy](any_schedule const& s, step_index t, step_index n) -> bool { return policy.candidate(s, t, n); }),
  admits_([policy](loss_trend const& seen) -> bool { return policy.admits(seen); }),
  next_([policy](loss_trend const& seen, double loss) { return policy.next(seen, loss); }) {}

  /// Whether a snapshot is taken after step `t` of a run of `total` steps, as far as the schedule says: the gate has
  /// not been asked.
  [[nodiscard]] bool operator()(any_schedule const& schedule, step_index t, step_index total) const {
    return candidate_(schedule, t, total);
  }
  /// Whether the loss decides too.
  [[nodiscard]] bool gated() const noexcept { return static_cast<bool>(admits_); }
  /// Whether the gate lets a capture pass; true without a gate.
  [[nodiscard]] bool admits(loss_trend const& seen) const { return !gated() || admits_(seen); }
  /// The gate's state after one more loss; unchanged without a gate.
  [[nodiscard]] loss_trend next(loss_trend const& seen, double loss) const {
    return gated() ? next_(seen, loss) : seen;
  }

 private:
  std::function<bool(any_schedule const&, step_index, step_index)> candidate_;
  std::function<bool(loss_trend const&)> admits_;
  std::function<loss_trend(loss_trend const&, double)> next_;
};

/// How the gradient passes the rounding: not at all outside the outermost point, or everywhere.
enum class straight_through { clipped, plain };

/// Any quantizer of a symmetric format, its type forgotten: what `quantizer` does, for float and double.
class any_quantizer {
 public:
  /// A format with the default fit (`l2`), granularity (`per_tensor`) and rounding (`nearest_even`).
  template <class F>
    requires(!std::same_as<F, any_quantizer>)
  &&uniform_format<F> any_quantizer(F format)  // NOLINT(google-explicit-constructor)
      : any_quantizer(quantizer{format}) {}

  template <uniform_format F, class Fit, class G, class R>
  any_quantizer(quantizer<F, Fit, G, R> q)  // NOLINT(google-explicit-constructor)
      : self_(std::make_shared<model<quantizer<F, Fit, G, R>> const>(std::move(q))) {}

  [[nodiscard]] int levels() const noexcept { return self_->levels(); }
  [[nodiscard]] int max_code() const noexcept { return (levels() - 1) / 2; }

  /// Which scale belongs to which element of a tensor of these extents.
  [[nodiscard]] blocks layout(shape const& extents) const { return self_->layout(extents); }

  /// One scale for each block. @pre every value is finite
  template <real T>
  void fit(std::span<T const> values, shape const& extents, std::span<float> scales) const {
    self_->fit(values, extents, scales);
  }

  /// Moves every value to a point of its block's lattice; `out` may be `values`.
  template <real T>
  void project(std::span<T const> values, shape const& extents, std::span<float const> scales, std::span<T> out,
               noise u) const {
    self_->project(values, extents, scales, out, u);
  }

  /// The codes of the values, packed.
  template <real T>
  [[nodiscard]] packed encode(std::span<T const> values, shape const& extents, std::span<float const> scales,
                              noise u) const {
    return self_->encode(values, extents, scales, u);
  }

  /// Takes the gradient at the quantized weights to the latent ones.
  template <real T>
  void pass_gradient(std::span<T> gradient, std::span<T const> latent, shape const& extents,
                     std::span<float const> scales, straight_through how) const {
    if (how == straight_through::clipped) self_->clip(gradient, latent, extents, scales);
  }

  /// Moves the scales against their gradients, which follow from that at the quantized weights: `learned_step`, with
  /// the published gradient scale. Overwrites `gradient`; `slopes` receives the gradients of the scales.
  template <real T>
  void learn_scales(std::span<T> gradient, std::span<T const> latent, shape const& extents, std::span<float> scales,
                    std::span<T> slopes, float rate) const {
    self_->learn(gradient, latent, extents, scales, slopes, rate);
  }

 private:
  struct interface {
    virtual ~interface() = default;
    virtual int levels() const noexcept = 0;
    virtual blocks layout(shape const& extents) const = 0;
    virtual void fit(std::span<float const>, shape const&, std::span<float>) const = 0;
    virtual void fit(std::span<double const>, shape const&, std::span<float>) const = 0;
    virtual void project(std::span<float const>, shape const&, std::span<float const>, std::span<float>,
                         noise) const = 0;
    virtual void project(std::span<double const>, shape const&, std::span<float const>, std::span<double>,
                         noise) const = 0;
    virtual packed encode(std::span<float const>, shape const&, std::span<float const>, noise) const = 0;
    virtual packed encode(std::span<double const>, shape const&, std::span<float const>, noise) const = 0;
    virtual void clip(std::span<float>, std::span<float const>, shape const&, std::span<float const>) const = 0;
    virtual void clip(std::span<double>, std::span<double const>, shape const&, std::span<float const>) const = 0;
    virtual void learn(std::span<float>, std::span<float const>, shape const&, std::span<float>, std::span<float>,
                       float) const = 0;
    virtual void learn(std::span<double>, std::span<double const>, shape const&, std::span<float>, std::span<double>,
                       float) const = 0;
  };

  template <class Q>
  struct model final : interface {
    explicit model(Q q) : rule(std::move(q)) {}

    int levels() const noexcept override { return static_cast<int>(rule.format.levels); }
    blocks layout(shape const& extents) const override { return rule.grain(extents); }
    void fit(std::span<float const> v, shape const& e, std::span<float> s) const override { fit_scales(rule, v, e, s); }
    void fit(std::span<double const> v, shape const& e, std::span<float> s) const override {
      fit_scales(rule, v, e, s);
    }
    void project(std::span<float const> v, shape const& e, std::span<float const> s, std::span<float> out,
                 noise u) const override {
      fake_quantize(v, layout(e), s, rule.format, rule.round, out, u);
    }
    void project(std::span<double const> v, shape const& e, std::span<float const> s, std::span<double> out,
                 noise u) const override {
      fake_quantize(v, layout(e), s, rule.format, rule.round, out, u);
    }
    packed encode(std::span<float const> v, shape const& e, std::span<float const> s, noise u) const override {
      return sqwa::encode(rule, v, e, s, u);
    }
    packed encode(std::span<double const> v, shape const& e, std::span<float const> s, noise u) const override {
      return sqwa::encode(rule, v, e, s, u);
    }
    void clip(std::span<float> g, std::span<float const> w, shape const& e, std::span<float const> s) const override {
      ste_clipped{}(g, w, layout(e), s, rule.format);
    }
    void clip(std::span<double> g, std::span<double const> w, shape const& e, std::span<float const> s) const override {
      ste_clipped{}(g, w, layout(e), s, rule.format);
    }
    void learn(std::span<float> g, std::span<float const> w, shape const& e, std::span<float> s,
               std::span<float> slopes, float rate) const override {
      learn_steps(g, w, e, s, slopes, rate);
    }
    void learn(std::span<double> g, std::span<double const> w, shape const& e, std::span<float> s,
               std::span<double> slopes, float rate) const override {
      learn_steps(g, w, e, s, slopes, rate);
    }
    template <real T>
    void learn_steps(std::span<T> g, std::span<T const> w, shape const& e, std::span<float> s, std::span<T> slopes,
                     float rate) const {
      learned_step{}.backward(g, w, layout(e), s, rule.format, slopes);
      learned_step{}.update(s, slopes, rule.format, rate);
    }

    Q rule;
  };

  std::shared_ptr<interface const> self_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
