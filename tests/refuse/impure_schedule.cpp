// expect: schedule<|'schedule'
// SPDX-License-Identifier: BSD-3-Clause
// A schedule that counts its own calls is not a function of the step.
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/schedule/steps.hpp>

struct counter {
  int calls = 0;
#ifdef SQWA_ACCEPT
  float operator()(sqwa::step_index t) const { return static_cast<float>(calls + t); }
#else
  float operator()(sqwa::step_index) { return static_cast<float>(calls++); }
#endif
};

sqwa::steps<counter> numbers(counter{});
