// SPDX-License-Identifier: BSD-3-Clause
// How well a model does on a set of samples.
#ifndef SQWA_NN_SCORE_HPP
#define SQWA_NN_SCORE_HPP

#include <sqwa/core/config.hpp>

#include <stdexcept>
#include <string>

namespace sqwa::inline SQWA_ABI {

/// The result of one evaluation.
struct score {
  std::string split;    ///< which samples: "train", "test", …
  double loss = 0;      ///< mean over the samples
  double accuracy = 0;  ///< percent of the samples
};

/// Training cannot go on: a loss was not finite. The sentence names the step.
struct training_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
