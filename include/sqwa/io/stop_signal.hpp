// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C as a question that a training loop asks between two steps.
#ifndef SQWA_IO_STOP_SIGNAL_HPP
#define SQWA_IO_STOP_SIGNAL_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal may come while it is written, and on any thread

inline void request_stop(int) noexcept { stop_requested.store(true, std::memory_order_relaxed); }

}  // namespace detail

/// While one exists, the first SIGINT (Ctrl-C) and the first SIGTERM set a flag instead of ending the program; the
/// second of either has its usual effect, so that a program which hangs can be ended.
///
/// A signal that was ignored before, as SIGINT is in the background of a script, stays ignored. At its end, what
/// happened before at these signals happens again. One at a time in a program. POSIX.
class stop_signal {
 public:
  stop_signal() noexcept {
    detail::stop_requested = false;
    for (std::size_t i = 0; i != signals.size(); ++i) {
      ::sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler == SIG_IGN) continue;
      struct ::sigaction first {};
      first.sa_handler = detail::request_stop;
      first.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
      ::sigaction(signals[i], &first, nullptr);
    }
  }
  stop_signal(stop_signal const&) = delete;
  stop_signal& operator=(stop_signal const&) = delete;
  ~stop_signal() {
    for (std::size_t i = 0; i != signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }

  /// Whether one of the signals has come.
  [[nodiscard]] bool requested() const noexcept { return detail::stop_requested.load(std::memory_order_relaxed); }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM};
  std::array<struct ::sigaction, signals.size()> before_{};
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
