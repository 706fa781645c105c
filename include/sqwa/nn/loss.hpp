// SPDX-License-Identifier: BSD-3-Clause
// The objective: softmax and cross-entropy in one.
#ifndef SQWA_NN_LOSS_HPP
#define SQWA_NN_LOSS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/math.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
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

}  // namespace detail

/// What a loss says of a batch.
struct batch_score {
  double loss = 0;          // mean over the batch
  std::size_t correct = 0;  // samples whose largest output is that of their label
};

/// The mean over the batch of log(sum(exp(x))) - x[label], where row after row of `outputs` holds one x for each class.
///
/// `gradient` receives the gradient of that mean in `outputs`; when empty, it is not computed. Of equal largest outputs
/// the first counts. Bits do not depend on the C library. NaN or +infinity in a row: the loss is NaN.
/// Memory: none. Time: two exponentials for each output.
/// @pre at least one label; outputs.size() == labels.size() * classes; gradient.size() is that or 0
/// @pre every label < classes
template <real T, std::integral Label>
batch_score softmax_cross_entropy(std::span<T const> outputs, std::span<Label const> labels, std::size_t classes,
                                  std::span<T> gradient = {}) {
  std::size_t const n = labels.size();
  expects(n > 0 && outputs.size() == n * classes && (gradient.empty() || gradient.size() == outputs.size()),
          "softmax_cross_entropy: {} outputs and {} gradients for {} labels of {} classes", outputs.size(),
          gradient.size(), n, classes);
  batch_score result;
  for (std::size_t s = 0; s != n; ++s) {
    auto const label = static_cast<std::size_t>(labels[s]);
    expects(label < classes, "softmax_cross_entropy: label {} of sample {} is not below {} classes", label, s, classes);
    auto const x = outputs.subspan(s * classes, classes);
    T largest = x[0];
    std::size_t nans = 0;
    for (T v : x) {
      largest = std::max(largest, v);
      nans += v != v;
    }
    double sum = 0;
    for (T v : x) sum += sqwa::detail::exp(static_cast<double>(v - largest));
    result.loss += detail::log(sum) - static_cast<double>(x[label] - largest);
    auto const first = static_cast<std::size_t>(std::ranges::find(x, largest) - x.begin());
    result.correct += nans == 0 && first == label;
    if (gradient.empty()) continue;
    for (std::size_t c = 0; c != classes; ++c) {
      double const probability = sqwa::detail::exp(static_cast<double>(x[c] - largest)) / sum;
      gradient[s * classes + c] = static_cast<T>((probability - (c == label ? 1.0 : 0.0)) / static_cast<double>(n));
    }
  }
  result.loss /= static_cast<double>(n);
  return result;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
