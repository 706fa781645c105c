// SPDX-License-Identifier: BSD-3-Clause
// A learner whose loss is a known quadratic of its weights: every node's loss can be told in advance.
#ifndef SQWA_TESTS_SURFACE_KNOWN_LEARNER_HPP
#define SQWA_TESTS_SURFACE_KNOWN_LEARNER_HPP

#include <sqwa/method/learner.hpp>
#include <sqwa/nn/layer.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace test {

/// Loss: the sum of squares of two weight tensors of 2 x 3 and 1 x 4, and a bias, plus what the statistic says.
struct known_learner {
  std::vector<double> first = {1, -1, 0.5, 0.25, -0.75, 1}, second = {0.5, 1, -1, 0.125}, bias = {0.5}, mean = {3};
  inline static std::atomic<int> evaluations = 0;
  inline static std::atomic<int> fail_at = -1;

  auto parameters() { return std::array{named("first", {2, 3}, first), named("second", {1, 4}, second)}; }
  auto float_parameters() { return std::array{named("bias", {1}, bias)}; }
  auto statistics() { return std::array{named("mean", {1}, mean)}; }
  static sqwa::nn::parameter<double> named(char const* name, sqwa::shape const& extents, std::vector<double>& values) {
    return {name, extents, values, {}, sqwa::nn::role::weight};
  }
  void refresh_statistics() { mean[0] = first[0] + bias[0]; }
  double backward() { return 0; }
  void update(float) {}
  [[nodiscard]] double squares() const {
    double sum = 0;
    for (auto const* t : {&first, &second, &bias}) {
      for (double v : *t) sum += v * v;
    }
    return sum;
  }
  std::array<sqwa::score, 2> evaluate() {
    if (evaluations++ == fail_at) throw std::runtime_error("the data ran out");
    return {sqwa::score{"train", squares() + 100 * mean[0], first[0]}, sqwa::score{"test", squares(), second[1]}};
  }
};

/// One that cannot be copied.
struct only_learner : known_learner {
  only_learner() = default;
  only_learner(only_learner const&) = delete;
  only_learner& operator=(only_learner const&) = delete;
};

/// One whose copies share the weights.
struct shallow_learner {
  known_learner* self;
  auto parameters() { return self->parameters(); }
  auto float_parameters() { return self->float_parameters(); }
  auto statistics() { return self->statistics(); }
  double backward() { return 0; }
  void update(float) {}
  auto evaluate() { return self->evaluate(); }
};

}  // namespace test

#endif
