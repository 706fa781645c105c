// SPDX-License-Identifier: BSD-3-Clause
// A trainer of your own: three members, and sqwa::run takes it through the five phases. Logistic regression by hand.
//
// Prints:
//   float: 98.1 %
//   direct: 92.5 %
//   latent: 91.9 %
//   last_capture: 91.2 %
//   average: 94.8 %
//   requantized: 93.0 %
//   sqwa: 92.7 %
#include <sqwa/core/normal.hpp>
#include <sqwa/method/run.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace {

constexpr std::size_t inputs = 64, batch = 32;

/// Two clouds of points: the label says on which side of a plane the point lies.
struct point {
  std::vector<float> x;
  float label = 0;
};
point point_at(std::size_t n) {
  point p{std::vector<float>(inputs)};
  double side = 0;
  for (std::size_t i = 0; i != inputs; ++i) {
    p.x[i] = static_cast<float>(sqwa::normal({.seed = 2, .step = static_cast<std::uint32_t>(n)}, i));
    side += sqwa::normal({.seed = 3}, i) * static_cast<double>(p.x[i]);
  }
  p.label = side > 0 ? 1.0F : 0.0F;
  return p;
}

class logistic_regression {
 public:
  std::span<std::vector<float>> parameters() { return {&weights_, 1}; }  // what becomes low-bit

  double backward() {  // the next batch: gradients at the weights as they now stand, and the loss
    double loss = 0;
    gradient_.assign(inputs, 0);
    for (std::size_t k = 0; k != batch; ++k) {
      point const p = point_at(next_++ % 4'096);
      float const y = output(p.x);
      loss -= std::log(static_cast<double>(p.label > 0.5F ? y : 1 - y) + 1e-9) / batch;
      for (std::size_t i = 0; i != inputs; ++i) gradient_[i] += (y - p.label) * p.x[i] / batch;
    }
    return loss;
  }

  void update(float rate) {  // one step of the optimizer
    for (std::size_t i = 0; i != inputs; ++i) weights_[i] -= rate * gradient_[i];
  }

  sqwa::score evaluate() const {  // optional: fills the table
    sqwa::score s{.split = "test"};
    for (std::size_t n = 10'000; n != 11'000; ++n) {
      point const p = point_at(n);
      float const y = output(p.x);
      s.loss -= std::log(static_cast<double>(p.label > 0.5F ? y : 1 - y) + 1e-9) / 1'000;
      s.accuracy += (y > 0.5F) == (p.label > 0.5F) ? 0.1 : 0.0;
    }
    return s;
  }

 private:
  float output(std::vector<float> const& x) const {
    float z = 0;
    for (std::size_t i = 0; i != inputs; ++i) z += weights_[i] * x[i];
    return 1 / (1 + std::exp(-z));
  }

  std::vector<float> weights_ = std::vector<float>(inputs), gradient_;
  std::size_t next_ = 0;
};
static_assert(sqwa::learner<logistic_regression>);

}  // namespace

int main() {
  logistic_regression learner;
  sqwa::recipe const recipe{
      .format = sqwa::symmetric<7>{},  // three bits
      .train = {.rate = sqwa::cosine{.hi = 0.5F, .lo = 0, .length = 500}},
      .retrain = {.rate = sqwa::cyclic{sqwa::cosine{.hi = 0.2F, .lo = 0.01F, .length = 49}, 50}, .steps = 500},
      .capture = sqwa::at_trough{.last = 7},
      .fine_tune = {.rate = sqwa::cosine{.hi = 0.1F, .lo = 0, .length = 250}}};
  sqwa::report const report = sqwa::run(recipe, learner);
  for (auto const& row : report.rows) std::printf("%s: %.1f %%\n", row.model.c_str(), row.scores[0].accuracy);
}
