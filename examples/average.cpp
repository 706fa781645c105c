// SPDX-License-Identifier: BSD-3-Clause
// Averages model files: NumPy's npz and npy, low-bit models and series of their snapshots.
//
//   sqwa-average -o mean.npz a.npz b.npz c.npz                the mean, tensor by tensor; integers are copied
//   sqwa-average -o mean.sqwa --levels 3 run.series           the mean of all snapshots, and mean.3.sqwa, ternary again
#include "support/guarded.hpp"
#include "support/model_files.hpp"
#include "support/number_text.hpp"
#include "support/requantize.hpp"

#include <sqwa/exec/tbb.hpp>
#include <sqwa/kernels/xsimd.hpp>
#include <sqwa/nn/model_average.hpp>

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace example;

struct program_options {
  std::vector<std::string> inputs;
  std::string out;
  std::vector<double> weights;
  std::vector<std::string> copy;
  std::vector<std::string> skip;
  int levels = 0;  // 0: no quantized model
  std::string scales = "tensor";
  bool force = false;
  bool quiet = false;
};

void declare(CLI::App& app, program_options& o) {
  app.add_option("files", o.inputs, "npz, npy, model.sqwa or snapshot series; all of one family")->required();
  app.add_option("-o,--output", o.out, "where the mean goes: .npz, .npy or .sqwa, as the inputs")->required();
  app.add_option("--weights", o.weights, "one weight above 0 for each model, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--copy", o.copy, "tensors to take from the last model: a name, * and ? allowed; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--skip", o.skip, "tensors to leave out of the mean: as for --copy")->allow_extra_args(false);
  app.add_option("--levels", o.levels, "also write OUTPUT.N.sqwa, quantized to 3, 5, 7, 15, 31, 63, 127 or 255 levels");
  app.add_option("--scales", o.scales, "one scale for each tensor or channel of the quantized model")
      ->check(CLI::IsMember({"tensor", "channel"}))
      ->capture_default_str();
  app.add_flag("--force", o.force, "replace an output that is there already; never an input");
  app.add_flag("--quiet", o.quiet, "no progress");
}

/// Says how far the work is: on a terminal one line that is rewritten, elsewhere a plain line now and then.
class progress {
 public:
  progress(std::size_t total, bool quiet) : total_(total), quiet_(quiet) {}
  void show(std::size_t done, std::string const& what) {
    auto const now = std::chrono::steady_clock::now();
    if (quiet_ || now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5'000)))
      return;
    shown_ = now;
    std::fprintf(stderr, "%saveraged %zu of %zu models: %s%s", terminal_ ? "\r" : "", done, total_, what.c_str(),
                 terminal_ ? "\033[K" : "\n");
    line_ = terminal_;
  }
  ~progress() {
    if (line_) std::fputs("\r\033[K", stderr);
  }

 private:
  std::size_t total_;
  bool quiet_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool line_ = false;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

/// The share of each model in the mean of those up to it: what makes a running mean a weighted one.
struct given_weights {
  std::vector<double> shares;

  explicit given_weights(std::vector<double> const& weights) {
    double sum = 0;
    for (double w : weights) {
      if (!std::isfinite(w) || w <= 0) throw std::invalid_argument("--weights: " + number_text(w) + "; above 0");
      sum += w;
      shares.push_back(w / sum);
    }
  }
  double operator()(sqwa::step_index n) const { return shares[static_cast<std::size_t>(n)]; }
};

/// Refuses outputs that are inputs, and such as are there already.
void check_output(fs::path const& out, program_options const& o) {
  std::error_code ignored;
  for (std::string const& in : o.inputs) {
    if (fs::equivalent(in, out, ignored)) throw std::invalid_argument(out.string() + " is an input: not overwritten");
  }
  if (!o.force && fs::exists(fs::symlink_status(out))) {
    throw std::invalid_argument(out.string() + " is there already; --force replaces it");
  }
}

template <class Weight>
loaded_model mean_of(std::vector<model_place> const& places, program_options const& o, Weight weight,
                     std::set<std::string>& low_bit) {
  sqwa::policy_by_name policy;
  for (std::string const& p : o.copy) policy.rules.push_back({p, sqwa::tensor_policy::copy});
  for (std::string const& p : o.skip) policy.rules.push_back({p, sqwa::tensor_policy::skip});
  sqwa::model_average average(policy, std::move(weight), sqwa::backend<sqwa::xsimd_kernels<>, sqwa::tbb_executor>{});
  progress display(places.size(), o.quiet);
  loaded_model model;
  for (std::size_t k = 0; k != places.size(); ++k) {
    display.show(k, places[k].text());
    model = load(places[k]);
    try {
      if (places[k].low_bit()) {
        average.update(model.low_bit);
      } else {
        with_parts(model.arrays, [&](auto const&... parts) { average.update(parts...); });
      }
    } catch (sqwa::contract_error const& e) {
      throw std::runtime_error(places[k].text() + ": " + e.what());
    }
  }
  if (places[0].low_bit()) {
    for (auto const& t : model.low_bit.weights) low_bit.insert(t.name);
    model.low_bit = average.to_model();
    model.low_bit.notes = {{"mean_of", std::to_string(places.size())}};
  } else {
    with_parts(model.arrays, [&](auto&... parts) { average.value_to(parts...); });
    std::erase_if(model.arrays, [&](auto const& m) { return policy(m.name) == sqwa::tensor_policy::skip; });
  }
  return model;
}

int run(program_options const& o) {
  auto const places = places_of(o.inputs);
  fs::path const out = o.out;
  if (out.extension() != ending_of(places[0])) {
    throw std::invalid_argument(out.string() + ": the mean of such files ends in " + ending_of(places[0]));
  }
  if (!o.weights.empty() && o.weights.size() != places.size()) {
    throw std::invalid_argument("--weights: " + std::to_string(o.weights.size()) + " weights for " +
                                std::to_string(places.size()) + " models");
  }
  fs::path quantized = out;
  quantized.replace_extension("." + std::to_string(o.levels) + ".sqwa");
  check_output(out, o);
  if (o.levels != 0) {
    (void)format_of(o.levels, false);  // refuses before the work what it would refuse after it
    check_output(quantized, o);
  }
  std::set<std::string> low_bit;
  loaded_model mean = o.weights.empty() ? mean_of(places, o, sqwa::uniform{}, low_bit)
                                        : mean_of(places, o, given_weights(o.weights), low_bit);
  write(out, places[0], mean);
  std::printf("%s: the mean of %zu models\n", out.c_str(), places.size());
  if (o.levels != 0) {
    auto const model = requantized(mean, low_bit, format_of(o.levels, o.scales == "channel"));
    sqwa::io::write_model(quantized, model);
    std::printf("%s: %d levels, %.2f bits a weight\n", quantized.c_str(), o.levels, sqwa::bits_per_weight(model));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  program_options options;
  CLI::App app{"Averages model files, tensor by tensor: floats in double, codes exactly, integers copied"};
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return guarded("sqwa-average", [&] { return run(options); });
}
