// SPDX-License-Identifier: BSD-3-Clause
// The figures of a recipe, as the command lines of the examples name them: rates, and lengths in epochs.
#ifndef SQWA_EXAMPLES_SUPPORT_RECIPE_OPTIONS_HPP
#define SQWA_EXAMPLES_SUPPORT_RECIPE_OPTIONS_HPP

#include "number_text.hpp"

#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/damped_cycles.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace example {

/// What a command line leaves out is filled in by `fill`.
struct recipe_options {
  std::optional<double> epochs = {};
  std::optional<float> rate = {};
  std::optional<int> cycles = {};
  std::optional<double> cycle_epochs = {};
  std::optional<int> captures = {};
  std::optional<float> retrain_rate = {};
  std::optional<float> last_rate = {};
  std::optional<float> trough_rate = {};
  std::optional<double> fine_tune_epochs = {};
  std::optional<float> fine_tune_rate = {};
  std::optional<float> control_rate = {};
};

/// One of them: its option, the least that it may be, and what it is.
template <class T>
struct recipe_figure {
  std::optional<T> recipe_options::*value;
  char const* option;
  double least;
  char const* help;
};
template <class T>
recipe_figure(std::optional<T> recipe_options::*, char const*, double, char const*) -> recipe_figure<T>;

inline constexpr double smallest_figure = 1e-6, largest_figure = 1e6;

/// Calls `f(figure)` for each.
template <class F>
void for_each_figure(F f) {
  using o = recipe_options;
  f(recipe_figure{&o::epochs, "--epochs", 0, "of float training"});
  f(recipe_figure{&o::rate, "--rate", 0, "top rate of float training"});
  f(recipe_figure{&o::cycles, "--cycles", 1, "of retraining"});
  f(recipe_figure{&o::cycle_epochs, "--cycle-epochs", smallest_figure, "length of a cycle in epochs"});
  f(recipe_figure{&o::captures, "--captures", 1, "captured at the last troughs"});
  f(recipe_figure{&o::retrain_rate, "--retrain-rate", 0, "top rate of the first cycle"});
  f(recipe_figure{&o::last_rate, "--last-rate", 0, "top rate of the last cycle; those between fall geometrically"});
  f(recipe_figure{&o::trough_rate, "--trough-rate", 0, "bottom rate of a cycle"});
  f(recipe_figure{&o::fine_tune_epochs, "--fine-tune-epochs", 0, "of fine-tuning"});
  f(recipe_figure{&o::fine_tune_rate, "--fine-tune-rate", 0, "top rate of fine-tuning"});
  f(recipe_figure{&o::control_rate, "--control-rate", smallest_figure, "top rate of the control's cosine"});
}

inline void declare(CLI::App& app, recipe_options& o) {
  for_each_figure([&](auto const& f) { app.add_option(f.option, o.*f.value, f.help); });
}

/// What was left out becomes what it is in `defaults`.
inline void fill(recipe_options& o, recipe_options const& defaults) {
  for_each_figure([&](auto const& f) {
    if (!(o.*f.value)) o.*f.value = defaults.*f.value;
  });
}

/// Refuses, by the option's name, a figure that does not lie from `low` to `high`; also NaN.
inline void check_within(char const* option, auto value, double low, double high = largest_figure) {
  if (static_cast<double>(value) >= low && static_cast<double>(value) <= high) return;
  throw std::invalid_argument(std::string(option) + " " + number_text(value) + ": from " + number_text(low) + " to " +
                              number_text(high));
}

/// Refuses, by the option's name, what no recipe can be made of.
inline void check(recipe_options const& o) {
  for_each_figure([&](auto const& f) { check_within(f.option, *(o.*f.value), f.least); });
  check_within("--captures", *o.captures, 1, *o.cycles);
  if (*o.last_rate < *o.trough_rate || *o.last_rate > *o.retrain_rate) {
    throw std::invalid_argument("--last-rate " + number_text(*o.last_rate) + ": it lies between --trough-rate " +
                                number_text(*o.trough_rate) + " and --retrain-rate " + number_text(*o.retrain_rate));
  }
}

