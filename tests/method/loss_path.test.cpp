// SPDX-License-Identifier: BSD-3-Clause
// Paths over losses that are known in closed form.
#include <sqwa/method/loss_path.hpp>
#include <sqwa/method/low_bit_weights.hpp>

#include "method/toy_learner.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// A learner whose loss is any function of its weights, and which says how often it was asked.
template <class Loss>
struct bowl {
  Loss loss;
  std::vector<double> w = {1, -1, 1, 0};
  std::vector<double> bias = {0.5};
  std::vector<double> mean = {3};
  int evaluations = 0;
  int fail_at = -1;

  auto parameters() { return std::array{std::span(w)}; }
  auto float_parameters() { return std::array{std::span(bias)}; }
  auto statistics() { return std::array{std::span(mean)}; }
  void refresh_statistics() { mean[0] = w[0] + bias[0]; }
  double backward() { return 0; }
  void update(float) {}
  std::array<score, 2> evaluate() {
    if (evaluations == fail_at) throw std::runtime_error("the data ran out");
    ++evaluations;
    return {score{"train", loss(w, bias, mean), 0}, score{"test", 100, 0}};
  }
};
template <class Loss>
bowl(Loss) -> bowl<Loss>;

/// A capture of the learner's tensors as they should be.
low_bit_model model(std::vector<std::int8_t> const& codes, float scale, float bias) {
  low_bit_model m;
  m.weights.push_back(
      {"weights_0",
       {codes.size()},
       pack_tensor(std::span(codes), blocks{codes.size(), 1, 1, codes.size()}, std::span<float const>(&scale, 1), 3)});
  m.floats.push_back({"float_0", {1}, {bias}});
  m.floats.push_back({"statistic_1", {1}, {7}});
  return m;
}

using numbers = std::vector<double>;

static_assert(evaluating_learner<test::toy_learner>);

}  // namespace

TEST_CASE(
    "loss_between: between two sides of a quadratic bowl there is no barrier, and the middle gains what it must") {
  bowl l{[](numbers const& w, numbers const& b, numbers const&) {
    double sum = b[0] * b[0];
    for (double v : w) sum += v * v;
    return sum;
  }};
  auto const a = model({1, 1, 0, -1}, 2, 1), b = model({-1, 1, 0, 0}, 2, -1);
  auto const path = loss_between(l, symmetric<3>{}, a, b, {.intervals = 4});
  REQUIRE(path.points.size() == 5);
  std::vector<double> const straight = {13, 4 * (0.25 + 1 + 0.5625) + 0.25, 4 * (0 + 1 + 0.25),
                                        4 * (0.25 + 1 + 0.0625) + 0.25, 9};
  for (std::size_t i = 0; i != 5; ++i) {
    CHECK(path.points[i].t == static_cast<double>(i) / 4);
    CHECK(path.points[i].straight == straight[i]);
  }
  CHECK(path.barrier() == 0);
  CHECK(path.above_ends() == 0);
  CHECK(path.mean_of_ends() == 11);
  CHECK(path.gain_in_the_middle() == 6);
}

TEST_CASE("loss_between: the barrier of a double well is its hump, over the line between ends of unequal depth too") {
  bowl l{[](numbers const& w, numbers const&, numbers const&) {
    double const x = w[0];
    return (x * x - 1) * (x * x - 1) + 0.25 * x;
  }};
  auto const path =
      loss_between(l, symmetric<3>{}, model({-1, 0, 0, 0}, 1, 0), model({1, 0, 0, 0}, 1, 0), {.intervals = 8});
  CHECK(path.points.front().straight == -0.25);
  CHECK(path.points.back().straight == 0.25);
  CHECK(path.barrier() == 1);  // at 0, where the line is 0
  CHECK(path.above_ends() == 0.75);
  CHECK(path.gain_in_the_middle() == -1);
  CHECK(loss_between(l, symmetric<3>{}, model({-1, 0, 0, 0}, 1, 0), model({1, 0, 0, 0}, 1, 0), {.intervals = 1})
            .barrier() == 0);
}

