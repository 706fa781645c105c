// SPDX-License-Identifier: BSD-3-Clause
// One run of the program `study`: a setting and a seed become a row of figures.
#ifndef SQWA_EXAMPLES_SUPPORT_STUDY_TRAINER_HPP
#define SQWA_EXAMPLES_SUPPORT_STUDY_TRAINER_HPP

#include "csv_log.hpp"
#include "data_choice.hpp"
#include "model_choice.hpp"
#include "study_setting.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/average/weights.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/method/low_bit_weights.hpp>
#include <sqwa/method/recipe.hpp>
#include <sqwa/method/training_run.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/surface/sharpness.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

/// The images of a setting: what is learned from, what is kept aside (perhaps nothing), what is tested on.
struct study_data {
  sqwa::nn::data_set train, held, test;
  sqwa::nn::augmentation augmentation;
};

/// Throws as `choose_data`, and `invalid_argument` where nothing would be left to train on.
inline study_data study_data_of(json const& setting, std::filesystem::path const& directory) {
  chosen_data all = choose_data(directory);
  std::size_t const there = all.sets.train.size(), wanted = setting["train"], held = setting["hold_out"];
  std::size_t const used = wanted == 0 ? there : wanted;
  if (used > there || held >= used) {
    throw std::invalid_argument("\"train\": " + std::to_string(wanted) + ", \"hold_out\": " + std::to_string(held) +
                                ", but there are " + std::to_string(there) + " training images in " +
                                directory.string());
  }
  return {sqwa::nn::slice(all.sets.train, 0, used - held), sqwa::nn::slice(all.sets.train, used - held, used),
          std::move(all.sets.test), all.augmentation};
}

/// A trainer whose re-estimation of statistics can be switched off.
struct study_learner : sqwa::nn::trainer<model_type, sqwa::backend<sqwa::xsimd_kernels<>, sqwa::sequential>> {
  using trainer::trainer;

  void refresh_statistics() {
    if (refresh) trainer::refresh_statistics();
  }

  bool refresh = true;
};

/// What a run tells of its models, in the order of the columns. The first three are those of every run; `control` and
/// `ema`, the exponential average of its latent weights in low bits, are of one without averaging, the others of one
/// with. `captures` is the mean over all, `best_capture` the one with the best accuracy on images kept aside, if any.
inline constexpr std::array study_models{"float",   "direct",      "captures", "last_capture", "best_capture",
                                         "average", "requantized", "sqwa",     "control",      "ema"};

/// How flat the loss is around the last model, `sqwa` or `control`, on the training images: the loss itself, and its
/// rise when 8 codes in each tensor move by one, and a tenth of each filter's norm away in random directions.
inline constexpr std::array flatness_columns{"train_loss", "train_accuracy", "rise_codes", "rise_direction"};

/// The columns: key, seed, the setting's members, steps of float training and of all that follows, captures, those of
/// the diagnosis and of the flatness, for each model loss and accuracy in percent on the images kept aside and on the
/// test images, seconds. What there is not is empty.
inline std::string study_header() {
  std::vector<std::string> names{"key", "seed"};
  for (auto const& [name, value] : default_setting().items()) names.push_back(name);
  for (char const* name : {"float_steps", "steps", "taken", "verdict", "distance", "barrier", "gain", "requantization"})
    names.emplace_back(name);
  names.insert(names.end(), flatness_columns.begin(), flatness_columns.end());
  for (char const* model : study_models) {
    for (char const* what : {"_held_loss", "_held_accuracy", "_test_loss", "_test_accuracy"})
      names.push_back(std::string(model) + what);
  }
  names.emplace_back("seconds");
  return csv_row(names);
}

/// Trains one run on one thread; the float models of runs that share them are trained once and kept in files.
class study_trainer {
 public:
  /// @pre the images are those of the setting; they must outlive the trainer
  study_trainer(study_run const& run, study_data const& data, std::filesystem::path const& float_models)
      : run_(run),
        data_(data),
        file_(float_models / (key_of(float_part(run.setting, run.seed)) + ".npz")),
        epoch_(static_cast<double>(data.train.size()) / run.setting["batch"].get<double>()),
        recipe_(recipe_of(run.setting, epoch_, run.seed)) {
    recipe_.diagnose.path.split = data.held.size() > 0 ? "held" : "train";
    auto l = learner();
    sqwa::check(recipe_, l);
  }

