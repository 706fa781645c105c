// SPDX-License-Identifier: BSD-3-Clause
// A thread that prepares the next item of a row while the present one is in use.
#ifndef SQWA_NN_READ_AHEAD_HPP
#define SQWA_NN_READ_AHEAD_HPP

#include <sqwa/core/config.hpp>

#ifndef __cpp_exceptions
#error "sqwa/nn/read_ahead.hpp needs exceptions"
#endif

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// Items 0, 1, 2, … of a row, each made by `make(n, item)` into an item that is there already: n + 1 is made by a
/// thread while the caller uses n.
///
/// `make` is called by one thread at a time, and sees the items in whatever order they are asked for. The object stays
/// where it is. Memory: one item and a thread.
template <std::swappable Item, std::invocable<std::uint64_t, Item&> Make>
class read_ahead {
 public:
  /// Starts the thread. `room` is what it makes its first item into.
  ///
  /// Throws `std::system_error` where the machine has no more threads.
  read_ahead(Item room, Make make) : made_(std::move(room)), make_(std::move(make)), thread_([this] { work(); }) {}
  read_ahead(read_ahead const&) = delete;
  read_ahead& operator=(read_ahead const&) = delete;

  /// Waits for the item that is being made, and drops it.
  ~read_ahead() {
    wait();
    tell(word::stop);
    thread_.join();
  }

  /// Makes `item` the item `n`, and begins with n + 1. What is not the next one to the last is made here and now.
  ///
  /// Throws what `make` threw for item `n`, whichever thread it was in; the next call makes its item here and now.
  void take(std::uint64_t n, Item& item) {
    bool const made = wait() && next_ == n;
    if (made && failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    if (made) {
      std::ranges::swap(item, made_);
    } else {
      make_(n, item);
    }
    failed_ = nullptr;
    next_ = n + 1;
    tell(word::make);
  }

 private:
  enum class word : std::uint32_t { rest, make, made, stop };

  void tell(word w) {
    state_.store(w, std::memory_order_release);
    state_.notify_one();
  }

  /// Waits until the thread rests. Whether it has made an item since.
  bool wait() {
    state_.wait(word::make, std::memory_order_acquire);
    return state_.exchange(word::rest, std::memory_order_relaxed) == word::made;
  }

  void work() {
    for (;;) {
      word const now = state_.load(std::memory_order_acquire);
      if (now == word::stop) return;
      if (now != word::make) {
        state_.wait(now, std::memory_order_acquire);
        continue;
      }
      try {
        make_(next_, made_);
      } catch (...) {
        failed_ = std::current_exception();
      }
      tell(word::made);
    }
  }

  Item made_;
  Make make_;
  std::uint64_t next_ = 0;                // what the thread makes, or has made;
  std::exception_ptr failed_;             // or why it could not
  std::atomic<word> state_ = word::rest;  // `make`: all above belong to the thread, otherwise to the caller
  std::thread thread_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
