// SPDX-License-Identifier: BSD-3-Clause
// One setting of the program `study`, and the grid of them that a file describes.
#ifndef SQWA_EXAMPLES_SUPPORT_STUDY_SETTING_HPP
#define SQWA_EXAMPLES_SUPPORT_STUDY_SETTING_HPP

#include "model_choice.hpp"
#include "recipe_names.hpp"
#include "recipe_options.hpp"

#include <sqwa/core/fingerprint.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/schedule/capture.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace example {

using json = nlohmann::ordered_json;

/// Every member of a setting with the value it has where a study does not say. They stay as they are, so that a study
/// means the same next year; most are the recipe of the digits.
inline json const& default_setting() {
  static json const all{
      {"name", "sqwa"},
      {"data", "digits"},          // digits, fashion, or a name that --data gives a directory
      {"train", 0},                // only the first of the training images, those kept aside included; 0: all
      {"hold_out", 0},             // of these, the last so many are kept aside
      {"model", "convolutions"},   // as for the program cifar
      {"width", 8.0},              //
      {"activation_bits", 32},     // 2 to 8 in the model `convolutions`; 32: float
      {"levels", 3},               // of a weight
      {"keep_float", "none"},      // or a list of first, last and patterns
      {"batch", 64},               //
      {"weight_decay", 1e-4},      //
      {"epochs", 20.0},            // of float training, and so on as for the program images
      {"rate", 0.2},               //
      {"cycles", 10},              //
      {"cycle_epochs", 4.0},       //
      {"captures", 7},             //
      {"retrain_rate", 0.4},       //
      {"last_rate", 0.05},         //
      {"trough_rate", 0.01},       //
      {"fine_tune_epochs", 20.0},  //
      {"fine_tune_rate", 0.1},     //
      {"control_rate", 0.6},       //
      {"average", "codes"},        // codes, values, latent; none: the control, of as many steps as all the others take
      {"scales", "frozen"},        //
      {"requantize", "refitted"},  //
      {"fine_tune_from", "mean"},  //
      {"gradient", "plain"},       //
      {"shape", "cosine"},         // of a cycle: cosine, linear (down) or constant
      {"capture_every", 0.0},      // epochs between the captures, the last of them at the end; 0: at the troughs
      {"refresh", true},           // batch-norm statistics re-estimated before every evaluation
      {"ema_epochs", 1.0},         // of the control: the memory of the exponential average of its latent weights
      {"diagnose", false},         // the captures, on the images kept aside, or without those on training images
      {"flatness", false}};        // of the loss around the last model, on the training images
  return all;
}

/// A setting: the members of `default_setting`, some with other values.
///
/// Throws `invalid_argument` for a name that no member has, and for a value of another kind.
inline json setting_of(json const& changes) {
  json all = default_setting();
  for (auto const& [name, value] : changes.items()) {
    auto const at = all.find(name);
    if (at == all.end()) throw std::invalid_argument("a setting has no member \"" + name + "\"");
    bool const whole = at->is_number_integer();
    bool const fits = whole             ? value.is_number_integer() && value >= 0 && value <= 1'000'000'000
                      : at->is_number() ? value.is_number()
                                        : value.type() == at->type();
    if (!fits) {
      throw std::invalid_argument("\"" + name + "\": " + value.dump() + " where " +
                                  (whole ? "a whole number" : at->type_name()) + " is expected");
    }
    *at = at->is_number_float() ? json(value.get<double>()) : value;
  }
  return all;
}

/// 16 hexadecimal digits: others, but for chance, for anything else.
inline std::string key_of(json const& what) {
  std::string const text = what.dump();
  sqwa::fingerprint sum;
  sum.put_all(std::span(reinterpret_cast<std::uint8_t const*>(text.data()), text.size()));
  char key[17];
  std::snprintf(key, sizeof key, "%016llx", static_cast<unsigned long long>(sum.value()));
  return key;
}

/// What a float model depends on.
inline json float_part(json const& setting, unsigned seed) {
  json part{{"seed", seed}};
  for (char const* name :
       {"data", "train", "hold_out", "model", "width", "activation_bits", "batch", "weight_decay", "epochs", "rate"}) {
    part[name] = setting[name];
  }
  return part;
}

/// One run: a setting and a seed.
struct study_run {
  json setting;
  unsigned seed = 1;

  [[nodiscard]] std::string key() const { return key_of({{"setting", setting}, {"seed", seed}}); }
};