  [[nodiscard]] std::filesystem::path const& float_file() const noexcept { return file_; }

  /// Trains the float model, unless its file is there.
  void make_float() const {
    if (std::filesystem::exists(file_)) return;
    auto l = learner();
    sqwa::recipe only = recipe_;
    only.diagnose = {};
    sqwa::training_run(only, l, sqwa::run_part::train).finish();
    write_float_model(file_, l.model(), description(l));
  }

  /// Trains what follows, from the file; the row of the table.
  [[nodiscard]] std::string row() {
    auto const begin = std::chrono::steady_clock::now();
    auto l = learner();
    float_model_file const kept = read_float_model(file_);
    if (kept.description != description(l)) {
      throw sqwa::io::error(file_, 0, nlohmann::json(description(l)).dump(), nlohmann::json(kept.description).dump());
    }
    put(kept, file_, l.model());
    l.refresh_statistics();
    scores_["float"] = l.evaluate();
    auto const report = recipe_.average == sqwa::averaging::none ? control(l) : method(l);
    for (auto const& r : report.rows) scores_[r.model] = r.scores;
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

    std::vector<std::string> fields{run_.key(), std::to_string(run_.seed)};
    for (auto const& [name, value] : run_.setting.items()) {
      fields.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
    fields.push_back(std::to_string(recipe_.train.length()));
    fields.push_back(std::to_string(recipe_.low_bit_steps()));
    fields.push_back(std::to_string(report.captures));
    put_diagnosis(report, fields);
    put_flatness(report.model, fields);
    for (char const* model : study_models) {
      for (char const* split : {"held", "test"}) {
        sqwa::score const* const s = score_of(model, split);
        fields.push_back(s != nullptr ? number("%.6f", s->loss) : "");
        fields.push_back(s != nullptr ? number("%.4f", s->accuracy) : "");
      }
    }
    fields.push_back(number("%.2f", seconds));
    return csv_row(fields);
  }

 private:
  using scores = std::vector<sqwa::score>;

  static std::string number(char const* pattern, double value) {
    char text[40];
    std::snprintf(text, sizeof text, pattern, value);
    return text;
  }

  static void put_diagnosis(sqwa::report const& report, std::vector<std::string>& fields) {
    if (!report.diagnosis) return fields.resize(fields.size() + 5);
    auto const& [verdict, evidence] = std::pair{report.diagnosis->verdict, report.diagnosis->evidence};
    fields.emplace_back(sqwa::name_of(verdict.what));
    fields.push_back(number("%.6f", evidence.distance));
    for (auto const& part : {evidence.barrier, evidence.gain, evidence.requantization}) {
      fields.push_back(part ? number("%.6f", *part) : "");
    }
  }

  /// On a learner of its own, which looks at nothing but the training images.
  void put_flatness(sqwa::low_bit_model const& model, std::vector<std::string>& fields) const {
    if (!run_.setting["flatness"]) return fields.resize(fields.size() + flatness_columns.size());
    auto l = learner(false);
    l.watch("train", data_.train);
    sqwa::sharpness_options const draws{.repetitions = 20, .seed = run_.seed};
    auto const codes = sqwa::code_move_sharpness(l, model, 8, {}, draws).back();
    auto const p = sqwa::point_of(l, model);
    auto const direction = sqwa::direction_sharpness(l, p, 0.1, {}, draws);
    put(l, p);
    sqwa::score const here = l.evaluate().front();
    fields.push_back(number("%.6f", here.loss));
    fields.push_back(number("%.4f", here.accuracy));
    fields.push_back(number("%.6f", codes.mean));
    fields.push_back(number("%.6f", direction.mean));
  }

  sqwa::score const* score_of(std::string const& model, std::string_view split) const {
    auto const at = scores_.find(model);
    if (at == scores_.end()) return nullptr;
    auto const s = std::ranges::find(at->second, split, &sqwa::score::split);
    return s == at->second.end() ? nullptr : &*s;
  }

  [[nodiscard]] study_learner learner(bool watching = true) const {
    json const& s = run_.setting;
    auto const name = s["model"].get<std::string>();
    int const bits = s["activation_bits"];
    if (bits != 32 && (bits < 2 || bits > 8 || name != "convolutions")) {
      throw std::invalid_argument("\"activation_bits\": " + std::to_string(bits) +
                                  ": 32, or 2 to 8 in the model convolutions");
    }
    std::size_t const classes = data_.train.classes;
    model_type model = make_model(name, s["width"], classes);  // refuses names and widths
    if (bits != 32) model = convolutions(s["width"], classes, bits);
    sqwa::nn::trainer_options const how{
        .batch = s["batch"],
        .optimizer = sqwa::nn::sgd_options{.momentum = 0.9F, .nesterov = true, .weight_decay = s["weight_decay"]},
        .seed = run_.seed,
        .augmentation = data_.augmentation};
    study_learner l(std::move(model), data_.train, how);
    l.refresh = s["refresh"];
    if (!watching) return l;
    if (data_.held.size() > 0) {
      l.watch("held", data_.held);
    } else if (recipe_.diagnose.captures) {
      l.watch("train", data_.train);
    }
    l.watch("test", data_.test);
    return l;
  }

  [[nodiscard]] model_description description(study_learner& l) const {
    auto const images = data_.train.images.shape();
    sqwa::nn::normalization const& n = l.input_normalization();
    return {.model = run_.setting["model"],
            .width = run_.setting["width"],
            .classes = data_.train.classes,
            .image = {images[1], images[2], images[3]},
            .mean = {n.mean().begin(), n.mean().end()},
            .deviation = {n.deviation().begin(), n.deviation().end()}};
  }

  /// The method, each capture scored when it is taken, in a copy of the learner.
  sqwa::report method(study_learner& l) {
    std::optional<sqwa::training_run<study_learner>> run;
    std::vector<scores> captures;
    run.emplace(recipe_, l, sqwa::run_part::low_bit, [&](sqwa::progress const& p) {
      if (std::string_view(p.phase) != "retrain" || !recipe_.capture(recipe_.retrain.rate, p.step, p.steps)) return;
      run->in_place([&] {
        auto twin = l;
        twin.refresh_statistics();
        captures.push_back(twin.evaluate());
      });
    });
    run->finish();
    auto mean = captures.at(0);
    for (std::size_t split = 0; split != mean.size(); ++split) {
      auto const over = [&](double sqwa::score::*figure) {
        double sum = 0;
        for (scores const& c : captures) sum += c[split].*figure;
        return sum / static_cast<double>(captures.size());
      };
      mean[split].loss = over(&sqwa::score::loss);
      mean[split].accuracy = over(&sqwa::score::accuracy);
    }
    scores_["captures"] = std::move(mean);
    if (data_.held.size() > 0) {  // a draw goes to the smaller loss
      scores_["best_capture"] =
          *std::ranges::max_element(captures, {}, [](scores const& c) { return std::pair(c[0].accuracy, -c[0].loss); });
    }
    return std::move(*run).result();
  }

  /// The control; on the way, an exponential average of its latent weights, which goes to the control's own lattice:
  /// that of the float model.
  sqwa::report control(study_learner& l) {
    auto twin = l;
    sqwa::low_bit_weights low_bit(twin, recipe_.format, recipe_.seed);
    double const memory = run_.setting["ema_epochs"].get<double>() * epoch_;
    std::vector<sqwa::averager<std::vector<double>, sqwa::exponential_weight>> means;
    auto const each = [](study_learner& of, auto f) {
      std::size_t i = 0;
      for (auto const& p : of.parameters()) f(i++, p.value);
      for (auto const& p : of.float_parameters()) f(i++, p.value);
    };
    each(l, [&](std::size_t, auto) { means.emplace_back(sqwa::exponential_weight{memory > 1 ? 1 - 1 / memory : 0}); });
    sqwa::training_run run(recipe_, l, sqwa::run_part::low_bit, [&](sqwa::progress const&) {
      each(l, [&](std::size_t i, auto value) { means[i].update(std::span<float const>(value)); });
    });
    run.finish();
    if (recipe_.low_bit_steps() > 0) {
      each(twin, [&](std::size_t i, auto value) {
        std::ranges::transform(means[i].mean(), value.begin(), [](double v) { return static_cast<float>(v); });
      });
      low_bit.in_place([&] {
        twin.refresh_statistics();
        scores_["ema"] = twin.evaluate();
      });
    }
    return std::move(run).result();
  }

  study_run const& run_;
  study_data const& data_;
  std::filesystem::path file_;
  double epoch_;
  sqwa::recipe recipe_;
  std::map<std::string, scores> scores_;
};

}  // namespace example

#endif
