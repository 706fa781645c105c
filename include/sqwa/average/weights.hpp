// SPDX-License-Identifier: BSD-3-Clause
// How far each snapshot moves a running mean: functions of how many came before it.
#ifndef SQWA_AVERAGE_WEIGHTS_HPP
#define SQWA_AVERAGE_WEIGHTS_HPP

#include <sqwa/core/math.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <algorithm>

namespace sqwa::inline SQWA_ABI {

// Any schedule will do as a weight. Those that stand here compute in double and are 1 for snapshot 0.

/// The weight 1 / (n + 1) of snapshot n: the arithmetic mean.
struct uniform {
  constexpr double operator()(step_index n) const noexcept { return 1.0 / static_cast<double>(n + 1); }
  bool operator==(uniform const&) const = default;
};

/// The first snapshot is copied, each later one moves the mean by 1 - decay: an exponential moving average.
///
/// With `warm_up` > 1 the decay of snapshot n is min(decay, (1 + n) / (warm_up + n)), so that a long memory begins
/// short; the rule of TensorFlow and timm is that with 10. 0: no warm-up. A decay of 0 keeps the last snapshot,
/// one of 1 the first.
///
/// `averager` copies its first snapshot anyway, so that `constant{1 - decay}` gives the same mean without warm-up.
struct exponential_weight {
  double decay = 0.999;
  double warm_up = 0;

  constexpr double operator()(step_index n) const noexcept {
    if (n <= 0) return 1;
    auto const m = static_cast<double>(n);
    return 1 - (warm_up > 1 ? std::min(decay, (1 + m) / (warm_up + m)) : decay);
  }
  bool operator==(exponential_weight const&) const = default;
};

/// An exponential moving average that begins at zero and is divided by 1 - decay^n, n being the snapshots seen.
///
/// That quotient is itself a running mean, with the weight (1 - decay) / (1 - decay^(n + 1)) for snapshot n: so nothing
/// is divided when it is read, and early snapshots count no more than their share, unlike a copied first one.
/// D. Kingma, J. Ba, "Adam", ICLR 2015, section 3. A decay of 1 gives the arithmetic mean, its limit.
struct debiased_exponential_weight {
  double decay = 0.999;

  constexpr double operator()(step_index n) const noexcept {
    if (n <= 0) return 1;
    return decay == 1 ? uniform{}(n) : (1 - decay) / (1 - detail::power(decay, n + 1));
  }
  bool operator==(debiased_exponential_weight const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
