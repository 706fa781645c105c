// SPDX-License-Identifier: BSD-3-Clause
// Weights whose codes go back and forth while a low-bit model is trained.
#ifndef SQWA_METHOD_OSCILLATIONS_HPP
#define SQWA_METHOD_OSCILLATIONS_HPP

#include <sqwa/average/code_sums.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How restless the codes were. Counts are exact; all are 0 before the second step.
struct oscillation_summary {
  step_index steps = 0;  ///< from one set of codes to the next
  std::size_t weights = 0;
  std::uint64_t flips = 0;      ///< changes of a code
  std::uint64_t reversals = 0;  ///< changes against the direction of the weight's change before
  std::size_t flipped = 0;      ///< weights that changed at all
  std::size_t oscillating = 0;  ///< weights whose frequency of reversals is above the threshold
  double frequency = 0;         ///< the mean frequency of reversals, per step

  /// The share of weights that oscillate; 0 for no weights.
  [[nodiscard]] double share() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(oscillating) / static_cast<double>(weights);
  }
  /// How many of the weights change in one step, as a share; 0 before the first.
  [[nodiscard]] double flip_rate() const noexcept {
    return weights == 0 || steps == 0
               ? 0
               : static_cast<double>(flips) / static_cast<double>(weights) / static_cast<double>(steps);
  }
  bool operator==(oscillation_summary const&) const = default;
};

/// Counts code changes between the steps of training, and how often they turn back.
///
/// M. Nagel et al., "Overcoming oscillations in quantization-aware training", arXiv 2203.11086: a weight oscillates in
/// a step if its code changes and the sign of the change is the opposite of its last change's, however long ago that
/// was; the frequency is the exponential average f <- momentum * oscillates + (1 - momentum) * f. A weight that turns
/// back once has f = momentum, so a threshold of two or three times that asks for more than one turn. Where rounding is
/// stochastic its noise flips codes too; where scales are refitted, so do they.
///
/// The same bits on every backend. Memory: 15 bytes a weight. Time: one pass a step.
template <any_backend B = backend<>>
class oscillation_tracker {
 public:
  /// @pre 0 < momentum <= 1
  explicit oscillation_tracker(float momentum = 0.01F, B where = {}) : momentum_(momentum), where_(std::move(where)) {
    expects(momentum > 0 && momentum <= 1, "oscillation_tracker: the momentum {}", momentum);
  }

  /// Takes in the codes after one step, tensor by tensor. The first time they are only remembered.
  ///
  /// `codes_of(i)` gives the packed tensor i. If a tensor is refused, those before it have been taken in.
  /// @pre the number, sizes and levels of the tensors are those of the first time; every field is a code
  template <class F>
  requires std::convertible_to<std::invoke_result_t<F&, std::size_t>, packed const&> void update(std::size_t tensors,
                                                                                                 F&& codes_of) {
    constexpr char const* who = "oscillation_tracker::update";
    bool const first = seen_ == 0;
    if (first) tensors_.assign(tensors, {});
    expects(tensors == tensors_.size(), "{}: {} tensors after {}", who, tensors, tensors_.size());
    for (std::size_t i = 0; i != tensors; ++i) {
      packed const& p = codes_of(i);
      p.check(who);
      detail::check_fields(who, p, where_.exec);
      state& s = tensors_[i];
      if (first) s = state(p.size(), p.levels);
      expects(p.size() == s.code.size() && p.levels == s.levels, "{}: tensor {} of {} codes of {} levels was {} of {}",
              who, i, p.size(), p.levels, s.code.size(), s.levels);
      take(s, p, first);
    }
    ++seen_;
  }
  /// The same, for tensors that lie together.
  void update(std::span<packed const> tensors) {
    update(tensors.size(), [&](std::size_t i) -> packed const& { return tensors[i]; });
  }

  /// Of tensor i. @pre i < tensors()
  [[nodiscard]] oscillation_summary summary(std::size_t i, double threshold) const {
    state const& s = of(i);
    oscillation_summary all{.steps = seen_ - 1, .weights = s.code.size()};
    auto const count = [&](std::size_t begin, std::size_t end) {
      oscillation_summary some;
      for (std::size_t k = begin; k != end; ++k) {
        some.flips += s.flips[k];
        some.reversals += s.reversals[k];
        some.flipped += s.flips[k] != 0 ? 1 : 0;
        some.oscillating += static_cast<double>(s.frequency[k]) > threshold ? 1 : 0;
        some.frequency += static_cast<double>(s.frequency[k]);
      }
      return some;
    };
    all = reduce(where_.exec, s.code.size(), all, count,
                 [](oscillation_summary x, oscillation_summary const& y) { return add(x, y); });
    if (all.weights > 0) all.frequency /= static_cast<double>(all.weights);
    return all;
  }
  /// Of all tensors together.
  [[nodiscard]] oscillation_summary summary(double threshold) const {
    oscillation_summary all{.steps = seen_ == 0 ? 0 : seen_ - 1};
    for (std::size_t i = 0; i != tensors_.size(); ++i) {
      oscillation_summary one = summary(i, threshold);
      one.frequency *= static_cast<double>(one.weights);
      all.weights += one.weights;
      all = add(all, one);
    }
    if (all.weights > 0) all.frequency /= static_cast<double>(all.weights);
    return all;
  }

