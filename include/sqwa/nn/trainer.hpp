// SPDX-License-Identifier: BSD-3-Clause
// The included trainer: a model, its data and its optimizer, as a learner for the method.
#ifndef SQWA_NN_TRAINER_HPP
#define SQWA_NN_TRAINER_HPP

#include <sqwa/nn/data.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/nn/distillation.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/loss.hpp>
#include <sqwa/nn/optimizer.hpp>
#include <sqwa/nn/score.hpp>
#include <sqwa/nn/teacher.hpp>
#include <sqwa/nn/training_error.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct trainer_options {
  std::size_t batch = 64;
  optimizer_options optimizer = sgd_options{};  // or adam_options
  double label_smoothing = 0;                   // of the loss that is trained on, from 0 to 1; scores are without
  std::uint64_t seed = 1;
  std::size_t refresh_batches = 0;  // how many batches refresh_statistics looks at; 0: one epoch
};

/// Trains a model on labelled images, one batch at a time, and tells how good it is.
///
/// A value: a copy has its own model, optimizer and place in the stream of samples, and continues as the original
/// would. Data sets are referred to and must outlive the trainer. Equal arguments give equal bits on every executor.
/// Memory: the model, one batch, what the optimizer remembers; a step allocates nothing.
template <class Model, any_backend Backend = backend<>>
  requires layer<Model> && std::same_as<typename Model::scalar, float>
class trainer {
 public:
  /// Builds the model for the images of `train`, with weights drawn from `options.seed`.
  /// @pre `train` holds samples, their images have elements, as many images as labels, every label < train.classes
  /// @pre options.batch > 0; the model has one output for each class
  trainer(Model model, data_set const& train, trainer_options options = {}, Backend where = {})
      : model_(std::move(model)),
        train_(&checked(train, "trainer")),
        options_(options),
        where_(where),
        numbers_(train),
        stream_(train.size(), options.seed),
        optimizer_(options.optimizer) {
    expects(options.batch > 0, "trainer: batches of {} samples", options.batch);
    expects(options.label_smoothing >= 0 && options.label_smoothing <= 1,
            "trainer: a label smoothing of {} is not from 0 to 1", options.label_smoothing);
    shape const out = model_.build({train.images.shape(1), train.images.shape(2), train.images.shape(3)},
                                   noise{.seed = options.seed});
    expects(out.size() == train.classes, "trainer: the model has {} outputs, the data set {} classes", out.size(),
            train.classes);
    model_.reserve(options.batch);
    optimizer_.reserve(model_);
    chosen_.resize(options.batch);
    labels_.resize(options.batch);
    input_.resize(options.batch * image_size());
    output_.resize(options.batch * train.classes);
    error_.resize(output_.size());
  }

  /// The tensors to quantize: weights of dense and convolutional layers. Valid until the trainer is assigned to or
  /// destroyed.
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
  /// Throws `training_error` when the loss is not finite; gradients and running statistics are then unusable.
  float backward() {
    stream_.take(batches_ * options_.batch, chosen_);
    fetch(*train_, chosen_);
    model_.forward(std::span<float const>(input_), std::span<float>(output_), options_.batch, pass::train, where_);
    double const loss = train_loss();
    if (!std::isfinite(loss)) {
      throw training_error("trainer: the loss is not finite in step " + std::to_string(steps_done_) + ", batch " +
                           std::to_string(batches_));
    }
    model_.backward(std::span<float const>(input_), std::span<float const>(error_), std::span<float>(), options_.batch,
                    where_);
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
    teacher_ = teacher<Backend>(std::move(model), {images[1], images[2], images[3]}, train_->classes, options_.batch);
    how_ = how;
  }
  /// Without a teacher again.
  void learn_alone() { teacher_ = {}; }

