// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C as a question that a training loop asks between two steps.
#ifndef SQWA_IO_STOP_SIGNAL_HPP
#define SQWA_IO_STOP_SIGNAL_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <csignal>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline volatile std::sig_atomic_t stop_requested = 0;

/// The first signal is remembered; the second one has its usual effect, so that a program which hangs can be ended.
extern "C" inline void request_stop(int signal) {
  stop_requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace detail

/// While one exists, SIGINT (Ctrl-C) and SIGTERM set a flag instead of ending the program.
///
/// At its end, what happened before at these signals happens again. One at a time in a program.
class stop_signal {
 public:
  stop_signal() {
    detail::stop_requested = 0;
    for (std::size_t i = 0; i != signals.size(); ++i) before_[i] = std::signal(signals[i], detail::request_stop);
  }
  stop_signal(stop_signal const&) = delete;
  stop_signal& operator=(stop_signal const&) = delete;
  ~stop_signal() {
    for (std::size_t i = 0; i != signals.size(); ++i) std::signal(signals[i], before_[i]);
  }

  /// Whether one of the signals has come.
  [[nodiscard]] bool requested() const noexcept { return detail::stop_requested != 0; }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM};
  using handler = void (*)(int);
  std::array<handler, signals.size()> before_{};
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
