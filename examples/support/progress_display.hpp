// SPDX-License-Identifier: BSD-3-Clause
// Shows how far a training has come: one line that is rewritten on a terminal, now and then a plain line elsewhere.
#ifndef SQWA_EXAMPLES_SUPPORT_PROGRESS_DISPLAY_HPP
#define SQWA_EXAMPLES_SUPPORT_PROGRESS_DISPLAY_HPP

#include <sqwa/method/phases.hpp>

#include <sys/ioctl.h>
#include <unistd.h>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>

namespace example {

struct display_options {
  sqwa::step_index steps = 1;  ///< of everything that is shown here
  std::size_t batch = 1;       ///< images a step
  double epoch = 1;            ///< steps an epoch
  bool quiet = false;
};

/// "48 s", "12 min" or "3 h 05 min".
inline std::string time_text(double seconds) {
  char text[32];
  double const whole = std::ceil(seconds), minutes = std::ceil(seconds / 60);
  if (whole < 100) {
    std::snprintf(text, sizeof text, "%.0f s", whole);
  } else if (minutes < 100) {
    std::snprintf(text, sizeof text, "%.0f min", minutes);
  } else {
    std::snprintf(text, sizeof text, "%.0f h %02.0f min", std::floor(minutes / 60), std::fmod(minutes, 60));
  }
  return text;
}

/// One display for all trainings of a program, told from any thread. Writes to stderr.
///
/// On a terminal the line is rewritten at most five times a second, in one piece and cut to the width; elsewhere there
/// is a line every half minute. Images a second are a running mean over half a minute, evaluations included.
class progress_display {
 public:
  using clock = std::chrono::steady_clock;

  explicit progress_display(display_options options, std::FILE* to = stderr, std::optional<bool> terminal = {},
                            clock::time_point now = clock::now())
      : options_(options), to_(to), terminal_(terminal.value_or(isatty(fileno(to)) != 0)), shown_(now), counted_(now) {}

  progress_display(progress_display const&) = delete;
  progress_display& operator=(progress_display const&) = delete;
  ~progress_display() { clear(); }

  /// After each training step, with the last measured accuracy if there is one.
  void show(unsigned seed, sqwa::progress const& p, std::optional<double> accuracy = {},
            clock::time_point now = clock::now()) {
    std::scoped_lock const lock(mutex_);
    ++done_;
    ++fresh_;
    if (options_.quiet || (now - shown_ < pause() && done_ != options_.steps)) return;
    shown_ = now;
    count(now);
    char test[32] = "";
    if (accuracy) std::snprintf(test, sizeof test, "  test %.2f %%", *accuracy);
    char line[256];
    std::snprintf(line, sizeof line, "seed %u  %-9s epoch %.2f of %.4g  rate %.5f  loss %.4f%s  %.0f images/s  %.0f %%",
                  seed, p.phase, static_cast<double>(p.step + 1) / options_.epoch,
                  static_cast<double>(p.steps) / options_.epoch, static_cast<double>(p.rate), p.loss, test,
                  speed_ * static_cast<double>(options_.batch),
                  std::floor(100.0 * static_cast<double>(done_) / static_cast<double>(options_.steps)));
    std::string text = line;
    if (speed_ > 0) text += ", " + time_text(static_cast<double>(options_.steps - done_) / speed_) + " left";
    write(text);
  }

  /// So many steps need not be made: they were, before this program began.
  void skip(sqwa::step_index steps) {
    std::scoped_lock const lock(mutex_);
    done_ += steps;
  }

  /// A line of its own, above the one that is rewritten; told also where the display is quiet.
  void say(std::string const& text) {
    std::scoped_lock const lock(mutex_);
    put((terminal_ && !options_.quiet ? "\r\033[K" : "") + text + "\n");
  }

  /// Leaves the line on the terminal free for what follows.
  void clear() {
    std::scoped_lock const lock(mutex_);
    if (terminal_ && !options_.quiet) put("\r\033[K");
  }

 private:
  [[nodiscard]] clock::duration pause() const {
    return terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(30);
  }

  /// Steps a second, forgotten with a time constant of half a minute.
  void count(clock::time_point now) {
    double const seconds = std::chrono::duration<double>(now - counted_).count();
    if (seconds <= 0) return;
    double const latest = static_cast<double>(fresh_) / seconds;
    speed_ = speed_ == 0 ? latest : speed_ + (1 - std::exp(-seconds / 30)) * (latest - speed_);
    counted_ = now;
    fresh_ = 0;
  }

  void write(std::string text) const {
    if (!terminal_) return put(text + "\n");
    ::winsize size{};
    if (::ioctl(fileno(to_), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && text.size() >= size.ws_col) {
      text.resize(size.ws_col - 1U);  // a line that wraps could not be rewritten
    }
    put("\r" + text + "\033[K");
  }

  void put(std::string const& text) const {
    std::fwrite(text.data(), 1, text.size(), to_);
    std::fflush(to_);
  }

  std::mutex mutex_;
  display_options options_;
  std::FILE* to_;
  bool terminal_;
  sqwa::step_index done_ = 0;
  sqwa::step_index fresh_ = 0;  // since `counted_`
  double speed_ = 0;            // steps a second
  clock::time_point shown_;
  clock::time_point counted_;
};

}  // namespace example

#endif
