// SPDX-License-Identifier: BSD-3-Clause
// Shows how far a run has come: one line that is rewritten on a terminal, now and then a plain line elsewhere.
#ifndef SQWA_EXAMPLES_SUPPORT_PROGRESS_DISPLAY_HPP
#define SQWA_EXAMPLES_SUPPORT_PROGRESS_DISPLAY_HPP

#include <sqwa/method/phases.hpp>

#include <unistd.h>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <mutex>

namespace example {

/// One display for all seeds of a program, told from any thread. Writes to stderr.
class progress_display {
 public:
  progress_display(sqwa::step_index total_steps, bool quiet) : total_(total_steps), quiet_(quiet) {}

  void show(unsigned seed, sqwa::progress const& p) {
    std::scoped_lock const lock(mutex_);
    ++done_;
    if (quiet_) return;
    using namespace std::chrono;
    auto const now = steady_clock::now();
    auto const pause = terminal_ ? milliseconds(100) : milliseconds(5'000);
    if (now - shown_ < pause && done_ != total_) return;
    shown_ = now;
    double const left =
        duration<double>(now - begin_).count() * static_cast<double>(total_ - done_) / static_cast<double>(done_);
    std::fprintf(stderr, "%sseed %u  %-9s step %lld of %lld  rate %.5f  loss %.4f  %.0f %%, %.0f s left%s",
                 terminal_ ? "\r" : "", seed, p.phase, static_cast<long long>(p.step + 1),
                 static_cast<long long>(p.steps), static_cast<double>(p.rate), p.loss,
                 100.0 * static_cast<double>(done_) / static_cast<double>(total_), std::ceil(left),
                 terminal_ ? "\033[K" : "\n");
  }

  /// Leaves the line on the terminal free for what follows.
  void clear() const {
    if (terminal_ && !quiet_) std::fputs("\r\033[K", stderr);
  }

 private:
  std::mutex mutex_;
  sqwa::step_index total_;
  sqwa::step_index done_ = 0;
  bool quiet_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_ = begin_;
};

}  // namespace example

#endif
