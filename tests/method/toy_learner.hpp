// SPDX-License-Identifier: BSD-3-Clause
// A learner small enough to follow by hand: least squares with two weight tensors and one float tensor.
#ifndef SQWA_TESTS_METHOD_TOY_LEARNER_HPP
#define SQWA_TESTS_METHOD_TOY_LEARNER_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/method/learner.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

namespace test {

/// Loss: half the squared distance of all parameters to a target, plus a little noise in the gradient at each step.
struct toy_learner {
  std::vector<double> first = start(40, 1);
  std::vector<double> second = start(7, 2);
  std::vector<double> bias = {0.25, -0.5};
  std::vector<double> mean = {0.0};  // a statistic: what refresh_statistics last saw
  std::vector<double> g_first = std::vector<double>(40);
  std::vector<double> g_second = std::vector<double>(7);
  std::vector<double> g_bias = std::vector<double>(2);
  std::vector<double> seen;  // `first` at the last backward
  int backwards = 0;
  int updates = 0;
  int resets = 0;
  int fail_at = -1;     // the backward that throws
  int diverge_at = -1;  // the backward whose loss is NaN

  static std::vector<double> start(std::size_t n, std::uint64_t seed) {
    std::vector<double> v(n);
    for (std::size_t i = 0; i != n; ++i) v[i] = 2 * static_cast<double>(sqwa::noise{seed}(i)) - 1;
    return v;
  }

  auto parameters() { return std::array{std::span(first), std::span(second)}; }
  auto gradients() { return std::array{std::span(g_first), std::span(g_second)}; }
  auto float_parameters() { return std::array{std::span(bias)}; }
  auto statistics() { return std::array{std::span(mean)}; }
  void reset_optimizer() { ++resets; }
  void refresh_statistics() { mean[0] = first[0]; }

  double backward() {
    if (backwards == fail_at) throw std::runtime_error("the data ran out");
    seen = first;
    double loss = 0;
    auto const one = [&](std::vector<double> const& w, std::vector<double>& g, std::uint32_t tensor) {
      for (std::size_t i = 0; i != w.size(); ++i) {
        double const away = w[i] - std::sin(static_cast<double>(i) + tensor);
        double const jitter =
            static_cast<double>(sqwa::noise{9, tensor, static_cast<std::uint64_t>(backwards)}(i)) - 0.5;
        g[i] = away + jitter;
        loss += 0.5 * away * away;
      }
    };
    one(first, g_first, 0);
    one(second, g_second, 1);
    one(bias, g_bias, 2);
    return backwards++ == diverge_at ? std::numeric_limits<double>::quiet_NaN() : loss;
  }

  void update(float rate) {
    auto const one = [&](std::vector<double>& w, std::vector<double> const& g) {
      for (std::size_t i = 0; i != w.size(); ++i) w[i] -= static_cast<double>(rate) * g[i];
    };
    one(first, g_first);
    one(second, g_second);
    one(bias, g_bias);
    ++updates;
  }

  std::vector<std::byte> save() const {
    sqwa::byte_writer out;
    for (auto const* v : {&first, &second, &bias, &mean}) out.put_all(std::span<double const>(*v));
    out.put(backwards);
    return std::move(out.bytes);
  }
  void load(std::span<std::byte const> state) {
    sqwa::byte_reader in(state, "toy_learner::load");
    toy_learner loaded = *this;
    for (auto* v : {&loaded.first, &loaded.second, &loaded.bias, &loaded.mean}) {
      auto const saved = in.all<double>();
      sqwa::expects(saved.size() == v->size(), "toy_learner::load: {} numbers, not {}", saved.size(), v->size());
      std::ranges::copy(saved, v->begin());  // low-bit weights refer to this memory
    }
    loaded.backwards = in.get<int>();
    in.end();
    std::ranges::copy(loaded.first, first.begin());
    std::ranges::copy(loaded.second, second.begin());
    std::ranges::copy(loaded.bias, bias.begin());
    std::ranges::copy(loaded.mean, mean.begin());
    backwards = loaded.backwards;
  }

  std::vector<sqwa::score> evaluate() {
    double loss = 0;
    for (std::size_t i = 0; i != first.size(); ++i) loss += std::abs(first[i] - std::sin(static_cast<double>(i)));
    return {{"train", loss, 0}};
  }
};

static_assert(sqwa::learner<toy_learner>);

}  // namespace test

#endif
