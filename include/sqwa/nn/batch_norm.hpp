// SPDX-License-Identifier: BSD-3-Clause
// Batch normalization, with statistics that can be measured anew over many batches.
#ifndef SQWA_NN_BATCH_NORM_HPP
#define SQWA_NN_BATCH_NORM_HPP

#include <sqwa/average/pooled_statistics.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct batch_norm_options {
  float momentum = 0.1F;  // how far one batch moves the running statistics
  float epsilon = 1e-5F;  // added to the variance
};

/// y = scale * (x - mean) / sqrt(variance + epsilon) + shift, for each channel (the last extent) by itself.
///
/// Parameters: `scale`, one at first, `shift`, zero at first, `running_mean` and `running_var`. In training and while
/// refreshing, mean and (biased) variance are those of the batch; a training step moves the running mean and (unbiased)
/// variance towards them by `momentum`; inference uses the running ones. Between `begin_refresh()` and `end_refresh()`
/// every forward pass in `pass::refresh` is counted by its samples; then the running statistics are the mean and the
/// unbiased variance of all that was seen.
///
/// S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015, algorithms 1 and 2.
///
/// Memory: a few numbers for each channel and each piece of a batch.
template <real T = float>
class batch_norm {
 public:
  using scalar = T;
  static constexpr char const* name = "batch_norm";
  static constexpr bool in_place = false;

  /// @pre momentum in [0, 1]; epsilon is finite and not negative
  explicit batch_norm(batch_norm_options options = {}) : options_(options) {
    expects(options.momentum >= 0 && options.momentum <= 1, "batch_norm: a momentum of {}", options.momentum);
    expects(options.epsilon >= 0 && std::isfinite(options.epsilon), "batch_norm: an epsilon of {}", options.epsilon);
  }

  /// @pre the input has elements
  shape build(shape const& input, noise const&) {
    expects(input.rank() > 0 && input.size() > 0, "batch_norm: an input without elements");
    channels_ = input[input.rank() - 1];
    positions_ = input.size() / channels_;
    scale_ = xt::ones<T>({channels_});
    shift_ = xt::zeros<T>({channels_});
    scale_gradient_ = shift_gradient_ = running_mean_ = shift_;
    running_variance_ = scale_;
    mean_.assign(channels_, T(0));
    variance_.assign(channels_, 1.0);
    factor_.assign(channels_, T(0));
    offset_.assign(channels_, T(0));
    seen_.assign(channels_, {});
    return input;
  }

  void reserve(std::size_t batch) {
    partial_.resize(std::max(partial_.size(), 2 * channels_ * detail::sample_pieces(batch).count()));
  }

  /// Forgets what earlier refreshes saw.
  void begin_refresh() { seen_.assign(channels_, {}); }

