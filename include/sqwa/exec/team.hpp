// SPDX-License-Identifier: BSD-3-Clause
// Threads that stay awake between short loops: std::thread runs the pieces.
#ifndef SQWA_EXEC_TEAM_HPP
#define SQWA_EXEC_TEAM_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Threads for loops of a few microseconds: they look for work for a while before they sleep.
///
/// [0, n) is cut into one run of neighbours for each thread, so a thread meets the same data in loop after loop, and
/// its core's cache holds them. The calling thread is one of the team. It takes over what a thread has not begun when
/// its own part is done, and later what a slow one still has, so a busy machine is no slower than one thread by much.
/// A call of `for_each` while another one runs, from inside it or from elsewhere, runs in its own calling thread.
/// A team stays where it is, since its threads and executors know its address.
/// Memory: two cache lines and a thread's stack for each thread, taken by the constructor.
class thread_team {
 public:
  /// `threads` run the loops, the caller's among them. Each keeps its core busy for `spin` after a loop, then sleeps;
  /// waking it takes some ten microseconds.
  ///
  /// Throws `std::system_error` where the machine has no more threads.
  /// @pre threads > 0, spin >= 0
  explicit thread_team(std::size_t threads = std::max(1U, std::thread::hardware_concurrency()),
                       std::chrono::nanoseconds spin = std::chrono::microseconds{50})
      : thread_team(spin, (check(threads, spin), threads - 1)) {
    crew_.reserve(threads - 1);
    for (std::size_t t = 0; t != threads - 1; ++t) crew_.emplace_back([this, t] { work(shares_[t]); });
  }

  thread_team(thread_team const&) = delete;
  thread_team& operator=(thread_team const&) = delete;

  /// @pre no `for_each` is running
  ~thread_team() {
    for (std::size_t t = 0; t != crew_.size(); ++t) {
      shares_[t].left.store(stop);
      shares_[t].left.notify_one();
    }
    for (std::thread& t : crew_) t.join();
  }

  /// How many threads run a loop, the caller's among them.
  [[nodiscard]] std::size_t size() const noexcept { return crew_.size() + 1; }

