// SPDX-License-Identifier: BSD-3-Clause
// Optimizers against torch, and against themselves after a save and a load.
#ifndef SQWA_TESTS_SUPPORT_OPTIMIZER_CHECK_HPP
#define SQWA_TESTS_SUPPORT_OPTIMIZER_CHECK_HPP

#include <sqwa/nn/layer.hpp>

#include <doctest/doctest.h>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace test {

/// Three weights and a bias, between them a statistic that no optimizer may move.
struct four_parameters {
  std::array<double, 3> weight{1, -0.5, 0.25}, weight_gradient{};
  std::array<double, 1> bias{0.5}, bias_gradient{}, statistic{7};

  template <class F>
  void visit(F&& f) {
    using sqwa::nn::parameter;
    f(parameter<double>{"weight", {3}, weight, weight_gradient, sqwa::nn::role::weight});
    f(parameter<double>{"statistic", {1}, statistic, {}, sqwa::nn::role::statistic});
    f(parameter<double>{"bias", {1}, bias, bias_gradient, sqwa::nn::role::bias});
  }

  /// The gradients at step i, which depend on where the parameters are.
  void pull(int i) {
    double const slopes[3] = {0.5, -0.25 * i, 1};
    for (std::size_t k = 0; k != 3; ++k) weight_gradient[k] = slopes[k] * (weight[k] + 0.5 * i);
    bias_gradient[0] = 0.75 * (bias[0] - 0.25 * i);
  }
  bool operator==(four_parameters const&) const = default;
};

/// Compares the weights and the bias after each step with what torch says, at the rates 1/8, 1/16, 1/24, 1/32.
template <class Optimizer>
void torch_steps(Optimizer optimizer, std::vector<std::array<double, 4>> const& expected) {
  four_parameters m;
  for (std::size_t i = 0; i != expected.size(); ++i) {
    m.pull(static_cast<int>(i));
    optimizer.step(m, 0.125 / static_cast<double>(i + 1));
    for (std::size_t k = 0; k != 3; ++k) CHECK(m.weight[k] == doctest::Approx(expected[i][k]).epsilon(1e-13));
    CHECK(m.bias[0] == doctest::Approx(expected[i][3]).epsilon(1e-13));
    CHECK(m.statistic[0] == 7);
  }
}

/// All that an optimizer shows of its state: names with sizes, and the numbers.
struct optimizer_state {
  std::string names;
  std::vector<double> arrays;
  std::vector<std::int64_t> counters;

  template <class Optimizer>
  explicit optimizer_state(Optimizer const& from) {
    from.visit_state([&](char const* name, auto const& part) {
      if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>) {
        names += std::string(name) + " ";
        counters.push_back(part);
      } else {
        names += std::string(name) + "[" + std::to_string(part.size()) + "] ";
        arrays.insert(arrays.end(), part.begin(), part.end());
      }
    });
  }

  template <class Optimizer>
  void put(Optimizer& to) const {
    auto array = arrays.begin();
    auto counter = counters.begin();
    to.visit_state([&](char const*, auto&& part) {
      if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>) {
        part = *counter++;
      } else {
        for (double& v : part) v = *array++;
      }
    });
  }
};

/// An optimizer that is given the state of another one continues as that does.
template <class Make>
void check_state(Make make, std::string const& names) {
  auto first = make(), second = make();
  four_parameters a;
  auto const run = [](auto& optimizer, four_parameters& m, int begin, int end) {
    for (int i = begin; i != end; ++i) {
      m.pull(i);
      optimizer.step(m, 0.125);
    }
  };
  run(first, a, 0, 3);
  auto b = a, without = a;
  second.reserve(b);
  optimizer_state const state(first);
  CHECK(state.names == names);
  state.put(second);
  CHECK(optimizer_state(second).arrays == state.arrays);
  run(first, a, 3, 6);
  run(second, b, 3, 6);
  CHECK(a == b);
  auto fresh = make();
  run(fresh, without, 3, 6);
  CHECK(!(without == a));

  second.reset();
  auto again = a;
  run(second, a, 0, 3);
  fresh = make();
  run(fresh, again, 0, 3);
  CHECK(a == again);
}

}  // namespace test

#endif