/// The name of a figure in files: "cycle_epochs" for the option "--cycle-epochs".
inline std::string figure_name(char const* option) {
  std::string name = option + 2;
  std::ranges::replace(name, '-', '_');
  return name;
}

/// The figures under their names.
inline nlohmann::ordered_json json_of(recipe_options const& o) {
  nlohmann::ordered_json all;
  for_each_figure([&](auto const& f) { all[figure_name(f.option)] = *(o.*f.value); });
  return all;
}

/// Repeats a shape that begins at the top rate, the tops falling geometrically from the first cycle to the last.
template <class Shape>
sqwa::damped_cycles<Shape> cycles_of(recipe_options const& o, Shape shape, sqwa::step_index period) {
  float const first = *o.retrain_rate;
  float const last = *o.last_rate;
  float const bottom = *o.trough_rate;
  int const falls = std::max(*o.cycles - 1, 1);
  double const factor =
      first > bottom ? std::pow((double{last} - bottom) / (double{first} - bottom), 1.0 / falls) : 1.0;
  return {sqwa::cyclic{shape, period}, factor, bottom};
}

/// The recipe of these figures, where an epoch takes `epoch` steps; what they do not say is as in `recipe`.
///
/// Throws `invalid_argument` for epochs above 0 that are less than half a step.
/// @pre `check` accepts them
inline sqwa::recipe recipe_of(recipe_options const& o, double epoch, sqwa::recipe recipe = {}) {
  auto const steps = [&](char const* option, double epochs) {
    auto const n = static_cast<sqwa::step_index>(epochs * epoch + 0.5);
    if (n == 0 && epochs > 0) {
      throw std::invalid_argument(std::string(option) + " " + number_text(epochs) +
                                  ": not one step, where an epoch takes " + number_text(epoch));
    }
    return n;
  };
  auto const phase_of = [](float hi, sqwa::step_index n) {
    return n == 0 ? sqwa::phase{} : sqwa::phase{sqwa::cosine{.hi = hi, .lo = 0, .length = n - 1}, n};
  };
  sqwa::step_index const cycle = steps("--cycle-epochs", *o.cycle_epochs);
  recipe.train = phase_of(*o.rate, steps("--epochs", *o.epochs));
  sqwa::cosine const down{.hi = *o.retrain_rate, .lo = *o.trough_rate, .length = cycle - 1};
  recipe.retrain = {cycles_of(o, down, cycle), cycle * *o.cycles};
  recipe.capture = sqwa::at_trough{.last = *o.captures};
  recipe.fine_tune = phase_of(*o.fine_tune_rate, steps("--fine-tune-epochs", *o.fine_tune_epochs));
  recipe.control_rate = *o.control_rate;
  return recipe;
}

/// The format of a number of levels that is known at run time.
inline sqwa::any_quantizer format_of(int levels) {
  switch (levels) {
    case 3:
      return sqwa::symmetric<3>{};
    case 5:
      return sqwa::symmetric<5>{};
    case 7:
      return sqwa::symmetric<7>{};
    case 15:
      return sqwa::symmetric<15>{};
    case 31:
      return sqwa::symmetric<31>{};
    case 63:
      return sqwa::symmetric<63>{};
    case 127:
      return sqwa::symmetric<127>{};
    case 255:
      return sqwa::symmetric<255>{};
    default:
      throw std::invalid_argument("--levels " + std::to_string(levels) + ": 3, 5, 7, 15, 31, 63, 127 or 255");
  }
}

/// Which weights are low-bit, of so many levels: all but those that `keep_float` names, which is none, or a list of
/// first, last and patterns of names.
inline sqwa::format_by_name formats_of(int levels, std::string const& keep_float) {
  std::vector<sqwa::format_rule> rules;
  std::istringstream list(keep_float == "none" ? "" : keep_float);
  for (std::string word; std::getline(list, word, ',');) {
    rules.push_back({word == "first"  ? sqwa::first_weight
                     : word == "last" ? sqwa::last_weight
                                      : word,
                     sqwa::stays_float});
  }
  return sqwa::format_by_name(std::move(rules), format_of(levels));
}

}  // namespace example

#endif
