// SPDX-License-Identifier: BSD-3-Clause
// The models of one seed of a run, and what they say of each other: where the average lies, how flat it is there.
#ifndef SQWA_EXAMPLES_SUPPORT_SURFACE_TABLES_HPP
#define SQWA_EXAMPLES_SUPPORT_SURFACE_TABLES_HPP

#include "report_files.hpp"
#include "statistics.hpp"

#include <sqwa/exec/tbb.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/surface/evaluate.hpp>
#include <sqwa/surface/plane.hpp>
#include <sqwa/surface/sharpness.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace example {

inline std::filesystem::path models_file(std::filesystem::path const& run, unsigned seed) {
  return run / ("models-" + std::to_string(seed) + ".sqws");
}

/// The models that the program `images` saved of one seed.
class run_models {
 public:
  run_models(std::filesystem::path const& run, unsigned seed) : file_(models_file(run, seed)) {
    sqwa::io::snapshot_series const series(file_);
    for (std::size_t k = 0; k != series.size(); ++k) {
      all_.push_back(series[k]);
      if (!all_.back().notes.contains("model")) throw std::invalid_argument(file() + ": a model without a name");
      if (all_.back().notes["model"].starts_with("capture ")) ++captures_;
    }
  }
  [[nodiscard]] std::string file() const { return file_.string(); }
  [[nodiscard]] std::vector<sqwa::low_bit_model> const& all() const noexcept { return all_; }
  [[nodiscard]] std::size_t captures() const noexcept { return captures_; }
  [[nodiscard]] sqwa::low_bit_model const& find(std::string const& name) const {
    for (auto const& m : all_) {
      if (m.notes.at("model") == name) return m;
    }
    std::string names;
    for (auto const& m : all_) names += (names.empty() ? "" : ", ") + m.notes.at("model");
    throw std::invalid_argument(file() + " has no model \"" + name + "\", but " + names);
  }

 private:
  std::filesystem::path file_;
  std::vector<sqwa::low_bit_model> all_;
  std::size_t captures_ = 0;
};

/// What is measured around one model.
struct flatness {
  double basin = 0;      ///< share of a random plane within 0.1 of its lowest loss
  double codes = 0;      ///< rise of the loss when 8 codes of each layer move
  double direction = 0;  ///< rise of the loss in a random direction, 0.1 of each filter's norm away
};

struct seed_figures {
  double between = 0;       ///< mean distance of two captures
  double from_average = 0;  ///< mean distance of the captures from the average
  double from_sqwa = 0;     ///< mean distance of the captures from the fine-tuned model
  double from_control = 0;
  double lowest_from_average = 0;   ///< in the plane of three captures: how far the average lies from the lowest node,
  double lowest_from_captures = 0;  ///< and the captures, in the mean
  double average_loss = 0, capture_loss = 0;
  flatness sqwa, control;
};

/// The captures that span the plane of a run: the first, the middle and the last.
inline std::vector<std::string> outer_captures(run_models const& models) {
  std::size_t const n = models.captures();
  return {"capture 1", "capture " + std::to_string((n + 1) / 2), "capture " + std::to_string(n)};
}

/// Where the float surface of the plane of three captures is lowest, in relation to the average and the captures.
template <class L>
void find_lowest(L& l, run_models const& models, sqwa::surface_options how, seed_figures& f) {
  auto const point = [&](std::string const& name) { return sqwa::point_of(l, models.find(name)); };
  auto const corners = outer_captures(models);
  sqwa::plane const plane(point(corners[0]), point(corners[1]), point(corners[2]));
  std::vector<sqwa::named_point> marked{{"average", point("average")}};
  std::vector<sqwa::plane_place> places{plane.place_of(marked[0].at)};
  for (std::size_t k = 1; k <= models.captures(); ++k) {
    marked.push_back({"capture", point("capture " + std::to_string(k))});
    places.push_back(plane.place_of(marked.back().at));
  }
  how.format.reset();
  sqwa::surface_run run(l, plane, sqwa::grid_around(places, {.columns = 31, .rows = 31}), marked, how);
  run.advance(sqwa::tbb_executor{});
  auto const surface = run.result();
  auto const& loss = surface.surfaces[0].loss;
  auto const lowest = static_cast<std::size_t>(std::ranges::min_element(loss) - loss.begin());
  double const x = surface.x.at(lowest % surface.x.count), y = surface.y.at(lowest / surface.x.count);
  auto const share = 1 / static_cast<double>(models.captures());
  for (sqwa::marked_model const& m : surface.models) {
    double const away = std::hypot(m.x - x, m.y - y);
    if (m.name == "average") {
      f.lowest_from_average = away;
      f.average_loss = m.loss;
    } else {
      f.lowest_from_captures += share * away;
      f.capture_loss += share * m.loss;
    }
  }
}

