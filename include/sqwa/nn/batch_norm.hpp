// SPDX-License-Identifier: BSD-3-Clause
// Batch normalization, with statistics that can be re-estimated over any number of batches.
#ifndef SQWA_NN_BATCH_NORM_HPP
#define SQWA_NN_BATCH_NORM_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/xtensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// y = scale · (x − mean) / √(variance + epsilon) + shift, channel by channel (Ioffe, Szegedy 2015).
///
/// Training normalizes with the batch's mean and biased variance and moves the running ones by `momentum`, the variance
/// unbiased, as torch does. A refresh pass normalizes with the batch's too, and pools mean and variance over all samples seen
/// since `begin_refresh`: batches count by their samples, and what lies between their means is variance as well.
template <real T = float>
class batch_norm {
 public:
  using value_type = T;
  static constexpr char const* name = "batch_norm";

  explicit batch_norm(T momentum = T(0.1), T epsilon = T(1e-5)) : momentum_(momentum), epsilon_(epsilon) {}

  /// The last axis is the channel. @pre the input is not empty
  shape build(shape const& input, noise) {
    expects(input.rank() >= 1 && input.size() > 0, "batch_norm: an input of {} values", input.size());
    channels_ = input[input.rank() - 1];
    places_ = input.size() / channels_;
    auto const filled = [&](T v) { return xt::xtensor<T, 1>({channels_}, v); };
    scale = filled(1);
    shift = filled(0);
    running_mean = filled(0);
    running_variance = filled(1);
    scale_gradient_ = shift_gradient_ = filled(0);
    mean_.assign(channels_, T(0));
    inverse_.assign(channels_, T(0));
    begin_refresh();
    return input;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass why, B const& where) {
    if (batch == 0) return;
    if (why == pass::infer) {
      for (std::size_t k = 0; k != channels_; ++k) {
        mean_[k] = running_mean(k);
        inverse_[k] = 1 / std::sqrt(running_variance(k) + epsilon_);
      }
    } else {
      observe(x, batch, why, where);
    }
    for_each_row(batch, where, [&](std::size_t at) {
      for (std::size_t k = 0; k != channels_; ++k) {
        y[at + k] = (x[at + k] - mean_[k]) * inverse_[k] * scale.data()[k] + shift.data()[k];
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const> x, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const& where) {
    if (batch == 0) return;
    sums(batch, where, [&](std::size_t at, T* sum) {
      for (std::size_t k = 0; k != channels_; ++k) {
        sum[k] += dy[at + k];
        sum[channels_ + k] += dy[at + k] * ((x[at + k] - mean_[k]) * inverse_[k]);
      }
    });
    std::copy_n(sum_.begin(), channels_, shift_gradient_.data());
    std::copy_n(sum_.begin() + static_cast<std::ptrdiff_t>(channels_), channels_, scale_gradient_.data());
    if (dx.empty()) return;
    auto const n = static_cast<T>(batch * places_);
    T const* const total = sum_.data();
    for_each_row(batch, where, [&](std::size_t at) {
      for (std::size_t k = 0; k != channels_; ++k) {
        T const normal = (x[at + k] - mean_[k]) * inverse_[k];
        dx[at + k] = scale.data()[k] * inverse_[k] * (dy[at + k] - (total[k] + normal * total[channels_ + k]) / n);
      }
    });
  }

  /// Forgets what refresh passes have pooled.
  void begin_refresh() {
    pooled_count_ = 0;
    pooled_mean_.assign(channels_, 0.0);
    pooled_squares_.assign(channels_, 0.0);
  }

  /// Makes the pooled statistics the running ones; without any refresh pass since `begin_refresh` they stay.
  void end_refresh() {
    if (pooled_count_ == 0) return;
    for (std::size_t k = 0; k != channels_; ++k) {
      running_mean(k) = static_cast<T>(pooled_mean_[k]);
      running_variance(k) = static_cast<T>(pooled_squares_[k] / std::max(pooled_count_ - 1, 1.0));
    }
  }

  std::vector<parameter<T>> parameters() {
    shape const e{channels_};
    return {{"scale", e, mutable_values(scale), mutable_values(scale_gradient_), role::norm},
            {"shift", e, mutable_values(shift), mutable_values(shift_gradient_), role::norm},
            {"running_mean", e, mutable_values(running_mean), {}, role::statistic},
            {"running_variance", e, mutable_values(running_variance), {}, role::statistic}};
  }

  xt::xtensor<T, 1> scale;
  xt::xtensor<T, 1> shift;
  xt::xtensor<T, 1> running_mean;
  xt::xtensor<T, 1> running_variance;

 private:
  template <class B, class F>
  void for_each_row(std::size_t batch, B const& where, F f) const {
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      for (std::size_t i = part.first(p) * places_; i != part.last(p) * places_; ++i) f(i * channels_);
    });
  }

  /// Adds up two figures a channel over the batch, piece by piece and the pieces in order, into `sum_`.
  template <class B, class F>
  void sums(std::size_t batch, B const& where, F add_row) {
    pieces const part{batch};
    std::size_t const width = 2 * channels_;
    partial_.assign(part.count() * width, T(0));
    where.exec.for_each(part.count(), [&](std::size_t p) {
      for (std::size_t i = part.first(p) * places_; i != part.last(p) * places_; ++i) {
        add_row(i * channels_, &partial_[p * width]);
      }
    });
    sum_.assign(width, T(0));
    for (std::size_t p = 0; p != part.count(); ++p) {
      for (std::size_t i = 0; i != width; ++i) sum_[i] += partial_[p * width + i];
    }
  }

  /// The batch's mean and biased variance (two passes), and what they mean for the running or pooled ones.
  template <class B>
  void observe(std::span<T const> x, std::size_t batch, pass why, B const& where) {
    auto const n = static_cast<T>(batch * places_);
    sums(batch, where, [&](std::size_t at, T* sum) {
      for (std::size_t k = 0; k != channels_; ++k) sum[k] += x[at + k];
    });
    for (std::size_t k = 0; k != channels_; ++k) mean_[k] = sum_[k] / n;
    sums(batch, where, [&](std::size_t at, T* sum) {
      for (std::size_t k = 0; k != channels_; ++k) sum[k] += (x[at + k] - mean_[k]) * (x[at + k] - mean_[k]);
    });
    for (std::size_t k = 0; k != channels_; ++k) {
      T const squares = sum_[k];
      inverse_[k] = 1 / std::sqrt(squares / n + epsilon_);
      if (why == pass::train) {
        running_mean(k) += momentum_ * (mean_[k] - running_mean(k));
        running_variance(k) += momentum_ * (squares / std::max(n - 1, T(1)) - running_variance(k));
      } else {
        pool(k, static_cast<double>(n), static_cast<double>(mean_[k]), static_cast<double>(squares));
      }
    }
    if (why == pass::refresh) pooled_count_ += static_cast<double>(n);
  }

  /// Joins one batch to the pooled statistics of channel k (Chan, Golub, LeVeque 1979).
  void pool(std::size_t k, double n, double mean, double squares) {
    double const all = pooled_count_ + n;
    double const apart = mean - pooled_mean_[k];
    pooled_squares_[k] += squares + apart * apart * pooled_count_ * n / all;
    pooled_mean_[k] += apart * n / all;
  }

  T momentum_;
  T epsilon_;
  std::size_t channels_ = 0;
  std::size_t places_ = 0;
  xt::xtensor<T, 1> scale_gradient_;
  xt::xtensor<T, 1> shift_gradient_;
  std::vector<T> mean_;     // of the batch, or the running ones
  std::vector<T> inverse_;  // 1 / standard deviation
  std::vector<T> sum_;   // the sums of a batch
  std::vector<T> partial_;  // the sums of each piece
  double pooled_count_ = 0;
  std::vector<double> pooled_mean_;
  std::vector<double> pooled_squares_;
};
batch_norm() -> batch_norm<float>;

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
