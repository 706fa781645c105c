// SPDX-License-Identifier: BSD-3-Clause
// How a run that cannot go on is told.
#ifndef SQWA_NN_TRAINING_ERROR_HPP
#define SQWA_NN_TRAINING_ERROR_HPP

#include <sqwa/core/config.hpp>

#include <stdexcept>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// Training cannot go on: a loss was not finite. The sentence names the step.
struct training_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