TEST_CASE(
    "loss_between: low-bit paths hold points of the lattice: the nearest, and those of one capture or the other") {
  std::vector<numbers> seen;
  bowl l{[&](numbers const& w, numbers const&, numbers const&) {
    seen.push_back(w);
    return 1.0;
  }};
  std::vector<std::int8_t> const x = {1, -1, 0, 1}, y = {-1, 0, 0, 1};
  auto const path = loss_between(l, symmetric<3>{}, model(x, 0.5F, 0), model(y, 0.5F, 0), {.intervals = 4});
  REQUIRE(seen.size() == 11);
  CHECK(seen[0] == numbers{0.5, -0.5, 0, 0.5});
  CHECK(seen[1] == numbers{0.25, -0.375, 0, 0.5});
  CHECK(seen[2] == numbers{0, -0.5, 0, 0.5});  // 0.5 and -0.75 steps; the tie goes to even
  CHECK(seen[4] == numbers{0, -0.25, 0, 0.5});
  CHECK(seen[5] == numbers{0, 0, 0, 0.5});
  CHECK(seen[8] == numbers{-0.0, 0, 0, 0.5});
  CHECK(seen[10] == numbers{-0.5, 0, 0, 0.5});
  std::size_t changed = 0;
  for (std::size_t at : {3U, 6U, 9U}) {  // mixed
    std::size_t now = 0;
    for (std::size_t i = 0; i != 4; ++i) {
      CHECK((seen[at][i] == 0.5 * x[i] || seen[at][i] == 0.5 * y[i]));
      now += x[i] != y[i] && seen[at][i] == 0.5 * y[i];
    }
    CHECK(now >= changed);
    changed = now;
  }
  CHECK(path.points[2].mixed == 1);
}

TEST_CASE("loss_between: what both captures share stays where it is, to the last bit") {
  bowl l{[](numbers const& w, numbers const& b, numbers const&) {
    double const shared = static_cast<double>(0.1F);
    return (w[0] == shared && w[1] == -shared && b[0] == static_cast<double>(0.7F)) ? 0.0 : 1.0;
  }};
  auto const path = loss_between(l, symmetric<3>{}, model({1, -1, 0, 1}, 0.1F, 0.7F), model({1, -1, 0, -1}, 0.1F, 0.7F),
                                 {.intervals = 30});
  for (path_point const& p : path.points) {
    CHECK(p.straight == 0);
    CHECK(p.projected == 0);
    CHECK(p.mixed == 0);
  }
}

TEST_CASE("loss_between: a mixture changes over in random order, about a share t of the weights") {
  constexpr std::size_t n = 4'096;
  std::vector<double> share;
  bowl l{[&](numbers const& w, numbers const&, numbers const&) {
    double sum = 0;
    for (double v : w) sum += v / n;
    share.push_back(sum);
    return sum;
  }};
  l.w.assign(n, 0);
  std::vector<std::int8_t> const zeros(n, 0), ones(n, 1);
  auto const path = loss_between(l, symmetric<3>{}, model(zeros, 1, 0), model(ones, 1, 0), {.intervals = 10});
  for (path_point const& p : path.points) {
    CHECK(p.mixed == doctest::Approx(p.t).epsilon(0.05));
    CHECK(p.projected == (p.t > 0.5 ? 1.0 : 0.0));
  }
  auto const other =
      loss_between(l, symmetric<3>{}, model(zeros, 1, 0), model(ones, 1, 0), {.intervals = 10, .seed = 2});
  CHECK(other.points[5].mixed != path.points[5].mixed);
}

TEST_CASE("loss_between: the ends have the loss of the captures, evaluated once, with statistics refreshed") {
  test::toy_learner l;
  low_bit_weights weights(l, symmetric<3>{});
  auto const a = weights.capture();
  for (int i = 0; i != 5; ++i) weights.step(0.5F, straight_through::plain);
  auto const b = weights.capture();
  auto const path = loss_between(l, symmetric<3>{}, a, b);
  auto const loss_of = [](low_bit_model const& m) {
    test::toy_learner fresh;
    low_bit_weights put(fresh, symmetric<3>{});
    put.put(m);
    return fresh.evaluate()[0].loss;
  };
  CHECK(path.points.front().straight == loss_of(a));
  CHECK(path.points.back().straight == loss_of(b));
  CHECK(path.points.back().mixed == loss_of(b));
  CHECK(path.points.back().projected == loss_of(b));

  bowl<double (*)(numbers const&, numbers const&, numbers const&)> counted{
      [](numbers const&, numbers const& shift, numbers const& mean) { return mean[0] - shift[0]; }};
  auto const p = loss_between(counted, symmetric<3>{}, model({1, 0, 0, 0}, 2, 1), model({0, 0, 0, 0}, 2, 3),
                              {.intervals = 3, .low_bit = false});
  CHECK(counted.evaluations == 4);
  CHECK(p.points[0].straight == 2);  // refreshed: the first weight
  CHECK(p.points[1].straight == doctest::Approx(2 * 2.0 / 3));
  CHECK(p.points[1].mixed == p.points[1].straight);
  (void)loss_between(counted, symmetric<3>{}, model({1, 0, 0, 0}, 2, 1), model({0, 0, 0, 0}, 2, 3), {.intervals = 3});
  CHECK(counted.evaluations == 4 + 2 + 2 * 3);
}