  /// The whole state, for `load`.
  void save(byte_writer& out) const {
    out.put(std::int64_t{seen_});
    out.put(static_cast<std::uint64_t>(tensors_.size()));
    for (state const& s : tensors_) {
      out.put(std::int32_t{s.levels});
      s.each([&]<class T>(std::vector<T> const& all) { out.put_all(std::span<T const>(all)); });
    }
  }
  /// Takes over what `save` wrote for tensors of these sizes. If it is refused, nothing has changed.
  void load(byte_reader& in, std::span<std::size_t const> sizes) {
    constexpr char const* who = "oscillation_tracker::load";
    step_index const seen = in.get<std::int64_t>();
    auto const count = in.get<std::uint64_t>();
    expects(count == (seen == 0 ? 0 : sizes.size()) && seen >= 0, "{}: {} tensors of {} after {} steps", who, count,
            sizes.size(), seen);
    std::vector<state> loaded(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i != loaded.size(); ++i) {
      loaded[i].levels = in.get<std::int32_t>();
      loaded[i].each([&]<class T>(std::vector<T>& all) {
        all = in.all<T>();
        expects(all.size() == sizes[i], "{}: {} numbers for tensor {}, which has {}", who, all.size(), i, sizes[i]);
      });
    }
    seen_ = seen;
    tensors_ = std::move(loaded);
  }

  [[nodiscard]] std::size_t tensors() const noexcept { return tensors_.size(); }
  [[nodiscard]] float momentum() const noexcept { return momentum_; }
  /// For each weight of tensor i: how often its code changed… @pre i < tensors()
  [[nodiscard]] std::span<std::uint32_t const> flips(std::size_t i) const { return of(i).flips; }
  /// …how often it turned back… @pre i < tensors()
  [[nodiscard]] std::span<std::uint32_t const> reversals(std::size_t i) const { return of(i).reversals; }
  /// …and how frequently of late, per step. @pre i < tensors()
  [[nodiscard]] std::span<float const> frequency(std::size_t i) const { return of(i).frequency; }

 private:
  struct state {
    state() = default;
    state(std::size_t n, int levels_) : levels(levels_), code(n), direction(n), flips(n), reversals(n), frequency(n) {}
    int levels = 0;
    std::vector<std::int16_t> code;
    std::vector<std::int8_t> direction;  // of the last change; 0 before any
    std::vector<std::uint32_t> flips, reversals;
    std::vector<float> frequency;

    void each(auto f) const { f(code), f(direction), f(flips), f(reversals), f(frequency); }
    void each(auto f) { f(code), f(direction), f(flips), f(reversals), f(frequency); }
  };

  state const& of(std::size_t i) const {
    expects(i < tensors_.size(), "oscillation_tracker: tensor {} of {}", i, tensors_.size());
    return tensors_[i];
  }

  void take(state& s, packed const& p, bool first_time) const {
    float const m = momentum_;
    for_each_chunk(where_.exec, p.size(), [&](std::size_t begin, std::size_t end) {
      detail::for_each_piece(p, begin, end, [&](std::size_t first, auto codes) {
        for (std::size_t k = 0; k != codes.size(); ++k) {
          std::size_t const i = first + k;
          int const change = first_time ? 0 : codes[k] - s.code[i];
          auto const direction = static_cast<std::int8_t>((change > 0) - (change < 0));
          bool const turned = direction * s.direction[i] < 0;
          s.code[i] = codes[k];
          if (direction != 0) s.direction[i] = direction;
          s.flips[i] += direction != 0 ? 1 : 0;
          s.reversals[i] += turned ? 1 : 0;
          s.frequency[i] = m * (turned ? 1.0F : 0.0F) + (1 - m) * s.frequency[i];
        }
      });
    });
  }

  static oscillation_summary add(oscillation_summary x, oscillation_summary const& y) noexcept {
    x.flips += y.flips;
    x.reversals += y.reversals;
    x.flipped += y.flipped;
    x.oscillating += y.oscillating;
    x.frequency += y.frequency;
    return x;
  }

  float momentum_;
  [[no_unique_address]] B where_;
  step_index seen_ = 0;
  std::vector<state> tensors_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
