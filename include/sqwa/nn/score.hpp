// SPDX-License-Identifier: BSD-3-Clause
// How well a model does on one set of samples.
#ifndef SQWA_NN_SCORE_HPP
#define SQWA_NN_SCORE_HPP

#include <sqwa/core/config.hpp>

#include <string>

namespace sqwa::inline SQWA_ABI {

/// Mean loss and accuracy of a model on one part of the data.
struct score {
  std::string split;    ///< "train", "test", whatever its owner called it
  double loss = 0;      ///< mean over the samples
  double accuracy = 0;  ///< percent

  bool operator==(score const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
