// SPDX-License-Identifier: BSD-3-Clause
// A model on the numbers that tests/golden/models.py gives to torch.
#ifndef SQWA_TESTS_SUPPORT_MODEL_CHECK_HPP
#define SQWA_TESTS_SUPPORT_MODEL_CHECK_HPP

#include <sqwa/nn/layer.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace test {

/// Number i of tensor k, in [-1, 1].
inline double spread(std::size_t i, std::size_t k) { return static_cast<double>((i * 613 + k * 97) % 1009) / 504 - 1; }

inline std::vector<double> spreads(std::size_t n, std::size_t k) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = spread(i, k);
  return x;
}

/// One training pass of two images: the outputs, and the sums of the absolute gradients of each weight and the input.
template <class Model>
void check_model(Model model, sqwa::shape const& input, std::span<double const> outputs,
                 std::span<double const> gradients) {
  CHECK(2 * model.build(input, {}).size() == outputs.size());
  model.reserve(2);
  std::size_t k = 0;
  model.visit([&](sqwa::nn::parameter<double> const& p) {
    if (p.kind == sqwa::nn::role::statistic) return;
    double const fan_in = static_cast<double>(p.value.size()) / static_cast<double>(p.extents[0]);
    for (std::size_t i = 0; i != p.value.size(); ++i) {
      double const u = spread(i, k);
      p.value[i] = p.kind == sqwa::nn::role::weight ? u * std::sqrt(6 / fan_in) : p.name == "scale" ? 1 + u / 2 : u / 5;
    }
    ++k;
  });
  auto const x = spreads(2 * input.size(), 0), dy = spreads(outputs.size(), 1);
  std::vector<double> y(outputs.size()), dx(x.size());
  model.forward(std::span<double const>(x), std::span(y), 2, sqwa::nn::pass::train, sqwa::backend<>{});
  model.backward(std::span<double const>(x), std::span<double const>(dy), std::span(dx), 2, sqwa::backend<>{});
  for (std::size_t i = 0; i != y.size(); ++i) CHECK(y[i] == doctest::Approx(outputs[i]).epsilon(1e-9).scale(1));

  auto const total = [](std::span<double const> all) {
    double sum = 0;
    for (double v : all) sum += std::abs(v);
    return sum;
  };
  std::size_t next = 0;
  model.visit([&](sqwa::nn::parameter<double> const& p) {
    if (p.kind != sqwa::nn::role::weight) return;
    CHECK(next + 1 < gradients.size());
    if (next + 1 < gradients.size()) CHECK(total(p.gradient) == doctest::Approx(gradients[next++]).epsilon(1e-7));
  });
  CHECK(next + 1 == gradients.size());
  CHECK(total(dx) == doctest::Approx(gradients.back()).epsilon(1e-7));
}

/// How many numbers of a built model are trained.
template <class Model>
std::size_t trained_numbers(Model& model) {
  std::size_t n = 0;
  for (auto const& p : model.parameters()) n += p.gradient.size();
  return n;
}

}  // namespace test

#endif
