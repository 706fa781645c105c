// SPDX-License-Identifier: BSD-3-Clause
// The included trainer: a model, its data and its optimizer, as a learner for the method.
#ifndef SQWA_NN_TRAINER_HPP
#define SQWA_NN_TRAINER_HPP

#include <sqwa/core/fingerprint.hpp>
#include <sqwa/nn/batches.hpp>
#include <sqwa/nn/chain.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/nn/distillation.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/loss.hpp>
#include <sqwa/nn/optimizer.hpp>
#include <sqwa/nn/saved_tensors.hpp>
#include <sqwa/nn/score.hpp>
#include <sqwa/nn/teacher.hpp>
#include <sqwa/nn/trainer_options.hpp>
#include <sqwa/nn/training_error.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Trains a model on labelled images, one batch at a time, and tells how good it is.
///
/// A value: a copy has its own model, optimizer and place in the stream of samples, and continues as the original
/// would. Data sets are referred to and must outlive the trainer. Equal arguments give equal bits on every executor.
/// Memory: the model, one batch, what the optimizer remembers; reading ahead, a second batch and a thread. A step after
/// the first allocates nothing.
template <class Model, any_backend Backend = backend<>>
  requires layer<Model> && std::same_as<typename Model::scalar, float>
class trainer {
 public:
  /// Builds the model for the images of `train`, with weights drawn from `options.seed`.
  /// @pre `train` holds samples, their images have elements, as many images as labels, every label < train.classes
  /// @pre options.batch > 0; the model has one output for each class; augmentation and normalization suit the images
  trainer(Model model, data_set const& train, trainer_options options = {}, Backend where = {})
      : model_(std::move(model)),
        train_(&detail::checked(train, "trainer")),
        options_(options),
        where_(where),
        data_(train, options.normalization ? *options.normalization : nn::normalization(train),
              {options.batch, options.seed, options.augmentation, options.read_ahead}),
        optimizer_(options.optimizer) {
    expects(options.label_smoothing >= 0 && options.label_smoothing <= 1,
            "trainer: a label smoothing of {} is not from 0 to 1", options.label_smoothing);
    shape const out = model_.build({train.images.shape(1), train.images.shape(2), train.images.shape(3)},
                                   noise{.seed = options.seed});
    expects(out.size() == train.classes, "trainer: the model has {} outputs, the data set {} classes", out.size(),
            train.classes);
    model_.reserve(options.batch);
    optimizer_.reserve(model_);
    output_.resize(options.batch * train.classes);
    error_.resize(output_.size());
  }
  /// Not of a temporary, which would be gone at the first step.
  trainer(Model, data_set const&&, trainer_options = {}, Backend = {}) = delete;

  /// The tensors to quantize: weights of layers. Valid until the trainer is assigned to or destroyed.
  [[nodiscard]] std::vector<parameter<float>> parameters() { return those_of({role::weight}); }
  /// Their gradients, in the same order.
  [[nodiscard]] std::vector<std::span<float>> gradients() { return gradients_of(parameters()); }
  /// The trained tensors that stay in float: biases, scales and shifts of normalizations, learned bounds of
  /// activations.
  [[nodiscard]] std::vector<parameter<float>> float_parameters() { return those_of({role::bias, role::norm}); }
  /// Their gradients, in the same order.
  [[nodiscard]] std::vector<std::span<float>> float_gradients() { return gradients_of(float_parameters()); }
  /// The measured tensors: running means and variances, measured bounds of activations.
  [[nodiscard]] std::vector<parameter<float>> statistics() { return those_of({role::statistic}); }

  /// Takes the next batch: its mean loss and, in the model, the gradients at the parameters as they now stand.
  ///
  /// Throws `training_error` when the loss is not finite; all is then as before, but for the gradients
  /// and for bounds of activations that no batch had set before.
  float backward() {
    batch const seen = data_.training(batches_, where_.exec);
    undo_.keep(model_);
    forward(seen, pass::train);
    double const loss = train_loss(seen);
    if (!std::isfinite(loss)) {
      undo_.take_back(model_);
      throw training_error("trainer: the loss is not finite in step " + std::to_string(steps_done_) + ", batch " +
                           std::to_string(batches_));
    }
    model_.backward(seen.input, std::span<float const>(error_), std::span<float>(), options_.batch, where_);
    ++batches_;
    return static_cast<float>(loss);
  }

