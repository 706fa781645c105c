// SPDX-License-Identifier: BSD-3-Clause
// Our training steps for train_torch.py. Answers, on standard output, each line of standard input:
//
//   NETWORK BATCH THREADS         samples/s of whole steps: forward, backward, update; on oneTBB threads
//   NETWORK_ternary ...           the same with ternary weights and the straight-through gradient
//   team_NETWORK ...              the same by a team of two threads: thread_team
//   peak 0 1                      GFLOP/s of fused multiply-adds that touch no memory, one thread
//
// With "memory NETWORK BATCH" as arguments it makes ten steps and prints the peak of its resident memory in MB.
#include <sqwa/exec/team.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/sqwa.hpp>
#include "side_by_side.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <xsimd/xsimd.hpp>

namespace {

namespace nn = sqwa::nn;

sqwa::nn::data_set random_images(std::size_t count, std::size_t edge, std::size_t channels) {
  nn::data_set set;
  set.images.resize({count, edge, edge, channels});
  set.labels.resize({count});
  set.classes = 10;
  sqwa::noise const u{.seed = 1};
  for (std::size_t i = 0; i != set.images.size(); ++i) set.images.data()[i] = static_cast<std::uint8_t>(256 * u(i));
  for (std::size_t i = 0; i != count; ++i) set.labels.data()[i] = static_cast<std::uint8_t>(i % 10);
  return set;
}

auto lenet5() {
  return nn::sequential{nn::conv2d(6, {.kernel = 5, .padding = 2}),
                        nn::relu(),
                        nn::max_pool(2),
                        nn::conv2d(16, {.kernel = 5}),
                        nn::relu(),
                        nn::max_pool(2),
                        nn::dense(120),
                        nn::relu(),
                        nn::dense(84),
                        nn::relu(),
                        nn::dense(10)};
}
auto mlp() { return nn::sequential{nn::dense(256), nn::relu(), nn::dense(256), nn::relu(), nn::dense(10)}; }

/// One network in training, as a function that makes a step.
template <class Model, class Backend>
std::function<void()> steps_of(Model model, nn::data_set set, std::size_t batch, bool ternary, Backend where) {
  struct state {
    nn::data_set set;
    nn::trainer<Model, Backend> learner;
    sqwa::low_bit_weights<nn::trainer<Model, Backend>> weights;
    state(Model m, nn::data_set s, std::size_t batch, Backend b)
        : set(std::move(s)),
          learner(std::move(m), set,
                  {.batch = batch, .optimizer = nn::sgd_options{.momentum = 0.9F, .weight_decay = 1e-4F}}, b),
          weights(learner, sqwa::symmetric<3>{}) {}
  };
  auto const shared = std::make_shared<state>(std::move(model), std::move(set), batch, where);
  if (ternary) return [shared] { shared->weights.step(1e-3F, sqwa::straight_through::plain); };
  return [shared] {
    shared->learner.backward();
    shared->learner.update(1e-3F);
  };
}

template <class Backend>
std::function<void()> steps_of(std::string name, std::size_t batch, Backend where) {
  std::string const suffix = "_ternary";
  bool const ternary = name.ends_with(suffix);
  if (ternary) name.resize(name.size() - suffix.size());
  if (name == "resnet20") return steps_of(nn::resnet(20, 10), random_images(2 * batch, 32, 3), batch, ternary, where);
  if (name == "lenet5") return steps_of(lenet5(), random_images(2 * batch, 28, 1), batch, ternary, where);
  if (name == "mlp") return steps_of(mlp(), random_images(2 * batch, 28, 1), batch, ternary, where);
  throw std::invalid_argument("train_figures: no network " + name);
}

std::function<void()> steps_of(std::string const& name, std::size_t batch) {
  std::string const prefix = "team_";
  if (!name.starts_with(prefix)) return steps_of(name, batch, sqwa::fastest{});
  static sqwa::thread_team team(2);
  using on_team = sqwa::backend<sqwa::fused_kernels<>, sqwa::team_executor>;
  return steps_of(name.substr(prefix.size()), batch, on_team{team});
}

/// Over at least 0.3 s.
double steps_per_second(std::function<void()> const& step) {
  using clock = std::chrono::steady_clock;
  auto const start = clock::now();
  auto const passed = [&] { return std::chrono::duration<double>(clock::now() - start).count(); };
  int steps = 0;
  for (; passed() < 0.3; ++steps) step();
  return steps / passed();
}

/// GFLOP/s of twelve independent chains of fused multiply-adds.
double peak() {
  using vector = xsimd::batch<float>;
  constexpr int chains = 12, length = 1000;
  float volatile start = 1, kept = 0;
  auto const run = [&] {
    vector sum[chains];
    for (auto& s : sum) s = vector(start);
    vector const a(0.999F), b(1e-3F);
    for (int i = 0; i != length; ++i) {
#pragma GCC unroll 12
      for (int c = 0; c != chains; ++c) sum[c] = xsimd::fma(sum[c], a, b);
    }
    for (int c = 1; c != chains; ++c) sum[0] += sum[c];
    kept = sum[0].get(0);
  };
  return bench::rates({{"peak", run}}, 3).front() * 2 * chains * length * static_cast<double>(vector::size) / 1e9;
}

/// The most memory that this program has had, in MB. Not what getrusage says: that counts the parent's too.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  double kilobytes = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kilobytes;
  }
  return kilobytes / 1024;
}

void answer_questions() {
  oneapi::tbb::global_control const two(oneapi::tbb::global_control::max_allowed_parallelism, 2);
  std::map<int, std::unique_ptr<oneapi::tbb::task_arena>> arenas;
  std::map<std::string, std::function<void()>> networks;
  std::string name;
  std::size_t batch = 0;
  int threads = 0;
  while (std::cin >> name >> batch >> threads) {
    double figure = 0;
    if (name == "peak") {
      figure = peak();
    } else {
      auto& arena = arenas[threads];
      if (!arena) arena = std::make_unique<oneapi::tbb::task_arena>(threads);
      std::string const key = name + "/" + std::to_string(batch);
      if (!networks.contains(key)) networks[key] = steps_of(name, batch);
      arena->execute([&] { figure = steps_per_second(networks[key]) * static_cast<double>(batch); });
    }
    std::printf("%.6g\n", figure);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 4 && argv[1] == std::string("memory")) {
      auto const step = steps_of(argv[2], static_cast<std::size_t>(std::atol(argv[3])));
      for (int i = 0; i != 10; ++i) step();
      std::printf("%.1f\n", peak_memory());
      return 0;
    }
    answer_questions();
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
