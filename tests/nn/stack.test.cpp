// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/padding_shortcut.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/residual.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/stack.hpp>
#include "support/every_backend.hpp"
#include "support/gradient_check.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <concepts>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

template <class T>
using plain = nn::stack<nn::conv2d<T>, nn::batch_norm<T>, nn::relu<T>, nn::max_pool<T>, nn::flatten<T>, nn::dense<T>>;
template <class T>
using model = nn::stack<nn::conv2d<T>, nn::relu<T>, nn::flatten<T>, nn::dense<T>,
                        nn::residual<plain<T>, nn::padding_shortcut<T>>>;

template <class T>
plain<T> body() {
  return plain<T>{nn::conv2d<T>{4, {.stride = 2, .padding = 1, .bias = false}}, nn::batch_norm<T>{}, nn::relu<T>{},
                  nn::conv2d<T>{4, {.padding = 1}}};
}

template <class T>
model<T> network() {
  return model<T>{nn::conv2d<T>{2, {.padding = 1}},
                  nn::relu<T>{},
                  nn::residual{body<T>(), nn::padding_shortcut<T>{4, 2}},
                  nn::relu<T>{},
                  nn::flatten<T>{},
                  nn::dense<T>{3}};
}

/// The same layers, known at compile time.
template <class T>
auto same_network() {
  return nn::sequential{
      nn::conv2d<T>{2, {.padding = 1}},
      nn::relu<T>{},
      nn::residual{nn::sequential{nn::conv2d<T>{4, {.stride = 2, .padding = 1, .bias = false}}, nn::batch_norm<T>{},
                                  nn::relu<T>{}, nn::conv2d<T>{4, {.padding = 1}}},
                   nn::padding_shortcut<T>{4, 2}},
      nn::relu<T>{},
      nn::flatten<T>{},
      nn::dense<T>{3}};
}

static_assert(nn::layer<model<float>> && nn::layer<model<double>>);
static_assert(plain<float>::holds<nn::relu<float>> && !plain<float>::holds<nn::relu<double>>);
static_assert(std::constructible_from<plain<float>, nn::relu<float>, nn::dense<float>>);
static_assert(!std::constructible_from<plain<float>, nn::relu<double>> && !std::constructible_from<plain<float>, int>);

}  // namespace

TEST_CASE("stack: gradients agree with finite differences through the whole network") {
  test::check_gradients_everywhere(network<double>(), {5, 4, 2}, 3);
  test::check_gradients(plain<double>{nn::relu<double>{}}, {4}, 2);
}

TEST_CASE("stack: names and bits are those of a sequential of the same layers") {
  auto chosen = network<float>();
  auto known = same_network<float>();
  CHECK(chosen.build({8, 7, 3}, {.seed = 1}) == known.build({8, 7, 3}, {.seed = 1}));
  auto const ours = chosen.parameters(), theirs = known.parameters();
  CHECK(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CHECK(ours[i].name == theirs[i].name);
    CHECK(ours[i].extents == theirs[i].extents);
  }
  auto const expected = test::training_pass(known, {8, 7, 3}, 33, sqwa::backend<>{});
  CHECK(test::training_pass(chosen, {8, 7, 3}, 33, sqwa::backend<>{}) == expected);
  test::every_backend([&](auto where) { CHECK(test::training_pass(chosen, {8, 7, 3}, 33, where) == expected); });
}

TEST_CASE("stack: as many layers as a number says, each with weights of its own") {
  using deep = nn::stack<nn::dense<float>, nn::relu<float>>;
  deep d;
  for (int i = 0; i != 150; ++i) d.add(nn::dense<float>{2});  // more than 63, where part numbers begin anew
  CHECK(d.size() == 150);
  CHECK(d.build({2}, {.seed = 1}) == sqwa::shape{2});
  std::set<float> first;
  for (auto const& p : d.parameters()) {
    if (p.kind == nn::role::weight) first.insert(p.value[0]);
  }
  CHECK(first.size() == 150);
  CHECK(d.parameters().back().name == "dense_150.bias");
}

TEST_CASE("stack: visit_layers reaches every layer, those inside of blocks too") {
  auto m = network<float>();
  std::string names;
  m.visit_layers([&](auto& l) { names += std::string(l.name) + " "; });
  CHECK(names == "conv2d relu conv2d batch_norm relu conv2d padding_shortcut relu flatten dense ");
}

TEST_CASE("stack: a copy is a model of its own") {
  auto a = network<float>();
  a.build({4, 4, 1}, {.seed = 1});
  auto b = a;
  float const kept = a.parameters()[0].value[0];
  b.parameters()[0].value[0] = kept + 1;
  CHECK(a.parameters()[0].value[0] == kept);
}

TEST_CASE("stack: what is not built, or not reserved for, is refused") {
  plain<float> s;
  CHECK(test::refuses([&] { s.build({4}, {}); }, "stack: no layers"));
  CHECK(test::refuses([&] { s.reserve(1); }, "stack: reserve before build"));
  s.add(nn::dense<float>{2}).build({4}, {});
  s.reserve(2);
  std::vector<float> const x(12);
  std::vector<float> y(6);
  auto const run = [&](std::size_t batch) {
    s.forward(std::span<float const>(x).first(4 * batch), std::span(y).first(2 * batch), batch, nn::pass::infer,
              sqwa::backend<>{});
  };
  run(2);
  CHECK(test::refuses([&] { run(3); }, "a batch of 3 samples, where 2 are reserved"));
  s.add(nn::relu<float>{});
  CHECK(test::refuses([&] { run(2); }, "a batch of 2 samples, where 0 are reserved"));
}

}  // namespace SQWA_TEST_FILE
