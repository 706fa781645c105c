// SPDX-License-Identifier: BSD-3-Clause
// When a run is saved: every so often, between phases, and when it is told to stop.
#ifndef SQWA_IO_CHECKPOINTER_HPP
#define SQWA_IO_CHECKPOINTER_HPP

#include <sqwa/io/checkpoint.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

struct checkpointer_options {
  std::chrono::duration<double> every = std::chrono::minutes(10);  ///< of wall time; 0: after each step
};

/// Keeps one checkpoint of a run in one file.
///
/// A checkpoint that cannot be written is told to `warn` with the reason, after steps once until one succeeds again,
/// and training goes on; the last good one stays. A run that refuses to be saved, as a `training_run` does whose
/// weights are not finite, is no such case: what it throws passes through.
class checkpointer {
 public:
  using clock = std::function<std::chrono::duration<double>()>;

  /// `warn` receives a sentence; `now` is a clock that never goes back, in a test one that the test moves.
  explicit checkpointer(std::filesystem::path path, checkpointer_options options = {},
                        std::function<void(std::string const&)> warn = {}, clock now = steady)
      : path_(std::move(path)), options_(options), warn_(std::move(warn)), now_(std::move(now)), saved_(now_()) {}

  /// Continues `run` where the file was saved, if there is one; returns whether there was. Throws as `load_checkpoint`.
  ///
  /// Removes what processes that were killed while they wrote have left beside it: one process writes a file.
  template <savable_run R>
  bool resume(R& run) {
    detail::file_aside::remove_leftovers(detail::target_of(path_));
    std::error_code status;
    auto const file = std::filesystem::status(path_, status);
    if (!std::filesystem::status_known(file)) throw error(path_, 0, "a file, or none", status.message());
    if (!std::filesystem::exists(file)) return false;
    load_checkpoint(path_, run);
    saved_ = now_();
    return true;
  }

  /// Call after each step: saves when it is time, and wherever a phase has just ended. Returns whether it saved.
  template <savable_run R>
  bool after_step(R& run) {
    bool between = false;
    if constexpr (requires { run.between_phases(); }) between = run.between_phases();
    return (between || now_() - saved_ >= options_.every) && try_to_save(run);
  }

  /// Saves now, as before the program ends. Returns whether that went well; if not, that is told in any case.
  template <savable_run R>
  bool save(R& run) {
    failing_ = false;
    return try_to_save(run);
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

 private:
  template <savable_run R>
  bool try_to_save(R& run) {
    saved_ = now_();  // after a failure too: a full disk is not asked at every step
    try {
      save_checkpoint(path_, run);
      failing_ = false;
      return true;
    } catch (error const& e) {
      if (!failing_ && warn_) warn_(std::string("no checkpoint: ") + e.what());
      failing_ = true;
      return false;
    }
  }

  static std::chrono::duration<double> steady() { return std::chrono::steady_clock::now().time_since_epoch(); }

  std::filesystem::path path_;
  checkpointer_options options_;
  std::function<void(std::string const&)> warn_;
  clock now_;
  std::chrono::duration<double> saved_;  // when that was last tried
  bool failing_ = false;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
