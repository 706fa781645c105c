// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/evaluate.hpp>

#include "support/refuses.hpp"
#include "support/thread_executor.hpp"
#include "surface/known_learner.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

using test::known_learner;

namespace {

model_point random_model(std::uint64_t seed) {
  model_point p{std::vector<double>(11), {static_cast<double>(seed)}};
  for (std::size_t i = 0; double& v : p.trained) v = 2 * static_cast<double>(noise{seed}(i++)) - 1;
  return p;
}

struct setting {
  model_point a = random_model(1), b = random_model(2), c = random_model(3), far = random_model(4);
  plane flat{a, b, c};
  surface_grid grid = [this] {
    auto const [bx, by] = flat.orthonormal(1, 0);
    return surface_grid{{"x", 0, bx, 5}, {"y", by, flat.orthonormal(0, 1).second, 4}};
  }();
  std::vector<named_point> marked = {{"a", a}, {"b", b}, {"c", c}, {"far", far}};
  surface_options options{.title = "known", .split = "test", .format = format_by_name(symmetric<3>{})};
};

double squares(std::vector<double> const& v) {
  double sum = 0;
  for (double x : v) sum += x * x;
  return sum;
}

template <class L>
loss_surface surface_of(L& l, setting const& s) {
  surface_run run(l, s.flat, s.grid, s.marked, s.options);
  CHECK(run.advance());
  return run.result();
}

}  // namespace

TEST_CASE("surface_run: every node's loss is that of its point, and of the point's projection") {
  setting const s;
  known_learner l;
  auto const before = point_of(l);
  auto const found = surface_of(l, s);
  CHECK(point_of(l) == before);
  for (std::size_t j = 0; j != 4; ++j) {
    for (std::size_t i = 0; i != 5; ++i) {
      auto const p = s.flat.at(found.x.at(i), found.y.at(j));
      CHECK(found.surfaces[0].loss[j * 5 + i] == squares(p.trained));
      CHECK(found.surfaces[0].accuracy[j * 5 + i] == p.trained[7]);
      known_learner other;
      put(other, p);
      low_bit_weights(other, symmetric<3>{}).project();
      CHECK(found.surfaces[1].loss[j * 5 + i] == other.squares());
      CHECK(found.surfaces[1].accuracy[j * 5 + i] == other.second[1]);
    }
  }
  // The corners of the plane are nodes here: their losses are those of the models to the last bit.
  CHECK(found.surfaces[0].loss[0] == found.models[0].loss);
  CHECK(found.surfaces[0].loss[4] == found.models[1].loss);
  CHECK(found.models[0].loss == squares(s.a.trained));
  CHECK(found.models[2].loss == squares(s.c.trained));
  CHECK(found.models[2].distance == 0);
  CHECK(found.models[3].loss == squares(s.far.trained));
  CHECK(found.models[3].distance > 0.1);
}

TEST_CASE("surface_run: cells and changes are those of the codes") {
  setting s;
  known_learner l;
  put(l, s.a);
  s.options.scales = low_bit_weights(l, symmetric<3>{}).capture();
  s.grid = {{"x", -1, 3, 9}, {"y", -1, 2, 7}};
  auto const found = surface_of(l, s);
  std::vector<std::vector<int>> codes;  // by the definition: the nearest of -1, 0 and 1 times the scale
  for (std::size_t node = 0; node != 63; ++node) {
    auto const p = s.flat.at(found.x.at(node % 9), found.y.at(node / 9));
    auto& mine = codes.emplace_back();
    for (std::size_t k = 0; k != 10; ++k) {
      double const scale = static_cast<double>(s.options.scales->weights[k < 6 ? 0 : 1].weights.scales[0]);
      mine.push_back(static_cast<int>(std::clamp(std::nearbyint(p.trained[k] / scale), -1.0, 1.0)));
    }
  }
  auto const changed = [&](std::size_t m, std::size_t n) {
    std::uint64_t count = 0;
    for (std::size_t k = 0; k != 10; ++k) count += codes[m][k] != codes[n][k];
    return count;
  };
  std::uint32_t next = 0;
  for (std::size_t n = 0; n != 63; ++n) {
    CHECK(found.changes_x[n] == (n % 9 == 8 ? 0 : changed(n, n + 1)));
    CHECK(found.changes_y[n] == (n / 9 == 6 ? 0 : changed(n, n + 9)));
    for (std::size_t m = 0; m != n; ++m) CHECK((found.cells[m] == found.cells[n]) == (changed(m, n) == 0));
    if (found.cells[n] == next) ++next;
    CHECK(found.cells[n] < next);
  }
  CHECK(next > 5);
  CHECK(next < 63);
  setting refitted = std::move(s);
  refitted.options.scales.reset();
  CHECK(surface_of(l, refitted).surfaces[1] != found.surfaces[1]);
}

