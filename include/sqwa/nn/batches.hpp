// SPDX-License-Identifier: BSD-3-Clause
// The batches that a model is trained on and judged by: samples chosen, augmented and turned into numbers.
#ifndef SQWA_NN_BATCHES_HPP
#define SQWA_NN_BATCHES_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/nn/aligned_vector.hpp>
#include <sqwa/nn/augmentation.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/read_ahead.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Samples as a model reads them, one after the other, and their classes.
struct batch {
  std::span<float const> input;
  std::span<std::uint8_t const> labels;
};

struct batch_options {
  std::size_t size = 64;  // samples
  std::uint64_t seed = 1;
  nn::augmentation augmentation = {};
  bool read_ahead = false;  // a thread prepares the next training batch while the present one is in use
};

namespace detail {

/// Where a batch is kept.
struct batch_memory {
  std::vector<std::size_t> chosen;  // its samples,
  std::vector<std::uint8_t> labels;
  aligned_vector<float> input;
};

/// What the batches of a data set are, wherever they are kept.
class batch_maker {
 public:
  batch_maker(data_set const& set, normalization numbers, batch_options const& how)
      : set_((check(set, numbers, how), &set)),
        image_{set.images.shape(1), set.images.shape(2)},
        each_(set.images.size() / set.size()),
        numbers_(std::move(numbers)),
        how_(how),
        stream_(set.size(), how.seed) {}

  [[nodiscard]] batch_memory room() const {
    return {std::vector<std::size_t>(how_.size), std::vector<std::uint8_t>(how_.size),
            aligned_vector<float>(how_.size * each_)};
  }
  [[nodiscard]] std::size_t size() const noexcept { return how_.size; }
  [[nodiscard]] std::size_t each() const noexcept { return each_; }
  [[nodiscard]] normalization const& numbers() const noexcept { return numbers_; }

  /// `count` samples of the stream from position `first` on, augmented.
  template <executor E>
  void augmented(std::uint64_t first, std::size_t count, batch_memory& to, E const& exec) {
    stream_.take(first, std::span(to.chosen).first(count));
    each_sample(*set_, to, count, exec, [&](std::size_t i, auto bytes, auto out) {
      show(bytes, image_, how_.augmentation(how_.seed, first + i, image_), numbers_, out);
    });
  }
  /// Batch `n` of the stream.
  template <executor E>
  void training(std::uint64_t n, batch_memory& to, E const& exec) {
    augmented(n * how_.size, how_.size, to, exec);
  }
  /// Neighbours of any set, as they are.
  template <executor E>
  void in_order(data_set const& set, std::size_t first, std::size_t count, batch_memory& to, E const& exec) const {
    std::iota(to.chosen.begin(), to.chosen.begin() + static_cast<std::ptrdiff_t>(count), first);
    each_sample(set, to, count, exec, [&](std::size_t, auto bytes, auto out) { numbers_.apply(bytes, out); });
  }

 private:
  static void check(data_set const& set, normalization const& numbers, batch_options const& how) {
    expects(set.size() > 0 && set.images.size() > 0 && set.images.shape(0) == set.size(),
            "batches: a data set of {} images, {} labels and {} pixels", set.images.shape(0), set.size(),
            set.images.size());
    expects(how.size > 0, "batches: batches of {} samples", how.size);
    expects(numbers.channels() == set.images.shape(3), "batches: a normalization of {} channels, images of {}",
            numbers.channels(), set.images.shape(3));
    how.augmentation.check({set.images.shape(1), set.images.shape(2)});
  }

  /// `write(i, bytes, out)` for the first `count` of the samples that are chosen.
  template <executor E, class F>
  void each_sample(data_set const& set, batch_memory& to, std::size_t count, E const& exec, F const& write) const {
    auto const pieces = sample_pieces(count);
    exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t i = pieces.first(p); i != pieces.last(p); ++i) {
        write(i, std::span<std::uint8_t const>(set.images.data() + to.chosen[i] * each_, each_),
              std::span(to.input).subspan(i * each_, each_));
        to.labels[i] = set.labels.data()[to.chosen[i]];
      }
    });
  }

  data_set const* set_;
  image_extents image_;
  std::size_t each_;  // elements of one image
  normalization numbers_;
  batch_options how_;
  sample_stream stream_;
};

}  // namespace detail