  /// Runs `f(0)`, ..., `f(n - 1)` and returns when all have returned.
  ///
  /// Where calls throw, the exception of the lowest index leaves, after all calls that had begun have ended.
  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) {
    if (n < 2 || crew_.empty() || busy_.test_and_set(std::memory_order_acquire)) return sequential{}.for_each(n, f);
    auto const run = [&f](std::size_t first, std::size_t last, failure& bad) {
      std::size_t i = first;
#ifdef __cpp_exceptions
      try {
        for (; i != last; ++i) f(i);
      } catch (...) {
        if (i < bad.index) bad = {i, std::current_exception()};
      }
#else
      for (; i != last; ++i) f(i);
      static_cast<void>(bad);
#endif
    };
    failure bad = run_all(n, {&run, [](void const* call, std::size_t first, std::size_t last, failure& b) {
                                (*static_cast<decltype(run)*>(call))(first, last, b);
                              }});
    busy_.clear(std::memory_order_release);
    if (bad.what) std::rethrow_exception(std::move(bad.what));
  }

 private:
  /// The exception of the lowest index so far.
  struct failure {
    std::size_t index = static_cast<std::size_t>(-1);
    std::exception_ptr what{};
  };

  /// A loop's calls from `first` to `last`, with its type forgotten.
  struct calls {
    void const* object = nullptr;
    void (*invoke)(void const*, std::size_t first, std::size_t last, failure&) = nullptr;
  };

  /// What one thread of the crew is to do. It takes blocks from the front, the caller from the back.
  ///
  /// The plain members belong to whoever has taken a block, and to the caller between loops.
  struct alignas(64) share {
    std::atomic<std::uint32_t> left = 0;  // the blocks not taken: first in the low half, last in the high half
    calls work;
    std::size_t first = 0;
    std::size_t count = 0;
    std::uint32_t blocks = 0;
    alignas(64) std::atomic<std::uint32_t> ended = 0;  // blocks that the thread itself has run
    failure bad;
  };

  using clock = std::chrono::steady_clock;
  using seconds = std::chrono::duration<double>;

  static constexpr seconds trial{200e-6};          // what may be lost before the caller works alone
  static constexpr seconds most_balance{1000e-6};  // what earlier loops may have saved for later ones to lose
  static constexpr std::size_t max_blocks = 8;
  static constexpr std::uint32_t stop = 0xFFFF0000;

  static constexpr std::uint32_t front(std::uint32_t left) { return left & 0xFFFF; }
  static constexpr std::uint32_t back(std::uint32_t left) { return left >> 16; }

  static void check(std::size_t threads, std::chrono::nanoseconds spin) {
    expects(threads > 0, "thread_team: a team has at least one thread, not {}", threads);
    expects(spin.count() >= 0, "thread_team: threads cannot stay awake for {} ns", spin.count());
  }

  // Only allocates: when a thread cannot be started, the destructor joins the ones before it.
  thread_team(std::chrono::nanoseconds spin, std::size_t crew)
      : spin_(spin), shares_(std::make_unique<share[]>(crew)) {}

  /// Where part k of [0, n) in `parts` begins.
  static constexpr std::size_t cut(std::size_t n, std::size_t parts, std::size_t k) {
    return n / parts * k + std::min(n % parts, k);
  }

  static void run_block(share& s, std::uint32_t block, failure& bad) {
    s.work.invoke(s.work.object, s.first + cut(s.count, s.blocks, block), s.first + cut(s.count, s.blocks, block + 1),
                  bad);
  }

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
  }

  /// Waits for `ready()`, at most as long as a thread stays awake; gives what it said last.
  template <std::predicate Ready>
  bool stay_awake(Ready ready) const {
    for (int i = 0; i != 64; ++i) {  // most waits end before a clock could be read often
      if (ready()) return true;
      pause();
    }
    for (auto const begin = clock::now(); clock::now() - begin < spin_;) {
      for (int i = 0; i != 16; ++i) {
        if (ready()) return true;
        pause();
      }
    }
    return false;
  }

  /// A thread of the crew.
  void work(share& s) {
    for (;;) {
      std::uint32_t left = s.left.load(std::memory_order_acquire);
      if (left == stop) return;
      if (front(left) == back(left)) {
        if (!stay_awake([&] { return s.left.load(std::memory_order_relaxed) != left; })) s.left.wait(left);
      } else if (s.left.compare_exchange_weak(left, left + 1)) {  // only now may the plain members be read
        run_block(s, front(left), s.bad);
        s.ended.fetch_add(1);
        s.ended.notify_one();
      }
    }
  }

  /// Takes blocks from the back of a share and runs them: all that are left, or those of a thread that has not begun.
  /// Gives how many calls they were.
  static std::size_t take_over(share& s, bool begun_too, failure& bad) {
    std::uint32_t left = s.left.load(std::memory_order_relaxed);
    std::uint32_t lowest = s.blocks;
    while (front(left) != back(left) && (begun_too || front(left) == 0)) {
      if (s.left.compare_exchange_weak(left, left - 0x10000)) {
        lowest = back(left) - 1;
        run_block(s, lowest, bad);
        left = s.left.load(std::memory_order_relaxed);
      }
    }
    return s.count - cut(s.count, s.blocks, lowest);
  }

  failure run_all(std::size_t n, calls work) {
    failure bad;
    auto const begin = clock::now();
    if (alone_) {
      work.invoke(work.object, 0, n, bad);
      balance_ += seconds(clock::now() - begin) / 20;
      alone_ = balance_ < seconds{};
      return bad;
    }
    std::size_t const used = std::min(n, size()) - 1;  // shares of the crew; the caller's begins at 0
    std::size_t mine = cut(n, used + 1, 1);
    for (std::size_t t = 0; t != used; ++t) post(shares_[t], work, cut(n, used + 1, t + 1), cut(n, used + 1, t + 2));
    auto const posted = clock::now();
    work.invoke(work.object, 0, mine, bad);
    for (std::size_t t = 0; t != used; ++t) mine += take_over(shares_[t], false, bad);
    auto const done = clock::now();
    for (std::size_t t = 0; t != used; ++t) {
      share& s = shares_[t];
      auto const ended = [&s, all = back(s.left.load())] { return s.ended.load(std::memory_order_acquire) == all; };
      if (!stay_awake(ended)) wait_for_slow(s, bad);
      if (s.bad.index < bad.index) bad = s.bad;
      if (s.bad.what) s.bad = {};
    }
    seconds const alone = seconds(done - posted) / static_cast<double>(mine) * static_cast<double>(n);
    balance_ = std::min(balance_ + (alone - seconds(clock::now() - begin)), most_balance);
    alone_ = balance_ < -trial;
    return bad;
  }

  static void post(share& s, calls work, std::size_t first, std::size_t last) {
    s.work = work;
    s.first = first;
    s.count = last - first;
    s.blocks = static_cast<std::uint32_t>(std::min(s.count, max_blocks));
    s.ended.store(0, std::memory_order_relaxed);
    s.left.store(s.blocks << 16);
    s.left.notify_one();
  }

  /// Its thread has lost its core, or has more to do than the caller had.
  static void wait_for_slow(share& s, failure& bad) {
    take_over(s, true, bad);
    std::uint32_t const all = back(s.left.load());
    for (std::uint32_t ended; (ended = s.ended.load(std::memory_order_acquire)) != all;) s.ended.wait(ended);
  }

  std::chrono::nanoseconds spin_;
  seconds balance_{};                // time that the crew has saved
  bool alone_ = false;               // the caller works alone until a twentieth of its time has paid what was lost
  std::unique_ptr<share[]> shares_;  // one for each thread of the crew
  std::vector<std::thread> crew_;
  alignas(64) std::atomic_flag busy_;
};

/// Runs calls on a `thread_team`, which must outlive it; without one, in the calling thread.
class team_executor {
 public:
  team_executor() = default;
  team_executor(thread_team& team) : team_(&team) {}  // implicit: `backend<K, team_executor>{team}`

  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) const {
    if (team_ == nullptr) return sequential{}.for_each(n, f);
    team_->for_each(n, f);
  }

 private:
  thread_team* team_ = nullptr;
};

static_assert(executor<team_executor>);

}  // namespace sqwa::inline SQWA_ABI

#endif
