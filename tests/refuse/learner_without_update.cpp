// expect: learner<|'learner'
// needs: io
// SPDX-License-Identifier: BSD-3-Clause
// What cannot make an optimizer step cannot be trained by the method.
#include <sqwa/method/learner.hpp>

#include <vector>

struct forgetful {
  std::vector<std::vector<float>>& parameters() { return weights; }
  float backward() { return 0; }
#ifdef SQWA_ACCEPT
  void update(float) {}
#endif
  std::vector<std::vector<float>> weights;
};

void train(sqwa::learner auto&) {}
void start(forgetful& f) { train(f); }