  /// Makes what was seen since `begin_refresh` the running statistics. Nothing seen: they stay.
  void end_refresh() {
    for (std::size_t c = 0; c != channels_; ++c) {
      if (seen_[c].count == 0) continue;
      running_mean_(c) = static_cast<T>(seen_[c].mean);
      running_variance_(c) = static_cast<T>(seen_[c].unbiased_variance());
    }
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass what, B const& where) {
    if (what != pass::infer) {
      in_pieces(batch, where,
                [&](std::size_t p, std::size_t first, std::size_t rows) { gather(p, x.data() + first, rows); });
    }
    settle(batch, what);
    in_pieces(batch, where, [&](std::size_t, std::size_t first, std::size_t rows) {
      T const* const from = x.data() + first;
      T* const to = y.data() + first;
      T const* const factor = factor_.data();
      T const* const offset = offset_.data();
      detail::for_each_channel(rows, channels_,
                               [=](std::size_t at, std::size_t c) { to[at] = from[at] * factor[c] + offset[c]; });
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    in_pieces(batch, where, [&](std::size_t p, std::size_t first, std::size_t rows) {
      gather_gradient(p, dy.data() + first, x.data() + first, rows);
    });
    settle_gradient(batch);
    if (dx.empty()) return;
    in_pieces(batch, where, [&](std::size_t, std::size_t first, std::size_t rows) {
      error_loader(x.data())(dy.data() + first, dx.data() + first, rows, first);
    });
  }

  /// For layers that hold a normalization: the parts of `forward` and `backward`. `rows` rows of channels from x on are
  /// piece p of the batch. A forward pass gathers each piece, unless it infers, and settles; then y = x * factor() +
  /// offset(). A backward pass gathers each piece of dy, settles, and gets dx from an `error_loader`.
  void gather(std::size_t p, T const* x, std::size_t rows) {
    T* const mean = partial_.data() + 2 * p * channels_;
    detail::sum_channels(rows, channels_, mean, [=](std::size_t at, std::size_t) { return x[at]; });
    for (std::size_t c = 0; c != channels_; ++c) mean[c] /= static_cast<T>(rows);
    detail::sum_channels(rows, channels_, mean + channels_, [=](std::size_t at, std::size_t c) {
      T const distance = x[at] - mean[c];
      return distance * distance;
    });
  }
  void settle(std::size_t batch, pass what) {
    if (what == pass::infer) {
      for (std::size_t c = 0; c != channels_; ++c) set(c, running_mean_(c), static_cast<double>(running_variance_(c)));
    } else {
      join_pieces(batch, what);
    }
  }
  void gather_gradient(std::size_t p, T const* dy, T const* x, std::size_t rows) {
    T const* const mean = mean_.data();
    T* const sum = partial_.data() + 2 * p * channels_;
    detail::sum_channels(rows, channels_, sum, [=](std::size_t at, std::size_t) { return dy[at]; });
    detail::sum_channels(rows, channels_, sum + channels_,
                         [=](std::size_t at, std::size_t c) { return dy[at] * (x[at] - mean[c]); });
  }
  /// `gather_gradient` where y passes through a relu: first dy = 0 wherever y is not positive.
  void gather_rectified(std::size_t p, T* dy, T const* x, std::size_t rows) {
    T const* const factor = factor_.data();
    T const* const offset = offset_.data();
    detail::for_each_channel(rows, channels_, [=](std::size_t at, std::size_t c) {
      T const error = dy[at];  // loaded in any case, so that the loop has no branch
      dy[at] = x[at] * factor[c] + offset[c] > 0 ? error : T(0);
    });
    gather_gradient(p, dy, x, rows);
  }
  /// dx = factor * (dy - mean(dy) - (x - mean) * mean(dy * (x - mean)) / (variance + epsilon))
  void settle_gradient(std::size_t batch) {
    std::size_t const pieces = detail::sample_pieces(batch).count();
    auto const count = static_cast<double>(batch * positions_);
    for (std::size_t c = 0; c != channels_; ++c) {
      double sum = 0, product = 0;
      for (std::size_t p = 0; p != pieces; ++p) {
        sum += static_cast<double>(partial_[2 * p * channels_ + c]);
        product += static_cast<double>(partial_[(2 * p + 1) * channels_ + c]);
      }
      double const inverse = inverse_deviation(c);
      shift_gradient_(c) = static_cast<T>(sum);
      scale_gradient_(c) = static_cast<T>(product * inverse);
      partial_[c] = static_cast<T>(sum / count);
      partial_[channels_ + c] = static_cast<T>(product * inverse * inverse / count);
    }
  }
  [[nodiscard]] std::span<T const> factor() const noexcept { return factor_; }
  [[nodiscard]] std::span<T const> offset() const noexcept { return offset_; }
  /// Makes dx of dy, where x holds the whole batch; call it as `copy_pixels`.
  [[nodiscard]] auto error_loader(T const* x) const {
    return [x, channels = channels_, mean = mean_.data(), factor = factor_.data(), middle = partial_.data(),
            slope = partial_.data() + channels_](T const* dy, T* dx, std::size_t rows, std::size_t first) {
      T const* const at_x = x + first;
      detail::for_each_channel(rows, channels, [=](std::size_t at, std::size_t c) {
        dx[at] = factor[c] * (dy[at] - middle[c] - (at_x[at] - mean[c]) * slope[c]);
      });
    };
  }

  template <class F>
  void visit(F&& f) {
    auto const tell = [&](char const* what, xt::xtensor<T, 1>& value, std::span<T> gradient, role kind) {
      f(parameter<T>{what, shape{channels_}, mutable_values(value), gradient, kind});
    };
    tell("scale", scale_, mutable_values(scale_gradient_), role::norm);
    tell("shift", shift_, mutable_values(shift_gradient_), role::norm);
    tell("running_mean", running_mean_, {}, role::statistic);
    tell("running_var", running_variance_, {}, role::statistic);
  }

  [[nodiscard]] xt::xtensor<T, 1> const& running_mean() const noexcept { return running_mean_; }
  [[nodiscard]] xt::xtensor<T, 1> const& running_variance() const noexcept { return running_variance_; }

  [[nodiscard]] batch_norm_options const& options() const noexcept { return options_; }

 private:
  double inverse_deviation(std::size_t c) const {
    return 1 / std::sqrt(variance_[c] + static_cast<double>(options_.epsilon));
  }

  /// Normalizes channel c by this mean and variance from now on.
  void set(std::size_t c, T mean, double variance) {
    mean_[c] = mean;
    variance_[c] = variance;
    factor_[c] = static_cast<T>(static_cast<double>(scale_(c)) * inverse_deviation(c));
    offset_[c] = shift_(c) - mean * factor_[c];
  }

  /// Mean and variance of the batch from those of the pieces, in order.
  void join_pieces(std::size_t batch, pass what) {
    auto const pieces = detail::sample_pieces(batch);
    for (std::size_t c = 0; c != channels_; ++c) {
      pooled_moments all;
      for (std::size_t p = 0; p != pieces.count(); ++p) {
        all.join(static_cast<double>((pieces.last(p) - pieces.first(p)) * positions_),
                 static_cast<double>(partial_[2 * p * channels_ + c]),
                 static_cast<double>(partial_[(2 * p + 1) * channels_ + c]));
      }
      set(c, static_cast<T>(all.mean), all.variance());
      if (what == pass::refresh) {
        seen_[c].join(all.count, all.mean, all.squares);
      } else {
        running_mean_(c) += static_cast<T>(options_.momentum) * (static_cast<T>(all.mean) - running_mean_(c));
        running_variance_(c) +=
            static_cast<T>(options_.momentum) * (static_cast<T>(all.unbiased_variance()) - running_variance_(c));
      }
    }
  }

  /// Calls `f(piece, first element, how many rows of channels)` for each piece of the batch.
  template <any_backend B, class F>
  void in_pieces(std::size_t batch, B const& where, F f) const {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      f(p, pieces.first(p) * positions_ * channels_, (pieces.last(p) - pieces.first(p)) * positions_);
    });
  }

  batch_norm_options options_;
  std::size_t positions_ = 0;
  std::size_t channels_ = 0;
  xt::xtensor<T, 1> scale_, shift_, scale_gradient_, shift_gradient_, running_mean_, running_variance_;
  std::vector<T> mean_, factor_, offset_;  // what the last forward pass normalized by
  std::vector<double> variance_;
  std::vector<pooled_moments> seen_;
  std::vector<T> partial_;  // two sums for each channel and piece
};

static_assert(layer<batch_norm<float>> && layer<batch_norm<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
