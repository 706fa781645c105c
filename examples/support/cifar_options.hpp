// SPDX-License-Identifier: BSD-3-Clause
// What the program `cifar` can be told.
#ifndef SQWA_EXAMPLES_SUPPORT_CIFAR_OPTIONS_HPP
#define SQWA_EXAMPLES_SUPPORT_CIFAR_OPTIONS_HPP

#include "model_choice.hpp"
#include "recipe_options.hpp"

#include <sqwa/io/file.hpp>
#include <sqwa/nn/distillation.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

struct cifar_options {
  std::string data;
  std::string model = "resnet20";
  std::optional<double> width;
  int levels = 3;
  std::string keep_float = "none";
  std::string preset = "standard";
  recipe_options figures;
  bool no_control = false;
  unsigned seed = 1;
  unsigned seeds = 1;
  int threads = 0;
  std::size_t batch = 128;
  float weight_decay = 5e-4F;
  double label_smoothing = 0;
  std::size_t hold_out = 0;
  std::string teacher;
  sqwa::nn::distillation_options distillation;
  std::string save_float;
  std::string float_model;
  std::string out = "cifar-report";
  bool resume = false;
  double checkpoint_minutes = 10;
  bool tensorboard = false;
  bool json = false;
  bool quiet = false;
};

/// A preset: the figures of its recipe, and what it is for.
struct cifar_preset {
  char const* name;
  char const* purpose;
  recipe_options figures;

  /// Epochs of a seed with its control.
  [[nodiscard]] double epochs() const {
    double const low_bit = *figures.cycles * *figures.cycle_epochs + *figures.fine_tune_epochs;
    return *figures.epochs + 2 * low_bit;
  }
};

inline std::array<cifar_preset, 3> cifar_presets() {
  recipe_options const rates{.rate = 0.1F,
                             .retrain_rate = 0.1F,
                             .last_rate = 0.02F,
                             .trough_rate = 0.002F,
                             .fine_tune_rate = 0.02F,
                             .control_rate = 0.1F};
  auto const with = [&](double epochs, int cycles, double cycle_epochs, int captures, double fine_tune_epochs) {
    recipe_options o = rates;
    o.epochs = epochs;
    o.cycles = cycles;
    o.cycle_epochs = cycle_epochs;
    o.captures = captures;
    o.fine_tune_epochs = fine_tune_epochs;
    return o;
  };
  return {{{"quick", "to see everything work", with(3, 4, 0.5, 3, 1)},
           {"standard", "to compare recipes", with(60, 10, 2, 7, 15)},
           {"long", "what the architecture is known for", with(200, 14, 10, 7, 60)}}};
}

/// The presets with their costs, for --help.
inline std::string preset_text() {
  std::string text = "Presets, for one seed with its control:\n";
  for (cifar_preset const& p : cifar_presets()) {
    recipe_options const& f = p.figures;
    double const minutes = p.epochs() * 54 / 60;
    char line[256];
    std::snprintf(
        line, sizeof line,
        "  %-9s %3.0f epochs: float %.0f, retraining %d cycles of %g, fine-tuning %.0f, control as both; %s: %s\n",
        p.name, p.epochs(), *f.epochs, *f.cycles, *f.cycle_epochs, *f.fine_tune_epochs,
        minutes < 100 ? (std::to_string(static_cast<int>(minutes + 0.5)) + " minutes").c_str()
                      : (std::to_string(static_cast<int>(minutes / 60 + 0.5)) + " hours").c_str(),
        p.purpose);
    text += line;
  }
  return text +
         "Times are those of resnet20 of width 16 on 50,000 images of CIFAR and two cores, where 1,000 images are\n"
         "trained on in a second and an epoch, with its look at the test images, takes 54 seconds.";
}

inline void declare(CLI::App& app, cifar_options& o) {
  auto const several = [](auto const& names) {
    return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
  };
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--data", o.data,
                 "directory of CIFAR-100, CIFAR-10 (binary versions), IDX files, or train/ and test/ "
                 "with a folder of PNG images for each class")
      ->required();
  app.add_option("--model", o.model, "architecture")->check(several(model_names))->capture_default_str();
  app.add_option("--width", o.width,
                 "channels of a resnet's first stage (16), factor of mobilenet_v2 (1), units of mlp (256)");
  app.add_option("--levels", o.levels, "levels of a weight: 3, 5, 7, 15, 31, 63, 127 or 255")->capture_default_str();
  app.add_option("--keep-float", o.keep_float,
                 "weights that stay float: none, or a list of first, last and patterns of names")
      ->capture_default_str();
  app.add_option("--preset", o.preset, "lengths and rates that are not given: quick, standard or long; see below")
      ->check(CLI::IsMember({"quick", "standard", "long"}))
      ->capture_default_str();
  declare(app, o.figures);
  app.add_flag("--no-control", o.no_control, "leave out the control: training of equal length without averaging");
  app.add_option("--seed", o.seed, "first seed")->capture_default_str();
  app.add_option("--seeds", o.seeds, "how many seeds, one after the other")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--threads", o.threads, "at most so many threads; 0: all; the figures do not depend on it")
      ->check(CLI::Range(0, 512))
      ->capture_default_str();
  app.add_option("--batch", o.batch, "images a step")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--weight-decay", o.weight_decay, "of all phases")->capture_default_str();
  app.add_option("--label-smoothing", o.label_smoothing, "of all phases")->capture_default_str();
  app.add_option("--hold-out", o.hold_out,
                 "keep the last N training images aside and test on them instead of the test set");
  app.add_option("--teacher", o.teacher,
                 "learn the low-bit weights from a teacher too: self, the float model of this "
                 "run, or a file of --save-float");
  app.add_option("--distil-weight", o.distillation.weight, "the teacher's share of the loss")->capture_default_str();
  app.add_option("--temperature", o.distillation.temperature, "of the teacher's and the student's answers")
      ->capture_default_str();
  app.add_option("--save-float", o.save_float, "write the float model here, as .npz");
  app.add_option("--float", o.float_model, "start from this float model instead of training one");
  app.add_option("--out", o.out, "directory of reports, logs and checkpoints")->capture_default_str();
  app.add_flag("--resume", o.resume, "go on where --out was left, or begin there");
  app.add_option("--checkpoint-minutes", o.checkpoint_minutes, "between two checkpoints; phases end with one anyway")
      ->capture_default_str();
  app.add_flag("--tensorboard", o.tensorboard, "event files too, below OUT/tensorboard");
  app.add_flag("--json", o.json, "the report as JSON on standard output, and nothing else there");
  app.add_flag("--quiet", o.quiet, "no progress");
  app.footer(preset_text());
}

