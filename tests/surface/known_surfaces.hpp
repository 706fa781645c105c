// SPDX-License-Identifier: BSD-3-Clause
// Surfaces whose values are known formulas.
#ifndef SQWA_TESTS_SURFACE_KNOWN_SURFACES_HPP
#define SQWA_TESTS_SURFACE_KNOWN_SURFACES_HPP

#include <sqwa/surface/loss_surface.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace test {

/// f at every node, x fastest.
template <class F>
std::vector<double> sampled(sqwa::surface_axis const& x, sqwa::surface_axis const& y, F f) {
  std::vector<double> v;
  for (std::size_t j = 0; j != y.count; ++j) {
    for (std::size_t i = 0; i != x.count; ++i) v.push_back(f(x.at(i), y.at(j)));
  }
  return v;
}

/// A curved valley over several orders of magnitude, its copy in steps, a hole without values, six marked models.
inline sqwa::loss_surface valley(std::size_t count = 41) {
  sqwa::loss_surface s;
  s.title = "valley, 1000 test images";
  s.x = {"x", -2, 6, count};
  s.y = {"y", -1, 4, count * 3 / 4};
  auto const loss = [](double x, double y) {
    double const across = y - 1.2 - 0.12 * (x - 2) * (x - 2), along = x - 2;
    return 0.03 + 0.4 * across * across + 0.02 * along * along + 0.05 * std::pow(across, 4);
  };
  auto const step = [](double v) { return 0.4 * std::floor(v / 0.4) + 0.2; };
  s.surfaces.resize(2);
  s.surfaces[0] = {"float", sampled(s.x, s.y, loss), {}};
  s.surfaces[1] = {
      "projected", sampled(s.x, s.y, [&](double x, double y) { return 1.2 * loss(step(x), step(y)); }), {}};
  for (auto& v : s.surfaces) {
    for (double l : v.loss) v.accuracy.push_back(10 + 88 / (1 + l));
  }
  for (std::size_t n = s.size() - 3; n != s.size(); ++n) {
    s.surfaces[0].loss[n] =
        n % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  }
  for (std::size_t j = 0; j != s.y.count; ++j) {
    for (std::size_t i = 0; i != s.x.count; ++i) {
      auto const cell = [&](double x, double y) { return std::floor(x / 0.4) + 5 + 20 * (std::floor(y / 0.4) + 3); };
      s.cells.push_back(static_cast<std::uint32_t>(cell(s.x.at(i), s.y.at(j))));
      auto const change = [&](bool there, double x, double y) {
        return there && cell(x, y) != s.cells.back() ? std::uint64_t{3} : 0;
      };
      s.changes_x.push_back(i + 1 != s.x.count ? change(true, s.x.at(i + 1), s.y.at(j)) : 0);
      s.changes_y.push_back(j + 1 != s.y.count ? change(true, s.x.at(i), s.y.at(j + 1)) : 0);
    }
  }
  auto const mark = [&](std::string name, double x, double y, double distance) {
    s.models.push_back({std::move(name), x, y, distance, loss(x, y) + 0.1 * distance, 90});
  };
  mark("capture 1", 0, 1.7, 0);
  mark("capture 2", 4, 1.5, 0);
  mark("capture 3", 2.1, 1.25, 0.75);
  mark("average", 2, 1.3, 0.1);
  mark("fine-tuned", 2.05, 1.2, 0.2);
  mark("float", 1.6, 0.9, 1.5);
  return s;
}

}  // namespace test

#endif