/// All runs of a study: each of its `settings` on top of what is `common`, for all combinations of the values in its
/// `grid`, for each seed. All settings of a seed come before those of the next.
///
///     {"seeds": {"first": 101, "count": 10}, "common": {"data": "digits"}, "grid": {"levels": [3, 7]},
///      "settings": [{"name": "sqwa"}, {"name": "control", "average": "none"}]}
///
/// Throws `invalid_argument` for anything else.
inline std::vector<study_run> runs_of(json const& study) {
  if (!study.is_object()) throw std::invalid_argument("a study is an object");
  for (auto const& [name, value] : study.items()) {
    if (name != "seeds" && name != "common" && name != "grid" && name != "settings" && name != "about") {
      throw std::invalid_argument("a study has no member \"" + name + "\"");
    }
  }
  std::vector<json> changes{study.value("common", json::object())};
  json const grid = study.value("grid", json::object());  // of its own: items() refers to it
  for (auto const& [name, values] : grid.items()) {
    if (!values.is_array()) throw std::invalid_argument("\"grid\": \"" + name + "\" needs a list of values");
    std::vector<json> more;
    for (json const& one : changes) {
      for (json const& value : values) (more.emplace_back(one))[name] = value;
    }
    changes = std::move(more);
  }
  std::vector<json> settings;
  for (json const& c : changes) {
    for (json const& own : study.value("settings", json::array({json::object()}))) {
      if (!own.is_object()) throw std::invalid_argument("\"settings\": " + own.dump() + " is no object");
      json all = c;
      all.update(own);
      settings.push_back(setting_of(all));
    }
  }
  json const seeds = study.value("seeds", json{{"first", 1U}, {"count", 1U}});
  if (!seeds.is_object() || !seeds.value("first", json()).is_number_unsigned() ||
      !seeds.value("count", json()).is_number_unsigned()) {
    throw std::invalid_argument("\"seeds\": " + seeds.dump() + " instead of {\"first\": 1, \"count\": 10}");
  }
  std::vector<study_run> runs;
  for (unsigned seed = seeds["first"], i = 0; i != seeds["count"].get<unsigned>(); ++i, ++seed) {
    for (json const& s : settings) runs.push_back({s, seed});
  }
  return runs;
}

/// The study in a file. Throws `io::error` for one that is no JSON, else as `runs_of`, with the file's name.
inline std::vector<study_run> read_study(std::filesystem::path const& path) {
  auto const bytes = sqwa::io::read_file(path);
  std::string_view const text(reinterpret_cast<char const*>(bytes.data()), bytes.size());
  json study;
  try {
    study = json::parse(text);
  } catch (nlohmann::json::parse_error const& e) {
    throw sqwa::io::error(path, e.byte, "a study in JSON", e.what());
  }
  try {
    return runs_of(study);
  } catch (std::exception const& e) {
    throw std::invalid_argument(path.string() + ": " + e.what());
  }
}

/// What a name of a setting's member stands for. Throws `invalid_argument` with the names there are.
template <class E>
E named(json const& setting, char const* member, names_of<E> const& names) {
  auto const word = setting[member].get<std::string>();
  std::string all;
  for (auto const& [name, value] : names) {
    if (name == word) return value;
    all += (all.empty() ? "" : ", ") + name;
  }
  throw std::invalid_argument("\"" + std::string(member) + "\": \"" + word + "\" is none of " + all);
}

/// The recipe of a setting, where an epoch takes `epoch` training steps.
///
/// Throws `invalid_argument` for what no recipe can be made of.
inline sqwa::recipe recipe_of(json const& setting, double epoch, unsigned seed) {
  recipe_options figures;
  for_each_figure([&](auto const& f) {
    using number = typename std::remove_reference_t<decltype(figures.*f.value)>::value_type;
    figures.*f.value = setting[figure_name(f.option)].template get<number>();
  });
  double const apart = setting["capture_every"];
  recipe_options checked = figures;
  if (apart > 0) checked.cycles = std::max(*figures.cycles, *figures.captures);  // captures are not those of troughs
  check(checked);
  check_within("--cycles", *figures.cycles, 1);
  sqwa::recipe r = recipe_of(figures, epoch, {.format = formats_of(setting["levels"], setting["keep_float"])});
  auto kinds = averaging_names;
  kinds.emplace_back("none", sqwa::averaging::none);
  r.average = named(setting, "average", kinds);
  r.scales = named(setting, "scales", scale_names);
  r.requantize = named(setting, "requantize", requantize_names);
  r.fine_tune_from = named(setting, "fine_tune_from", start_names);
  r.gradient = named(setting, "gradient", gradient_names);
  r.seed = seed;
  sqwa::step_index const steps = r.retrain.steps, period = steps / *figures.cycles;
  enum class cycle_shape { cosine, linear, constant };
  switch (named(
      setting, "shape",
      names_of<cycle_shape>{
          {"cosine", cycle_shape::cosine}, {"linear", cycle_shape::linear}, {"constant", cycle_shape::constant}})) {
    case cycle_shape::cosine:
      break;
    case cycle_shape::linear:
      r.retrain.rate = cycles_of(
          figures, sqwa::linear{.from = *figures.retrain_rate, .to = *figures.trough_rate, .length = period - 1},
          period);
      break;
    case cycle_shape::constant:
      r.retrain.rate = cycles_of(figures, sqwa::constant{*figures.retrain_rate}, period);
      break;
  }
  if (apart > 0) {
    auto const between = std::max<sqwa::step_index>(static_cast<sqwa::step_index>(apart * epoch + 0.5), 1);
    r.capture = sqwa::last{sqwa::every{.period = between, .offset = steps % between}, *figures.captures};
  }
  r.diagnose = {.captures = setting["diagnose"].get<bool>()};
  sqwa::check(r);
  return r;
}

}  // namespace example

#endif