  /// Measures the running statistics of all normalizations for the parameters as they now stand.
  ///
  /// Always over the same batches, those of the first epoch of the stream, whatever was trained before; weighted by
  /// samples.
  void refresh_statistics() {
    std::size_t const epoch = train_->size();
    std::size_t const wanted = options_.refresh_batches;
    std::size_t const samples = wanted == 0 || wanted > epoch / options_.batch ? epoch : wanted * options_.batch;
    if constexpr (requires { model_.begin_refresh(); }) model_.begin_refresh();
    for (std::size_t first = 0; first < samples; first += options_.batch) {
      auto const part = std::span(chosen_).first(std::min(options_.batch, samples - first));
      stream_.take(first, part);
      fetch(*train_, part);
      infer(part.size(), pass::refresh);
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
      auto const part = std::span(chosen_).first(std::min(options_.batch, set.size() - first));
      std::iota(part.begin(), part.end(), first);
      fetch(set, part);
      infer(part.size(), pass::infer);
      auto const seen = judge(part.size());
      loss += seen.loss * static_cast<double>(part.size());
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

  /// The scores of the watched sets, in the order in which they were named.
  [[nodiscard]] std::vector<score> evaluate() {
    std::vector<score> all;
    for (auto const& [split, set] : watched_) all.push_back(evaluate(*set, split));
    return all;
  }

  [[nodiscard]] Model& model() noexcept { return model_; }
  [[nodiscard]] Model const& model() const noexcept { return model_; }
  [[nodiscard]] nn::normalization const& input_normalization() const noexcept { return numbers_; }
  /// How often `update` was called.
  [[nodiscard]] std::int64_t steps_done() const noexcept { return steps_done_; }

 private:
  static data_set const& checked(data_set const& set, char const* who) {
    expects(set.size() > 0 && set.images.size() > 0, "{}: a data set of {} samples and {} pixels", who, set.size(),
            set.images.size());
    expects(set.images.shape(0) == set.size(), "{}: {} images, but {} labels", who, set.images.shape(0), set.size());
    for (std::size_t i = 0; i != set.size(); ++i) {
      expects(set.labels.data()[i] < set.classes, "{}: label {} of sample {} is not below {} classes", who,
              set.labels.data()[i], i, set.classes);
    }
    return set;
  }

  void comparable(data_set const& set, char const* who) const {
    checked(set, who);
    auto const is = set.images.shape(), was = train_->images.shape();
    expects(is[1] == was[1] && is[2] == was[2] && is[3] == was[3],
            "{}: images of {} x {} x {}, but the model was built for {} x {} x {}", who, is[1], is[2], is[3], was[1],
            was[2], was[3]);
    expects(set.classes == train_->classes, "{}: {} classes, but the model was built for {}", who, set.classes,
            train_->classes);
  }

  std::vector<parameter<float>> those_of(std::initializer_list<role> kinds) {
    std::vector<parameter<float>> all;
    auto const add = [&](parameter<float> const& p) {
      if (std::ranges::find(kinds, p.kind) != kinds.end()) all.push_back(p);
    };
    if constexpr (requires { model_.parameters(); }) {
      for (auto const& p : model_.parameters()) add(p);
    } else {
      model_.visit(add);
    }
    return all;
  }

  static std::vector<std::span<float>> gradients_of(std::vector<parameter<float>> const& tensors) {
    std::vector<std::span<float>> all;
    for (auto const& p : tensors) all.push_back(p.gradient);
    return all;
  }

  std::size_t image_size() const noexcept { return train_->images.size() / train_->size(); }

  /// Makes `samples` of `set` the next input.
  void fetch(data_set const& set, std::span<std::size_t const> samples) {
    auto const pieces = detail::sample_pieces(samples.size());
    std::size_t const each = image_size();
    where_.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t i = pieces.first(p); i != pieces.last(p); ++i) {
        numbers_.apply({set.images.data() + samples[i] * each, each}, std::span(input_).subspan(i * each, each));
        labels_[i] = set.labels.data()[samples[i]];
      }
    });
  }

  void infer(std::size_t samples, pass what) {
    model_.forward(std::span<float const>(input_).first(samples * image_size()),
                   std::span(output_).first(samples * train_->classes), samples, what, where_);
  }

  batch_score judge(std::size_t samples) const {
    return softmax_cross_entropy<float, std::uint8_t>(std::span(output_).first(samples * train_->classes),
                                                      std::span(labels_).first(samples), train_->classes);
  }

  /// The loss of the batch at hand, and in `error_` its gradient.
  double train_loss() {
    double const smoothing = options_.label_smoothing;
    std::size_t const classes = train_->classes;
    if (!teacher_) return softmax_cross_entropy<float, std::uint8_t>(output_, labels_, classes, error_, smoothing).loss;
    auto const advice = teacher_(input_, options_.batch, where_);
    return distillation_loss<float, std::uint8_t>(output_, advice, labels_, classes, how_, error_, smoothing).loss;
  }

  Model model_;
  data_set const* train_;
  trainer_options options_;
  [[no_unique_address]] Backend where_;
  nn::normalization numbers_;
  sample_stream stream_;
  optimizer<float> optimizer_;
  std::uint64_t batches_ = 0;  // taken from the stream
  std::int64_t steps_done_ = 0;
  std::vector<std::pair<std::string, data_set const*>> watched_;
  std::vector<std::size_t> chosen_;   // the samples of the batch at hand,
  std::vector<std::uint8_t> labels_;  // their labels,
  std::vector<float> input_;          // their pixels,
  std::vector<float> output_;         // what the model says of them,
  std::vector<float> error_;          // and the gradient in that
  teacher<Backend> teacher_;
  distillation_options how_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