TEST_CASE("surface_run: statistics are those of the point, or re-estimated at it") {
  setting s;
  s.options.split = "";
  s.options.format.reset();
  known_learner l;
  auto found = surface_of(l, s);
  CHECK(found.surfaces.size() == 1);
  CHECK(found.cells.empty());
  auto const p = s.flat.at(found.x.at(2), found.y.at(1));
  CHECK(found.surfaces[0].loss[7] == squares(p.trained) + 100 * p.statistics[0]);
  CHECK(found.models[3].loss == squares(s.far.trained) + 100 * 4);
  s.options.refresh_statistics = true;
  found = surface_of(l, s);
  CHECK(found.surfaces[0].loss[7] == squares(p.trained) + 100 * (p.trained[0] + p.trained[10]));
  CHECK(l.mean[0] == 3);
}

TEST_CASE("surface_run: the same bits from copies on threads, an only learner, and one whose copies are shallow") {
  setting const s;
  known_learner l;
  auto const expected = surface_of(l, s);
  surface_run threads(l, s.flat, s.grid, s.marked, s.options);
  CHECK(threads.advance(test::thread_executor{}));
  CHECK(threads.result() == expected);
  test::only_learner only;
  auto const before = point_of(only);
  surface_run alone(only, s.flat, s.grid, s.marked, s.options);
  CHECK(alone.advance(test::thread_executor{}));
  CHECK(alone.result() == expected);
  CHECK(point_of(only) == before);
  test::shallow_learner shallow{&l};
  surface_run shared(shallow, s.flat, s.grid, s.marked, s.options);
  CHECK(shared.advance(test::thread_executor{}));
  CHECK(shared.result() == expected);
  CHECK(point_of(l) == before);
}

TEST_CASE("surface_run: what an evaluation throws on threads comes through, and leaves learner and run sound") {
  setting const s;
  known_learner l;
  test::only_learner only;
  auto const before = point_of(l);
  auto const expected = surface_of(l, s);
  auto const fails_then_ends = [&](auto& learner) {
    surface_run run(learner, s.flat, s.grid, s.marked, s.options);
    known_learner::evaluations = 0;
    known_learner::fail_at = 17;
    CHECK_THROWS_WITH_AS(run.advance(test::thread_executor{}), "the data ran out", std::runtime_error);
    known_learner::fail_at = -1;
    CHECK(point_of(learner) == before);
    CHECK(run.finished() > 0);
    CHECK(!run.done());
    CHECK(run.result().cells.empty());
    CHECK(run.advance(test::thread_executor{}));
    CHECK(run.result() == expected);
  };
  fails_then_ends(l);
  fails_then_ends(only);
}

TEST_CASE("surface_run: stopped, saved and continued it gives the same bits") {
  setting const s;
  known_learner l;
  auto const expected = surface_of(l, s);
  surface_run first(l, s.flat, s.grid, s.marked, s.options);
  CHECK(first.total() == 24);
  CHECK(!first.advance(sequential{}, [](std::size_t done, std::size_t total) {
    CHECK(total == 24);
    return done < 9;
  }));
  CHECK(first.finished() == 9);
  auto const state = first.save();
  surface_run second(l, s.flat, s.grid, s.marked, s.options);
  second.load(state);
  CHECK(second.finished() == 9);
  known_learner::evaluations = 0;
  CHECK(second.advance());
  CHECK(known_learner::evaluations == 30);  // two for each of the 15 nodes that were left
  CHECK(second.result() == expected);

  setting other;
  other.options.title = "another";
  surface_run third(l, other.flat, other.grid, other.marked, other.options);
  CHECK(test::refuses([&] { third.load(state); }, "another title"));
  setting wider;
  wider.grid.x.last += 1;
  surface_run fourth(l, wider.flat, wider.grid, wider.marked, wider.options);
  CHECK(test::refuses([&] { fourth.load(state); }, "another grid"));
  CHECK(test::refuses([&] { second.load(std::span(state).first(state.size() - 1)); }, "surface_run::load"));
  CHECK(second.result() == expected);
}

TEST_CASE("surface_run: bad grids, points and options are refused") {
  setting const s;
  known_learner l;
  auto const refused = [&](surface_grid const& g, surface_options const& o, std::vector<named_point> const& m) {
    try {
      surface_run run(l, s.flat, g, m, o);
      (void)run.advance();
    } catch (contract_error const& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  auto const has = [](std::string const& text, char const* words) { return text.find(words) != std::string::npos; };
  CHECK(has(refused({{"x", 1, 1, 5}, {"y", 0, 1, 5}}, s.options, {}), "an axis from 1"));
  CHECK(has(refused(s.grid, s.options, {{"m", {{1}, {1}}}}), "1 trained numbers"));
  CHECK(has(refused(s.grid, {.split = "moon"}, {}), "none of a split \"moon\""));
  known_learner other;
  auto const scales = low_bit_weights(other, symmetric<5>{}).capture();
  CHECK(has(refused(s.grid, {.format = symmetric<3>{}, .scales = scales}, {}), "first has other levels"));
  CHECK(has(refused(s.grid, {.scales = scales}, {}), "no format"));
  test::shallow_learner shallow{&l};
  CHECK(test::refuses([&] { surface_run(shallow, s.flat, s.grid, s.marked, {.refresh_statistics = true}); },
                      "cannot re-estimate"));
}

}  // namespace SQWA_TEST_FILE
