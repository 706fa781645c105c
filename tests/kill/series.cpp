// SPDX-License-Identifier: BSD-3-Clause
// Kills a program a hundred times while it appends snapshots and saves averager state, lets it resume, and compares the
// bytes that are left with those of a run that no one disturbed.
//
// The moments are drawn from a seed: a fraction of the time that an undisturbed run takes here. A child that ends
// before its moment is not counted; then the next run begins anew.
#include <sqwa/io/series_writer.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/nn/model_average.hpp>

#include "io/models.hpp"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t snapshots = 8;
constexpr int kills = 100;
constexpr std::size_t weights = 40'000;  // enough that writing takes time

/// Trains, as it were: whatever is there is continued, until there are eight snapshots and their average.
void work(fs::path const& folder) {
  sqwa::io::series_writer writer(folder / "run.series");
  fs::path const state = folder / "average.state";
  auto average = fs::exists(state) ? sqwa::model_average<>::load(sqwa::io::read_file(state)) : sqwa::model_average<>();
  {
    sqwa::io::snapshot_series const series(folder / "run.series");  // what was appended but not yet averaged
    for (auto k = static_cast<std::size_t>(average.n_averaged()); k != series.size(); ++k) average.update(series[k]);
  }
  for (std::uint64_t k = writer.size(); k != snapshots; ++k) {
    auto const model = test::snapshot(k, weights);
    writer.append(model);
    average.update(model);
    sqwa::io::write_aside(state, average.save());
  }
  sqwa::io::write_aside(state, average.save());
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

std::array<std::vector<std::byte>, 2> left_in(fs::path const& folder) {
  return {sqwa::io::read_file(folder / "run.series"), sqwa::io::read_file(folder / "average.state")};
}

void clear(fs::path const& folder) {
  fs::remove_all(folder);
  fs::create_directory(folder);
}

int check() {
  fs::path const plain = "kill-test-plain", folder = "kill-test";
  std::chrono::microseconds whole{};
  for (int i = 0; i != 2; ++i) {  // the second is timed
    clear(plain);
    auto const begin = clock_type::now();
    if (!run(plain, {}, false).good) return std::puts("the undisturbed run failed"), 1;
    whole = std::chrono::duration_cast<std::chrono::microseconds>(clock_type::now() - begin);
  }
  auto const expected = left_in(plain);
  clear(folder);
  sqwa::noise const draw{.seed = 2024};
  int done = 0, ends = 0;
  std::array<int, snapshots + 1> reached{};
  for (std::uint64_t i = 0; done != kills; ++i) {
    if (i == 100 * kills) return std::puts("too few of the children lived long enough to be killed"), 1;
    auto const share = static_cast<double>(draw(i)) * 0.6;  // several kills to a run
    auto const moment =
        std::chrono::microseconds(static_cast<std::int64_t>(share * static_cast<double>(whole.count())));
    auto const result = run(folder, moment, true);
    if (!result.killed && !result.good) return std::printf("resumed after %d kills: failed\n", done), 1;
    if (result.killed) {
      ++done;
      if (fs::exists(folder / "run.series") && fs::file_size(folder / "run.series") > 64) {
        ++reached[sqwa::io::snapshot_series(folder / "run.series").size()];
      }
      continue;
    }
    ++ends;
    if (left_in(folder) != expected) return std::printf("after %d kills: other bytes\n", done), 1;
    clear(folder);
  }
  if (!run(folder, {}, false).good) return std::puts("the last run failed"), 1;
  if (left_in(folder) != expected) return std::puts("after the last kill: other bytes"), 1;
  std::printf("%d kills, %d runs to the end, %.1f ms a run; killed with so many snapshots:", done, ends + 1,
              static_cast<double>(whole.count()) / 1000);
  for (int n : reached) std::printf(" %d", n);
  std::puts("");
  fs::remove_all(folder);
  fs::remove_all(plain);
  return 0;
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
