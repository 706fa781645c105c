// SPDX-License-Identifier: BSD-3-Clause
// Measures the captures of a run as they come, and at the end says whether to average them.
#ifndef SQWA_METHOD_DIAGNOSTICS_HPP
#define SQWA_METHOD_DIAGNOSTICS_HPP

#include <sqwa/average/code_averager.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/method/code_distance.hpp>
#include <sqwa/method/diagnosis.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/oscillations.hpp>
#include <sqwa/method/phases.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/requantization.hpp>
#include <sqwa/method/saved_values.hpp>
#include <sqwa/method/verdict.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Collects what a diagnosis needs while a model is retrained.
///
/// Give `hooks()` to `retrain`, then call `finish`. Reads the training and changes nothing of it. Memory: the captures
/// that the options keep, one code accumulator (1 byte a weight while seven or so ternary captures are summed), and
/// with `oscillations` 15 bytes a weight.
template <learner L>
class capture_diagnostics {
 public:
  /// @pre options.keep >= 1; 0 < options.momentum <= 1; the rule's lines are as `judge` wants them
  explicit capture_diagnostics(diagnosis_options options)
      : options_(std::move(options)), distances_(options_.keep), oscillations_(options_.momentum) {
    detail::check_rule(options_.rule);
  }

  /// What `retrain` calls; refers to this object. Empty where nothing is to be measured.
  [[nodiscard]] retrain_hooks<L> hooks() {
    retrain_hooks<L> all;
    if (options_.oscillations) {
      all.after_step = [this](low_bit_weights<L> const& weights, step_index) { step(weights); };
    }
    if (options_.captures) all.captured = [this](low_bit_model const& model) { capture(model); };
    return all;
  }

  /// Takes in the codes after a training step.
  void step(low_bit_weights<L> const& weights) {
    oscillations_.update(weights.size(), [&](std::size_t i) { return weights.encode(i); });
  }

  /// Takes in a capture.
  void capture(low_bit_model const& model) {
    if (means_.empty()) {
      for (low_bit_tensor const& t : model.weights) {
        means_.emplace_back(t.weights.levels);
        squares_.emplace_back(t.weights.layout.count);
        shares_.emplace_back();
      }
    }
    distances_.update(model);
    for (std::size_t i = 0; i != means_.size(); ++i) {
      means_[i].update(model.weights[i].weights);
      add_squares(model.weights[i].weights, squares_[i]);
      shares_[i] += shares_of(model.weights[i].weights);
    }
  }

  /// The diagnosis. Walks the paths that the options name with the learner, and puts it back as it was.
  ///
  /// Re-quantization is predicted for at most 255 levels and captures of common scales, as the average of codes.
  [[nodiscard]] diagnosis finish(low_bit_weights<L> const& weights, recipe const& r) const {
    diagnosis d;
    for (std::size_t i = 0; i != weights.size(); ++i) d.tensors.push_back({weights.name(i), {}, {}});
    if (options_.captures) describe(d, weights, r);
    if (options_.oscillations && oscillations_.tensors() > 0) {
      d.oscillations = oscillations_.summary(options_.threshold);
      for (std::size_t i = 0; i != d.tensors.size(); ++i) {
        d.tensors[i].oscillations = oscillations_.summary(i, options_.threshold);
      }
    }
    return d;
  }

  /// The whole state, for `load`.
  void save(byte_writer& out) const {
    distances_.save(out);
    oscillations_.save(out);
    for (std::size_t i = 0; i != means_.size(); ++i) {
      out.put_block(means_[i].save());
      out.put_all(std::span<std::uint64_t const>(squares_[i]));
      detail::value_saver{out}(shares_[i]);
    }
  }
  /// Takes over what `save` wrote for these weights. If it is refused, nothing has changed.
  /// @pre the options are the same
  void load(byte_reader& in, low_bit_weights<L> const& weights) {
    capture_diagnostics loaded(options_);
    low_bit_model const like = weights.capture();
    std::vector<std::size_t> sizes;
    for (low_bit_tensor const& t : like.weights) sizes.push_back(t.weights.size());
    loaded.distances_.load(in, like);
    loaded.oscillations_.load(in, sizes);
    for (low_bit_tensor const& t : like.weights) {
      if (loaded.distances_.captures() == 0) break;
      loaded.means_.push_back(code_averager<>::load(in.block()));
      loaded.squares_.push_back(in.all<std::uint64_t>());
      detail::value_loader{in}(loaded.shares_.emplace_back());
      expects(loaded.means_.back().size() == t.weights.size() && loaded.means_.back().n_averaged() > 0 &&
                  loaded.squares_.back().size() == t.weights.layout.count,
              "capture_diagnostics::load: {} sums and {} squares for tensor {}", loaded.means_.back().size(),
              loaded.squares_.back().size(), std::string_view(t.name));
    }
    *this = std::move(loaded);
  }

  [[nodiscard]] oscillation_tracker<> const& oscillations() const noexcept { return oscillations_; }
  [[nodiscard]] capture_distances<> const& distances() const noexcept { return distances_; }

 private:
  void describe(diagnosis& d, low_bit_weights<L> const& weights, recipe const& r) const {
    for (auto const& p : distances_.pairs()) {
      d.pairs.push_back({p.from, p.to, p.distance.total});
      d.distance += p.distance.total;
      for (std::size_t i = 0; i != d.tensors.size(); ++i) d.tensors[i].distance += p.distance.tensors[i];
    }
    bool predictable = r.average == averaging::codes && !means_.empty();
    for (std::size_t i = 0; i != means_.size(); ++i) {
      d.tensors[i].shares = shares_[i];
      d.shares += shares_[i];
      predictable =
          predictable && means_[i].shared_scales() && means_[i].levels() <= 65'535 && weights.format(i).levels() <= 255;
    }
    if (predictable) {
      d.requantization.emplace();
      for (std::size_t i = 0; i != means_.size(); ++i) {
        d.tensors[i].requantization = requantization_of(means_[i], weights.format(i).levels(), squares_[i]);
        *d.requantization += *d.tensors[i].requantization;
      }
    }
    if constexpr (evaluating_learner<L>) walk(d, weights);
    d.evidence = detail::evidence_of(d, distances_.captures(), r.requantize == scale_rule::refitted);
    d.verdict = judge(d.evidence, options_.rule);
  }

  void walk(diagnosis& d, low_bit_weights<L> const& weights) const {
    auto const& kept = distances_.kept();
    for (std::size_t i = 0; i != kept.size(); ++i) {
      for (std::size_t k = i + 1; k != kept.size(); ++k) {
        bool const wanted = options_.paths == measured_paths::all ||
                            (options_.paths == measured_paths::neighbours && k == i + 1) ||
                            (options_.paths == measured_paths::first_and_last && i == 0 && k + 1 == kept.size());
        if (!wanted) continue;
        d.paths.push_back(
            loss_between(weights.trained(), weights.policy(), kept[i].model, kept[k].model, options_.path));
        d.paths.back().from = kept[i].number;
        d.paths.back().to = kept[k].number;
      }
    }
  }

  diagnosis_options options_;
  capture_distances<> distances_;
  oscillation_tracker<> oscillations_;
  std::vector<code_averager<>> means_;
  std::vector<std::vector<std::uint64_t>> squares_;  // one sum a block
  std::vector<code_shares> shares_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
