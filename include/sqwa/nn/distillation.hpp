// SPDX-License-Identifier: BSD-3-Clause
// The objective of a student: the labels, and what a trained teacher says of the same samples.
#ifndef SQWA_NN_DISTILLATION_HPP
#define SQWA_NN_DISTILLATION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/loss.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct distillation_options {
  float weight = 0.9F;    ///< a, the teacher's share of the loss, from 0 to 1
  float temperature = 4;  ///< T, above 0: the higher, the more the teacher's small probabilities count
};

namespace detail {

inline void check_distillation(char const* who, distillation_options const& how) {
  using limits = std::numeric_limits<float>;
  expects(how.weight >= 0 && how.weight <= 1, "{}: a teacher's weight of {} is not from 0 to 1", who, how.weight);
  expects(how.temperature >= limits::min() && how.temperature <= limits::max(), "{}: a temperature of {}", who,
          how.temperature);
}

}  // namespace detail

/// The mean over the batch of (1 - a) H + a T^2 KL(q || p): H is `softmax_cross_entropy` with the labels, q the softmax
/// of the teacher's outputs over T, p that of the student's.
///
/// G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", arXiv 1503.02531, section 2, with
/// the divergence in place of the cross-entropy of the soft targets: it has the same gradient, and is 0 where the
/// student agrees. `gradient` receives (1 - a) dH + a T (p - q) / samples, the gradient in `outputs`; the factor T^2
/// keeps its size whatever the temperature. Bits do not depend on the C library. NaN or +infinity in a row of either:
/// the loss is NaN; -infinity in the student's where the teacher has none: infinity; each if that part has weight.
/// Memory: 3 KiB of stack. Time: three times that of `softmax_cross_entropy`.
/// @pre as for `softmax_cross_entropy`; as many outputs of the teacher as of the student
/// @pre 0 <= how.weight <= 1; how.temperature is finite and at least 2^-126
template <real T, std::integral Label>
batch_score distillation_loss(std::span<T const> outputs, std::span<T const> teacher, std::span<Label const> labels,
                              std::size_t classes, distillation_options const& how, std::span<T> gradient = {},
                              double smoothing = 0) {
  constexpr char const* who = "distillation_loss";
  detail::check_distillation(who, how);
  expects(teacher.size() == outputs.size(), "{}: {} outputs of the teacher, {} of the student", who, teacher.size(),
          outputs.size());
  batch_score result = softmax_cross_entropy(outputs, labels, classes, gradient, smoothing);
  auto const share = static_cast<double>(how.weight), temperature = static_cast<double>(how.temperature);
  auto const samples = static_cast<double>(labels.size());
  double divergence = 0;
  for (std::size_t first = 0; first != outputs.size(); first += classes) {
    detail::softmax_row<T> const student(outputs.subspan(first, classes), temperature);
    detail::softmax_row<T> const soft(teacher.subspan(first, classes), temperature);
    for (std::size_t c = 0; c != classes; ++c) {
      double const q = soft.probability(c);
      if (q != 0) divergence += q * (student.surprise(c) - soft.surprise(c));  // 0 log 0 is 0
      if (gradient.empty()) continue;
      double const pull = temperature * (student.probability(c) - q) / samples;
      T& g = gradient[first + c];
      g = static_cast<T>((1 - share) * static_cast<double>(g) + share * pull);
    }
  }
  double loss = 0;  // a part without weight does not count, infinite or not
  if (share != 1) loss += (1 - share) * result.loss;
  if (share != 0) loss += share * temperature * temperature * divergence / samples;
  result.loss = loss;
  return result;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
