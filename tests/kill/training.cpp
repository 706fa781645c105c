// SPDX-License-Identifier: BSD-3-Clause
// Kills a training run fifty times at random moments, lets it resume from its checkpoint, and compares what it ends
// with with a run that no one disturbed: every bit of the model, of the latent weights and of the scores.
//
// The moments are drawn from a seed, as a fraction of the time that an undisturbed run takes here.
#include <sqwa/io/checkpointer.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/method/training_run.hpp>
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/schedule/combine.hpp>

#include "support/stripes.hpp"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace nn = sqwa::nn;
using clock_type = std::chrono::steady_clock;
constexpr int kills = 50;

/// Trains from wherever the checkpoint is to the end, saving every so often, and writes what comes out.
void work(fs::path const& folder) {
  auto const set = test::stripes(120);
  nn::trainer learner{nn::sequential{nn::conv2d{4, {.padding = 1, .bias = false}}, nn::batch_norm{}, nn::relu{},
                                     nn::basic_block{8, {.stride = 2}}, nn::global_average_pool{}, nn::dense{3}},
                      set,
                      {.batch = 24, .augmentation = {.crop = nn::random_crop{1}, .flip = nn::horizontal_flip{}}}};
  learner.watch("train", set);
  sqwa::recipe const r{.train = {sqwa::cosine{.hi = 0.1F, .lo = 0, .length = 59}, 60},
                       .retrain = {sqwa::cyclic{sqwa::cosine{.hi = 0.1F, .lo = 0.01F, .length = 11}, 12}, 60},
                       .capture = sqwa::at_trough{.last = 3},
                       .fine_tune = {sqwa::cosine{.hi = 0.02F, .lo = 0, .length = 39}, 40}};
  sqwa::training_run run(r, learner);
  sqwa::io::checkpointer keep(folder / "run.checkpoint", {.every = std::chrono::milliseconds(20)});
  keep.resume(run);
  while (!run.done()) {
    run.advance();
    keep.after_step(run);
  }
  sqwa::low_bit_model model = run.result().model;
  for (auto const& row : run.result().rows) {
    model.notes[row.model] = std::to_string(row.scores.at(0).loss) + " " + std::to_string(row.scores.at(0).accuracy);
  }
  sqwa::io::write_aside(folder / "latent", learner.save());
  sqwa::io::write_model(folder / "model", model);
}

struct outcome {
  bool killed = false;
  bool good = false;
};

/// Runs `work` in a process of its own, and kills it after `moment`, if it is still there.
outcome run(fs::path const& folder, std::chrono::microseconds moment, bool kill) {
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child < 0) return {};
  if (child == 0) {
    try {
      work(folder);
      _exit(0);
    } catch (std::exception const& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
      _exit(1);
    }
  }
  if (kill) {
    std::this_thread::sleep_for(moment);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return {WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

auto left_in(fs::path const& folder) {
  return std::pair(sqwa::io::read_file(folder / "latent"), sqwa::io::read_file(folder / "model"));
}

void clear(fs::path const& folder) {
  fs::remove_all(folder);
  fs::create_directory(folder);
}

int check() {
  fs::path const plain = "kill-training-plain", folder = "kill-training";
  clear(plain);
  auto const begin = clock_type::now();
  if (!run(plain, {}, false).good) return std::puts("the undisturbed run failed"), 1;
  auto const whole = std::chrono::duration_cast<std::chrono::microseconds>(clock_type::now() - begin);
  auto const expected = left_in(plain);
  clear(folder);
  sqwa::noise const draw{.seed = 2026};
  int done = 0, ends = 0, resumed = 0;
  for (std::uint64_t i = 0; done != kills; ++i) {
    if (i == 100 * kills) return std::puts("too few of the children lived long enough to be killed"), 1;
    auto const share = static_cast<double>(draw(i)) * 0.5;  // several kills to a run
    resumed += fs::exists(folder / "run.checkpoint");
    auto const moment =
        std::chrono::microseconds(static_cast<std::int64_t>(share * static_cast<double>(whole.count())));
    auto const result = run(folder, moment, true);
    if (!result.killed && !result.good) return std::printf("resumed after %d kills: failed\n", done), 1;
    done += result.killed;
    if (result.killed) continue;
    ++ends;
    if (left_in(folder) != expected) return std::printf("after %d kills: other bytes\n", done), 1;
    clear(folder);
  }
  if (!run(folder, {}, false).good) return std::puts("the last run failed"), 1;
  if (left_in(folder) != expected) return std::puts("after the last kill: other bytes"), 1;
  std::printf("%d kills, %d resumed from a checkpoint, %d runs to the end, %.0f ms a run\n", done, resumed, ends + 1,
              static_cast<double>(whole.count()) / 1000);
  fs::remove_all(folder);
  fs::remove_all(plain);
  return resumed > kills / 2 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return check();
  } catch (std::exception const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