/// The batches of a data set: for training, augmented, from an endless stream that depends on the seed alone; and as
/// the images are.
///
/// A value. The set is referred to and must outlive it. A batch is a pure function of the arguments of the call and of
/// the constructor: equal ones give equal bits on every executor, with and without reading ahead. What a call returns
/// is valid until the next one. Memory: one batch, one index for each sample; twice that and a thread to read ahead,
/// taken by the first call of `training` that this value or copy sees. No other call allocates.
class batches {
 public:
  /// @pre `set` holds samples, their images have elements, as many images as labels
  /// @pre how.size > 0; `numbers` has the channels of the images; how.augmentation suits their extents
  batches(data_set const& set, nn::normalization numbers, batch_options const& how = {})
      : maker_(set, std::move(numbers), how), now_(maker_.room()), ahead_(how.read_ahead) {}

  /// Batch `n` of training: positions [n * size, (n + 1) * size) of the stream, augmented.
  ///
  /// Reading ahead, the thread begins with batch n + 1; throws `std::system_error` where the machine has no more
  /// threads.
  template <executor E = sqwa::sequential>
  [[nodiscard]] batch training(std::uint64_t n, E const& exec = {}) {
    if (ahead_.wanted) {
      if (!ahead_.thread) ahead_.thread = std::make_unique<reader>(maker_.room(), training_maker{maker_});
      ahead_.thread->take(n, now_);
    } else {
      maker_.training(n, now_, exec);
    }
    return result(maker_.size());
  }

  /// `count` samples from position `first` of the stream, as training shows them.
  /// @pre count <= size
  template <executor E = sqwa::sequential>
  [[nodiscard]] batch augmented(std::uint64_t first, std::size_t count, E const& exec = {}) {
    expects(count <= maker_.size(), "batches::augmented: {} samples for a batch of {}", count, maker_.size());
    maker_.augmented(first, count, now_, exec);
    return result(count);
  }

  /// Samples [first, first + count) of a set, as they are, with the normalization of this one.
  /// @pre the images of `set` have the extents of those trained on; count <= size; the samples are there
  template <executor E = sqwa::sequential>
  [[nodiscard]] batch in_order(data_set const& set, std::size_t first, std::size_t count, E const& exec = {}) {
    expects(count <= maker_.size() && first <= set.size() && count <= set.size() - first,
            "batches::in_order: samples [{}, {}) of {} for a batch of {}", first, first + count, set.size(),
            maker_.size());
    expects(set.images.size() == set.size() * maker_.each(), "batches::in_order: images of {} elements, not {}",
            set.images.size() / set.size(), maker_.each());
    maker_.in_order(set, first, count, now_, exec);
    return result(count);
  }

  [[nodiscard]] std::size_t size() const noexcept { return maker_.size(); }
  [[nodiscard]] nn::normalization const& normalization() const noexcept { return maker_.numbers(); }

 private:
  struct training_maker {
    detail::batch_maker maker;
    void operator()(std::uint64_t n, detail::batch_memory& to) { maker.training(n, to, sqwa::sequential{}); }
  };
  using reader = read_ahead<detail::batch_memory, training_maker>;

  /// Each copy starts a thread of its own when it needs one.
  struct helper {
    explicit helper(bool want) noexcept : wanted(want) {}
    helper(helper const& other) noexcept : wanted(other.wanted) {}
    helper(helper&&) noexcept = default;
    helper& operator=(helper const& other) noexcept { return *this = helper(other); }
    helper& operator=(helper&&) noexcept = default;
    ~helper() = default;

    bool wanted;
    std::unique_ptr<reader> thread{};
  };

  [[nodiscard]] batch result(std::size_t count) const noexcept {
    return {std::span(now_.input).first(count * maker_.each()), std::span(now_.labels).first(count)};
  }

  detail::batch_maker maker_;
  detail::batch_memory now_;
  helper ahead_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