TEST_CASE("loss_between: the learner is put back bit for bit, also on an exception at any evaluation") {
  for (int fail_at = -1; fail_at != 12; ++fail_at) {
    bowl l{[](numbers const& w, numbers const&, numbers const&) { return w[0]; }};
    l.fail_at = fail_at;
    l.w = {0.1, -0.2, 0.3, -0.0};
    auto const w = l.w, bias = l.bias, mean = l.mean;
    auto const walk = [&] {
      (void)loss_between(l, symmetric<3>{}, model({1, 1, 0, -1}, 2, 1), model({-1, 1, 0, 0}, 2, -1));
    };
    if (fail_at >= 0 && fail_at < 11) {
      CHECK_THROWS_AS(walk(), std::runtime_error);
    } else {
      walk();
      CHECK(l.evaluations == 11);
    }
    CHECK(l.w == w);
    CHECK(std::signbit(l.w[3]));
    CHECK(l.bias == bias);
    CHECK(l.mean == mean);
  }
}

TEST_CASE("loss_between: the split that is named is the one whose loss counts") {
  bowl l{[](numbers const& w, numbers const&, numbers const&) { return w[0]; }};
  auto const m = model({1, 1, 0, -1}, 2, 1);
  CHECK(loss_between(l, symmetric<3>{}, m, m, {.split = "test"}).mean_of_ends() == 100);
  CHECK(loss_between(l, symmetric<3>{}, m, m).mean_of_ends() == 2);
  auto const before = l.w;
  CHECK(test::refuses([&] { (void)loss_between(l, symmetric<3>{}, m, m, {.split = "valid"}); },
                      "2 scores, but none of a split \"valid\""));
  CHECK(l.w == before);
}

TEST_CASE("loss_between: models of other learners and other formats are refused, and nothing is changed") {
  bowl l{[](numbers const& w, numbers const&, numbers const&) { return w[0]; }};
  auto const m = model({1, 1, 0, -1}, 2, 1);
  auto const before = l.w;
  auto const refused = [&](low_bit_model const& a, low_bit_model const& b, char const* words) {
    CHECK(test::refuses([&] { (void)loss_between(l, symmetric<3>{}, a, b); }, words));
  };
  refused(m, model({1, 1, 0}, 2, 1), "has 4 codes in the model, 4 in the learner, or other extents");
  refused(model({1, 1, 0}, 2, 1), model({1, 1, 0}, 2, 1), "has 3 codes in the model, 4 in the learner");
  auto bad = m;
  bad.floats.pop_back();
  refused(m, bad, "1 low-bit and 1 float tensors, the learner 1 and 2");
  bad = m;
  bad.floats[0].values.push_back(1);
  refused(bad, m, "has 2 values in the model, 1 in the learner");
  bad = m;
  bad.weights.clear();
  refused(m, bad, "models of 1 and 0 low-bit tensors");
  CHECK(test::refuses([&] { (void)loss_between(l, symmetric<5>{}, m, m); }, "has 3 levels, the format 5"));
  CHECK(test::refuses([&] { (void)loss_between(l, symmetric<3>{}, m, m, {.intervals = 0}); }, "0 intervals"));
  CHECK(l.w == before);
  CHECK(l.evaluations == 0);
}

TEST_CASE("loss_path: a loss that is not finite is an infinite barrier, or at an end none that is known") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double const nan = std::nan("");
  auto const path = [](std::vector<double> const& losses) {
    loss_path p;
    for (std::size_t i = 0; i != losses.size(); ++i) {
      p.points.push_back({static_cast<double>(i) / static_cast<double>(losses.size() - 1), losses[i], 0, 0});
    }
    return p;
  };
  CHECK(path({1, infinity, 1}).barrier() == infinity);
  CHECK(path({1, nan, 1}).above_ends() == infinity);
  CHECK(std::isnan(path({nan, 1, 1}).barrier()));
  CHECK(std::isnan(path({1, 1, infinity}).above_ends()));
  CHECK(path({1, 3, 2}).barrier() == 1.5);
  CHECK(path({1, 3, 2}).above_ends() == 1);
  CHECK(path({1, 0, 2}).barrier() == 0);
  CHECK(std::isnan(path({1, 2, 2, 1}).gain_in_the_middle()));
  CHECK(loss_path{}.barrier() == 0);
  CHECK(loss_path{}.mean_of_ends() == 0);
}

}  // namespace SQWA_TEST_FILE
