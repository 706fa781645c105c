// SPDX-License-Identifier: BSD-3-Clause
// A layer against central finite differences.
#ifndef SQWA_TESTS_SUPPORT_GRADIENT_CHECK_HPP
#define SQWA_TESTS_SUPPORT_GRADIENT_CHECK_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/nn/layer.hpp>
#ifdef SQWA_TEST_XSIMD
#include <sqwa/kernels/fused.hpp>
#include <sqwa/kernels/xsimd.hpp>
#endif

#include "support/thorough.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace test {

/// `n` numbers in [-1, 1).
template <class T = double>
std::vector<T> uniform(std::size_t n, std::uint64_t seed) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 2 * static_cast<T>(sqwa::noise{.seed = seed}(i)) - 1;
  return x;
}

/// Compares the gradients of `layer`, at random inputs and parameters, with the slope of sum(w * y) for random w: one
/// by one, where tests are not thorough some of each tensor, and all of them together along random directions.
///
/// Each forward pass gets its own copy of the layer, so that a layer which keeps something between passes cannot hide
/// it.
template <class Layer, class Backend = sqwa::backend<>>
void check_gradients(Layer layer, sqwa::shape const& input, std::size_t batch, Backend where = {}) {
  sqwa::shape const output = layer.build(input, sqwa::noise{.seed = 7});
  layer.reserve(batch);
  auto x = uniform(batch * input.size(), 1);
  auto const w = uniform(batch * output.size(), 2);
  std::uint64_t seed = 10;
  layer.visit([&](sqwa::nn::parameter<double> const& p) {  // zero biases would hide mistakes
    if (p.kind != sqwa::nn::role::statistic) std::ranges::copy(uniform(p.value.size(), ++seed), p.value.begin());
  });

  auto const loss = [&](Layer l) {
    std::vector<double> y(w.size());
    l.forward(std::span<double const>(x), std::span(y), batch, sqwa::nn::pass::train, where);
    double sum = 0;
    for (std::size_t i = 0; i != y.size(); ++i) sum += w[i] * y[i];
    return sum;
  };
  double const h = 1e-5;
  // Of the loss, while `move(by)` takes what is looked at so far away from where it is.
  auto const slope = [&](auto move) {
    move(h);
    double const up = loss(layer);
    move(-h);
    double const down = loss(layer);
    move(0);
    return (up - down) / (2 * h);
  };

  struct tensor {
    std::string name;
    std::span<double> value;
    std::vector<double> gradient, kept;
  };
  std::vector<tensor> tensors{{"input", x, std::vector<double>(x.size(), 99.0), x}};
  layer.visit([&](sqwa::nn::parameter<double> const& p) {
    if (!p.gradient.empty()) tensors.push_back({p.name, p.value, {}, {p.value.begin(), p.value.end()}});
  });
  std::vector<double> y(w.size());
  Layer trained = layer;
  trained.visit([](sqwa::nn::parameter<double> const& p) { std::ranges::fill(p.gradient, 99.0); });  // overwritten
  trained.forward(std::span<double const>(x), std::span(y), batch, sqwa::nn::pass::train, where);
  trained.backward(std::span<double const>(x), std::span<double const>(w), std::span(tensors[0].gradient), batch,
                   where);
  std::size_t next = 0;
  trained.visit([&](sqwa::nn::parameter<double> const& p) {
    if (!p.gradient.empty()) tensors[++next].gradient.assign(p.gradient.begin(), p.gradient.end());
  });

  for (tensor const& t : tensors) {
    std::size_t const step = thorough ? 1 : t.value.size() / 24 + 1;
    for (std::size_t i = 0; i < t.value.size(); i += step) {
      INFO(t.name, " ", i);
      auto const move = [&](double by) { t.value[i] = t.kept[i] + by; };
      CHECK(t.gradient[i] == doctest::Approx(slope(move)).epsilon(1e-6).scale(1.0));
    }
  }
  for (std::uint64_t direction = 100; direction != 104; ++direction) {
    INFO("direction ", direction);
    auto const along = [&](std::size_t k) { return uniform(tensors[k].value.size(), direction + 1000 * k); };
    double expected = 0;
    for (std::size_t k = 0; k != tensors.size(); ++k) {
      auto const d = along(k);
      for (std::size_t i = 0; i != d.size(); ++i) expected += d[i] * tensors[k].gradient[i];
    }
    auto const move = [&](double by) {
      for (std::size_t k = 0; k != tensors.size(); ++k) {
        auto const d = along(k);
        for (std::size_t i = 0; i != d.size(); ++i) tensors[k].value[i] = tensors[k].kept[i] + by * d[i];
      }
    };
    CHECK(expected == doctest::Approx(slope(move)).epsilon(1e-6).scale(1.0));
  }

  // Without dx the gradients of the parameters are the same.
  Layer first = layer;
  first.forward(std::span<double const>(x), std::span(y), batch, sqwa::nn::pass::train, where);
  first.backward(std::span<double const>(x), std::span<double const>(w), std::span<double>(), batch, where);
  next = 0;
  first.visit([&](sqwa::nn::parameter<double> const& p) {
    if (!p.gradient.empty()) CHECK(std::ranges::equal(p.gradient, tensors[++next].gradient));
  });
}

/// The same on every kernel set there is.
template <class Layer>
void check_gradients_everywhere(Layer const& layer, sqwa::shape const& input, std::size_t batch) {
  check_gradients(layer, input, batch);
#ifdef SQWA_TEST_XSIMD
  check_gradients(layer, input, batch, sqwa::backend<sqwa::xsimd_kernels<>>{});
  check_gradients(layer, input, batch, sqwa::backend<sqwa::fused_kernels<>>{});
#endif
}

/// Output, gradients and dx of one training pass, one after the other: what must be equal on every backend.
template <class Layer, class Backend>
auto training_pass(Layer layer, sqwa::shape const& input, std::size_t batch, Backend where) {
  using T = typename Layer::scalar;
  sqwa::shape const output = layer.build(input, sqwa::noise{.seed = 7});
  layer.reserve(batch);
  auto const x = uniform<T>(batch * input.size(), 1);
  auto const w = uniform<T>(batch * output.size(), 2);
  std::vector<T> all(w.size()), dx(x.size());
  layer.forward(std::span<T const>(x), std::span(all), batch, sqwa::nn::pass::train, where);
  layer.backward(std::span<T const>(x), std::span<T const>(w), std::span(dx), batch, where);
  all.insert(all.end(), dx.begin(), dx.end());
  layer.visit([&](sqwa::nn::parameter<T> const& p) {
    all.insert(all.end(), p.value.begin(), p.value.end());
    all.insert(all.end(), p.gradient.begin(), p.gradient.end());
  });
  return all;
}

}  // namespace test

#endif
