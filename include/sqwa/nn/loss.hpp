// SPDX-License-Identifier: BSD-3-Clause
// The objective: softmax and cross-entropy in one.
#ifndef SQWA_NN_LOSS_HPP
#define SQWA_NN_LOSS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <numbers>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

namespace detail {

/// The natural logarithm of a number in [1, 2^64), relative error below 2^-50: the same bits with every C library.
///
/// x = m 2^k with m in [sqrt(1/2), sqrt(2)), and the series of the inverse hyperbolic tangent. NaN: NaN.
inline double log(double x) noexcept {
  if (x != x) return x;
  int k = 0;
  double m = std::frexp(x, &k);
  if (m < 1 / std::numbers::sqrt2) {
    m *= 2;
    --k;
  }
  double const t = (m - 1) / (m + 1);
  double sum = 0;
  for (int n = 23; n >= 1; n -= 2) sum = sum * (t * t) + 1.0 / n;
  return 2 * t * sum + k * std::numbers::ln2;
}

/// The probabilities that one row of outputs gives to the classes: p(c) = e^(x[c] / temperature) over the sum of these.
template <real T>
class softmax_row {
 public:
  explicit softmax_row(std::span<T const> x, double temperature = 1)
      : x_(x), temperature_(temperature), largest_(x[0]) {
    for (T v : x) {
      largest_ = std::max(largest_, v);
      has_nan_ = has_nan_ || v != v;
    }
    for (std::size_t c = 0; c != x.size(); ++c) {
      double const power = sqwa::detail::exp(distance(x[c]));
      if (c < kept_.size()) kept_[c] = power;
      sum_ += power;
    }
    log_sum_ = log(sum_);
  }

  [[nodiscard]] double probability(std::size_t c) const noexcept {
    return (c < kept_.size() ? kept_[c] : sqwa::detail::exp(distance(x_[c]))) / sum_;
  }
  /// -log p(c)
  [[nodiscard]] double surprise(std::size_t c) const noexcept { return log_sum_ - distance(x_[c]); }
  /// Whether c is the first class of the largest output; with a NaN none is.
  [[nodiscard]] bool chooses(std::size_t c) const noexcept {
    return !has_nan_ && static_cast<std::size_t>(std::ranges::find(x_, largest_) - x_.begin()) == c;
  }

 private:
  double distance(T v) const noexcept { return static_cast<double>(v - largest_) / temperature_; }

  std::span<T const> x_;
  double temperature_;
  T largest_;
  bool has_nan_ = false;
  double sum_ = 0;
  double log_sum_ = 0;
  std::array<double, 128> kept_;  // the first powers, which are not computed again
};

}  // namespace detail

/// What a loss says of a batch.
struct batch_score {
  double loss = 0;          // mean over the batch
  std::size_t correct = 0;  // samples whose largest output is that of their label
};

/// The mean over the batch of -sum(q log p): p is the softmax of a row of `outputs`, q the target, which is 1 -
/// smoothing at the label plus smoothing / classes everywhere.
///
/// Label smoothing: C. Szegedy et al., arXiv 1512.00567, section 7; as torch.nn.functional.cross_entropy defines it.
/// `gradient` receives (p - q) / samples, the gradient of that mean in `outputs`; when empty, it is not computed. Of
/// equal largest outputs the first counts. Bits do not depend on the C library. NaN or +infinity in a row: the loss is
/// NaN; -infinity: a probability of 0, which costs infinity where q is not 0.
/// Memory: 1 KiB of stack. Time: an exponential for each output, two beyond the first 128 classes.
/// @pre at least one label; outputs.size() == labels.size() * classes; gradient.size() is that or 0
/// @pre every label < classes; 0 <= smoothing <= 1
template <real T, std::integral Label>
batch_score softmax_cross_entropy(std::span<T const> outputs, std::span<Label const> labels, std::size_t classes,
                                  std::span<T> gradient = {}, double smoothing = 0) {
  constexpr char const* who = "softmax_cross_entropy";
  std::size_t const n = labels.size();
  expects(n > 0 && outputs.size() == n * classes && (gradient.empty() || gradient.size() == outputs.size()),
          "{}: {} outputs and {} gradients for {} labels of {} classes", who, outputs.size(), gradient.size(), n,
          classes);
  expects(smoothing >= 0 && smoothing <= 1, "{}: a label smoothing of {} is not from 0 to 1", who, smoothing);
  double const everywhere = smoothing / static_cast<double>(classes);
  batch_score result;
  for (std::size_t s = 0; s != n; ++s) {
    auto const label = static_cast<std::size_t>(labels[s]);
    expects(label < classes, "{}: label {} of sample {} is not below {} classes", who, label, s, classes);
    detail::softmax_row<T> const row(outputs.subspan(s * classes, classes));
    if (smoothing != 1) result.loss += (1 - smoothing) * row.surprise(label);
    for (std::size_t c = 0; smoothing != 0 && c != classes; ++c) result.loss += everywhere * row.surprise(c);
    result.correct += row.chooses(label);
    if (gradient.empty()) continue;
    for (std::size_t c = 0; c != classes; ++c) {
      double const target = everywhere + (c == label ? 1 - smoothing : 0);
      gradient[s * classes + c] = static_cast<T>((row.probability(c) - target) / static_cast<double>(n));
    }
  }
  result.loss /= static_cast<double>(n);
  return result;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