  /// One step of the optimizer with the gradients of the last `backward`.
  void update(float rate) {
    optimizer_.step(model_, rate, where_);
    ++steps_done_;
  }

  /// Forgets momentum and moments.
  void reset_optimizer() noexcept { optimizer_.reset(); }

  /// From now on the loss is `distillation_loss` with this teacher: a trained model, which is asked in inference about
  /// each batch as the student sees it. Normalized as the images of `train` are: those should be what it learned from.
  ///
  /// Memory: the teacher, one batch of it. Scores stay what they are without a teacher.
  /// @pre the teacher was built for these images and classes, as a trainer's `model()` is; `how` as for the loss
  template <layer Other>
    requires std::same_as<typename Other::scalar, float>
  void learn_from(Other model, distillation_options how = {}) {
    detail::check_distillation("trainer::learn_from", how);
    auto const images = train_->images.shape();
    fingerprint known;
    model.visit([&](parameter<float> const& p) { known.put_all(std::span<float const>(p.value)); });
    known.put(how.weight);
    known.put(how.temperature);
    teacher_ = teacher<Backend>(std::move(model), {images[1], images[2], images[3]}, train_->classes, options_.batch);
    how_ = how;
    teacher_sum_ = known.value();
  }
  /// Without a teacher again.
  void learn_alone() {
    teacher_ = {};
    teacher_sum_ = 0;
  }

  /// Measures the running statistics of all normalizations for the parameters as they now stand.
  ///
  /// Always over the same batches, those of the first epoch of the stream, augmented as in training, whatever was
  /// trained before; weighted by samples.
  void refresh_statistics() {
    std::size_t const epoch = train_->size();
    std::size_t const wanted = options_.refresh_batches;
    std::size_t const samples = wanted == 0 || wanted > epoch / options_.batch ? epoch : wanted * options_.batch;
    if constexpr (requires { model_.begin_refresh(); }) model_.begin_refresh();
    for (std::size_t first = 0; first < samples; first += options_.batch) {
      forward(data_.augmented(first, std::min(options_.batch, samples - first), where_.exec), pass::refresh);
    }
    if constexpr (requires { model_.end_refresh(); }) model_.end_refresh();
  }

  /// Loss and accuracy on `set` with the running statistics as they stand.
  /// @pre `set` holds samples; images and classes as those trained on; every label < set.classes
  [[nodiscard]] score evaluate(data_set const& set, std::string split = {}) {
    comparable(set, "trainer::evaluate");
    double loss = 0;
    std::size_t correct = 0;
    for (std::size_t first = 0; first < set.size(); first += options_.batch) {
      batch const part = data_.in_order(set, first, std::min(options_.batch, set.size() - first), where_.exec);
      auto const seen =
          softmax_cross_entropy<float, std::uint8_t>(forward(part, pass::infer), part.labels, train_->classes);
      loss += seen.loss * static_cast<double>(part.labels.size());
      correct += seen.correct;
    }
    auto const n = static_cast<double>(set.size());
    return {std::move(split), loss / n, 100 * static_cast<double>(correct) / n};
  }

  /// Adds a set to those that `evaluate()` scores.
  /// @pre as for `evaluate`
  void watch(std::string split, data_set const& set) {
    comparable(set, "trainer::watch");
    watched_.emplace_back(std::move(split), &set);
  }
  void watch(std::string, data_set const&&) = delete;

  /// The scores of the watched sets, in the order in which they were named.
  [[nodiscard]] std::vector<score> evaluate() {
    std::vector<score> all;
    for (auto const& [split, set] : watched_) all.push_back(evaluate(*set, split));
    return all;
  }