/// The same random numbers for every model: differences are paired.
template <class L>
flatness flatness_of(L& l, sqwa::low_bit_model const& model, sqwa::surface_options const& how) {
  sqwa::model_point const p = sqwa::point_of(l, model);
  sqwa::plane const around = sqwa::random_plane(l, p, 1);
  double const x = around.orthonormal(0.5, 0).first, y = around.orthonormal(0, 0.5).second;
  sqwa::surface_run run(l, around, {{"x", -x, x, 21}, {"y", -y, y, 21}}, {}, how);
  run.advance(sqwa::tbb_executor{});
  auto const surface = run.result();
  return {sqwa::basin_share(surface, surface.surfaces[0], 0.1),
          sqwa::code_move_sharpness(l, model, 8, how, {}, sqwa::tbb_executor{}).back().mean,
          sqwa::direction_sharpness(l, p, 0.1, how, {}, sqwa::tbb_executor{}).mean};
}

template <class L>
seed_figures figures_of(L& l, run_models const& models, sqwa::surface_options const& how) {
  std::vector<sqwa::model_point> captures;
  for (std::size_t k = 1; k <= models.captures(); ++k) {
    captures.push_back(sqwa::point_of(l, models.find("capture " + std::to_string(k))));
  }
  auto const apart = [](sqwa::model_point const& a, sqwa::model_point const& b) {
    return sqwa::detail::norm(sqwa::detail::difference(a.trained, b.trained));
  };
  auto const mean_from = [&](std::string const& name) {
    auto const p = sqwa::point_of(l, models.find(name));
    double sum = 0;
    for (auto const& c : captures) sum += apart(c, p);
    return sum / static_cast<double>(captures.size());
  };
  seed_figures f{.from_average = mean_from("average"),
                 .from_sqwa = mean_from("sqwa"),
                 .from_control = mean_from("control"),
                 .sqwa = flatness_of(l, models.find("sqwa"), how),
                 .control = flatness_of(l, models.find("control"), how)};
  find_lowest(l, models, how, f);
  std::size_t pairs = 0;
  for (std::size_t i = 0; i != captures.size(); ++i) {
    for (std::size_t j = 0; j != i; ++j, ++pairs) f.between += apart(captures[i], captures[j]);
  }
  if (pairs > 0) f.between /= static_cast<double>(pairs);
  return f;
}

/// Means and standard errors over seeds; of the differences too, seed by seed.
inline void print(std::vector<seed_figures> const& all) {
  auto const over = [&](auto figure) {
    std::vector<double> found;
    for (seed_figures const& f : all) found.push_back(figure(f));
    return estimate_of(found);
  };
  auto const line = [](char const* what, estimate const& e) { std::printf("%-44s %s\n", what, text(e, 4).c_str()); };
  std::printf("%zu seeds; mean ± standard error\n", all.size());
  line("distance of two captures", over([](auto const& f) { return f.between; }));
  line("distance of a capture from the average", over([](auto const& f) { return f.from_average; }));
  line("distance of a capture from sqwa", over([](auto const& f) { return f.from_sqwa; }));
  line("distance of a capture from the control", over([](auto const& f) { return f.from_control; }));
  line("in the plane: average from the lowest node", over([](auto const& f) { return f.lowest_from_average; }));
  line("in the plane: a capture from the lowest node", over([](auto const& f) { return f.lowest_from_captures; }));
  line("loss of the average", over([](auto const& f) { return f.average_loss; }));
  line("loss of a capture", over([](auto const& f) { return f.capture_loss; }));
  auto const both = [&](char const* what, double flatness::*figure) {
    std::printf("%-44s sqwa %s, control %s, sqwa - control %s\n", what,
                text(over([&](auto const& f) { return f.sqwa.*figure; }), 4).c_str(),
                text(over([&](auto const& f) { return f.control.*figure; }), 4).c_str(),
                text(over([&](auto const& f) { return f.sqwa.*figure - f.control.*figure; }), 4).c_str());
  };
  both("basin: share within 0.1 of the lowest loss", &flatness::basin);
  both("rise: 8 codes of each layer by one", &flatness::codes);
  both("rise: random direction, 0.1 of each filter", &flatness::direction);
}

}  // namespace example

#endif