/// Fills in what was left out, and refuses, by the option's name, what no training can be made of; also NaN.
inline void complete(cifar_options& o) {
  for (cifar_preset const& p : cifar_presets()) {
    if (p.name != o.preset) continue;
    recipe_options defaults = p.figures;
    if (o.figures.cycles) defaults.captures = std::min(*defaults.captures, std::max(*o.figures.cycles, 1));
    if (o.figures.retrain_rate) defaults.last_rate = std::min(*defaults.last_rate, *o.figures.retrain_rate);
    fill(o.figures, defaults);
  }
  if (!o.width) o.width = usual_width(o.model);
  if (!o.float_model.empty()) o.figures.epochs = 0;
  check(o.figures);
  check_within("--weight-decay", o.weight_decay, 0);
  check_within("--label-smoothing", o.label_smoothing, 0, 1);
  check_within("--distil-weight", o.distillation.weight, 0, 1);
  check_within("--checkpoint-minutes", o.checkpoint_minutes, 0);
  check_within("--temperature", o.distillation.temperature, smallest_figure);
  if (!o.save_float.empty() && o.seeds > 1)
    throw std::invalid_argument("--save-float: one model, but --seeds are several");
  (void)format_of(o.levels);
}

/// What the figures of a training depend on: kept with the training, and told in its report.
inline nlohmann::ordered_json settings_of(cifar_options const& o, std::string const& data) {
  nlohmann::ordered_json all{{"data", data},
                             {"seed", o.seed},
                             {"control", !o.no_control},
                             {"model", o.model},
                             {"width", *o.width},
                             {"levels", o.levels},
                             {"keep_float", o.keep_float},
                             {"batch", o.batch},
                             {"weight_decay", o.weight_decay},
                             {"label_smoothing", o.label_smoothing},
                             {"hold_out", o.hold_out},
                             {"float", o.float_model},
                             {"teacher", o.teacher},
                             {"distil_weight", o.distillation.weight},
                             {"temperature", o.distillation.temperature}};
  all.update(json_of(o.figures));
  return all;
}

/// Begins a training in a directory, or goes on with one that had these settings.
///
/// Throws `invalid_argument` for a directory where another training was begun, and without `resume` for one where any
/// was; `io::error` for settings that cannot be read.
inline void begin_in(std::filesystem::path const& out, nlohmann::ordered_json const& settings, bool resume) {
  auto const path = out / "settings.json";
  std::error_code status;
  if (!std::filesystem::exists(path, status)) {
    std::string const text = settings.dump(2) + "\n";
    return sqwa::io::write_aside(path, std::as_bytes(std::span(text)));
  }
  if (!resume) {
    throw std::invalid_argument("--out " + out.string() + ": a training was begun there; --resume goes on with it");
  }
  auto const bytes = sqwa::io::read_file(path);
  auto const begun = nlohmann::json::parse(reinterpret_cast<char const*>(bytes.data()),
                                           reinterpret_cast<char const*>(bytes.data()) + bytes.size(), nullptr, false);
  if (!begun.is_object()) throw sqwa::io::error(path, 0, "the settings of a training", "other text");
  for (auto const& [name, value] : settings.items()) {
    auto const was = begun.find(name);
    if (was != begun.end() && *was == nlohmann::json(value)) continue;
    std::string option = name;
    std::ranges::replace(option, '_', '-');
    std::string const had = was == begun.end() ? "none" : was->dump();
    if (name == "control") {
      throw std::invalid_argument("--no-control: the training in " + out.string() + " was begun with" +
                                  (had == "true" ? "out it" : " it"));
    }
    throw std::invalid_argument("--" + option + " " + value.dump() + ": the training in " + out.string() +
                                " was begun with " + had);
  }
}

}  // namespace example

#endif