  /// The whole state: all tensors, what the optimizer remembers, the place in the stream of samples; not the teacher.
  [[nodiscard]] std::vector<std::byte> save() {
    byte_writer out;
    for (auto const& [what, number] : identity()) out.put(number);
    out.put(batches_);
    out.put(steps_done_);
    detail::save_tensors(out, [&](auto const& f) { detail::visit_state(model_, optimizer_, f); });
    return std::move(out.bytes);
  }
  /// Goes on where `save` was called, to the same bits as never having stopped. If refused, nothing has changed.
  /// @pre `bytes` come from a trainer of the same model, images, teacher and options
  void load(std::span<std::byte const> bytes) {
    constexpr char const* who = "trainer::load";
    for (bool const commit : {false, true}) {  // everything is checked before anything changes
      byte_reader in(bytes, who);
      for (auto const& [what, number] : identity()) {
        expects(in.get<std::uint64_t>() == number, "{}: saved with another {}", who, what);
      }
      auto const batches = in.get<std::uint64_t>();
      auto const steps = in.get<std::int64_t>();
      detail::load_tensors(in, commit, who, [&](auto const& f) { detail::visit_state(model_, optimizer_, f); });
      in.end();
      if (!commit) continue;
      batches_ = batches;
      steps_done_ = steps;
    }
  }

  [[nodiscard]] Model& model() noexcept { return model_; }
  [[nodiscard]] Model const& model() const noexcept { return model_; }
  [[nodiscard]] nn::normalization const& input_normalization() const noexcept { return data_.normalization(); }
  /// How often `update` was called.
  [[nodiscard]] std::int64_t steps_done() const noexcept { return steps_done_; }

 private:
  void comparable(data_set const& set, char const* who) const {
    detail::checked(set, who);
    auto const is = set.images.shape(), was = train_->images.shape();
    expects(is[1] == was[1] && is[2] == was[2] && is[3] == was[3],
            "{}: images of {} x {} x {}, but the model was built for {} x {} x {}", who, is[1], is[2], is[3], was[1],
            was[2], was[3]);
    expects(set.classes == train_->classes, "{}: {} classes, but the model was built for {}", who, set.classes,
            train_->classes);
  }

  std::vector<parameter<float>> those_of(std::initializer_list<role> kinds) {
    std::vector<parameter<float>> all;
    detail::append_parameters(model_, "", all);
    std::erase_if(all, [&](auto const& p) { return std::ranges::find(kinds, p.kind) == kinds.end(); });
    return all;
  }

  detail::trainer_identity identity() {
    if (!images_) images_ = detail::fingerprint_of(*train_);
    return detail::identity_of(options_, *images_, data_.normalization(), teacher_sum_);
  }

  static std::vector<std::span<float>> gradients_of(std::vector<parameter<float>> const& tensors) {
    std::vector<std::span<float>> all;
    for (auto const& p : tensors) all.push_back(p.gradient);
    return all;
  }

  std::span<float const> forward(batch const& seen, pass what) {
    auto const out = std::span(output_).first(seen.labels.size() * train_->classes);
    model_.forward(seen.input, out, seen.labels.size(), what, where_);
    return out;
  }

  /// The loss of the batch at hand, and in `error_` its gradient.
  double train_loss(batch const& seen) {
    double const smoothing = options_.label_smoothing;
    std::size_t const classes = train_->classes;
    if (!teacher_) {
      return softmax_cross_entropy<float, std::uint8_t>(output_, seen.labels, classes, error_, smoothing).loss;
    }
    auto const advice = teacher_(seen.input, options_.batch, where_);
    return distillation_loss<float, std::uint8_t>(output_, advice, seen.labels, classes, how_, error_, smoothing).loss;
  }

  Model model_;
  data_set const* train_;
  trainer_options options_;
  [[no_unique_address]] Backend where_;
  batches data_;
  optimizer<float> optimizer_;
  std::uint64_t batches_ = 0;  // taken from the stream
  std::int64_t steps_done_ = 0;
  std::optional<std::uint64_t> images_;  // a fingerprint of the images, once it was asked for
  std::vector<std::pair<std::string, data_set const*>> watched_;
  std::vector<float> output_;  // what the model says of the batch at hand,
  std::vector<float> error_;   // and the gradient in that
  teacher<Backend> teacher_;
  distillation_options how_;
  std::uint64_t teacher_sum_ = 0;  // a fingerprint of both
  detail::pass_undo<float> undo_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
