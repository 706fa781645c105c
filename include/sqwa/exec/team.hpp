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

namespace detail {

/// Whether a team pays: what its loops have saved against one thread alone, or lost.
///
/// More than 4 ms in debt, about a turn of the scheduler, the caller works alone until a fortieth of its time has paid
/// all of it. Savings over 20 ms and debts over 100 ms are forgotten.
class savings {
 public:
  using seconds = std::chrono::duration<double>;

  [[nodiscard]] constexpr bool pays() const noexcept { return pays_; }

  /// A loop of the team took `took`, where one thread would have taken `alone`.
  constexpr void together(seconds took, seconds alone) noexcept {
    saved_ = std::clamp(saved_ + (alone - took), -most_lost, most_saved);
    pays_ = saved_ >= -trial;
  }

  /// A loop of the caller alone took `took`.
  constexpr void apart(seconds took) noexcept {
    saved_ += took / 40;
    pays_ = saved_ >= seconds{};
  }

 private:
  static constexpr seconds trial{0.004}, most_saved{0.02}, most_lost{0.1};

  seconds saved_{};
  bool pays_ = true;
};

}  // namespace detail

/// Threads for loops of a few microseconds: they look for work for a while before they sleep.
///
/// [0, n) is cut into one run of neighbours for each thread, so a thread meets the same data in loop after loop, and
/// its core's cache holds them. The calling thread is one of the team, and takes over the runs that have not begun when
/// its own is done. Where the others cost more time than they save, because other programs hold the cores or the loops
/// are too short, it works alone for a while. So calls must not wait for each other: one thread may run them all.
/// A call of `for_each` while another one runs, from inside it or from elsewhere, runs in its own calling thread.
/// A team stays where it is, since its threads and executors know its address.
/// Memory: two cache lines and a thread's stack for each thread, taken by the constructor.
class thread_team {
 public:
  /// `threads` run the loops, the caller's among them. Each keeps its core busy for `spin` after a loop, then sleeps;
  /// waking it costs the caller some microseconds, and it comes late to that loop.
  ///
  /// Throws `std::system_error` where the machine has no more threads.
  /// @pre threads > 0, spin >= 0
  explicit thread_team(std::size_t threads = std::max(1U, std::thread::hardware_concurrency()),
                       std::chrono::nanoseconds spin = std::chrono::microseconds{200})
      : thread_team(spin, (check(threads, spin), threads - 1)) {
    crew_.reserve(threads - 1);
    for (std::size_t t = 0; t != threads - 1; ++t) crew_.emplace_back([this, t] { work(shares_[t]); });
  }

  thread_team(thread_team const&) = delete;
  thread_team& operator=(thread_team const&) = delete;

  /// @pre no `for_each` is running
  ~thread_team() {
    for (std::size_t t = 0; t != crew_.size(); ++t) {
      shares_[t].told.store(word::stop);
      shares_[t].told.notify_one();
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

  enum class word : std::uint32_t { none, go, stop };

  /// What one thread of the crew is to do: whoever changes `go` to `none` does it, the thread or the caller.
  ///
  /// The plain members belong to the one who has taken the share, and to the caller between loops.
  struct alignas(64) share {
    std::atomic<word> told = word::none;
    calls work;
    std::size_t first = 0;
    std::size_t last = 0;
    alignas(64) std::atomic<std::uint32_t> done = 0;  // 1: by the thread
    failure bad;
  };

  using clock = std::chrono::steady_clock;

  static void check(std::size_t threads, std::chrono::nanoseconds spin) {
    expects(threads > 0, "thread_team: a team has at least one thread, not {}", threads);
    expects(spin.count() >= 0, "thread_team: threads cannot stay awake for {} ns", spin.count());
  }

  // Only allocates: when a thread cannot be started, the destructor joins the ones before it.
  thread_team(std::chrono::nanoseconds spin, std::size_t crew)
      : spin_(spin), shares_(std::make_unique<share[]>(crew)) {}

  static bool take(share& s) {
    word go = word::go;
    return s.told.load(std::memory_order_relaxed) == go && s.told.compare_exchange_strong(go, word::none);
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
  void work(share& s) const {
    for (;;) {
      if (!stay_awake([&s] { return s.told.load(std::memory_order_relaxed) != word::none; })) s.told.wait(word::none);
      if (s.told.load(std::memory_order_relaxed) == word::stop) return;
      if (!take(s)) continue;
      s.work.invoke(s.work.object, s.first, s.last, s.bad);
      s.done.store(1);
      s.done.notify_one();
    }
  }

  failure run_all(std::size_t n, calls work) {
    failure bad;
    auto const begin = clock::now();
    if (!savings_.pays()) {
      work.invoke(work.object, 0, n, bad);
      savings_.apart(clock::now() - begin);
      return bad;
    }
    std::size_t const parts = std::min(n, size());  // the first is the caller's
    auto const cut = [&](std::size_t part) { return n / parts * part + std::min(n % parts, part); };
    std::size_t mine = cut(1);
    for (std::size_t t = 0; t != parts - 1; ++t) {
      share& s = shares_[t];
      s.work = work;
      s.first = cut(t + 1);
      s.last = cut(t + 2);
      s.done.store(0, std::memory_order_relaxed);
      s.told.store(word::go);
      s.told.notify_one();
    }
    auto const told = clock::now();
    work.invoke(work.object, 0, mine, bad);
    for (std::size_t t = 0; t != parts - 1; ++t) {
      share& s = shares_[t];
      if (!take(s)) continue;
      work.invoke(work.object, s.first, s.last, bad);
      mine += s.last - s.first;
      s.done.store(1, std::memory_order_relaxed);
    }
    std::chrono::duration<double> const worked = clock::now() - told;
    for (std::size_t t = 0; t != parts - 1; ++t) {
      share& s = shares_[t];
      if (!stay_awake([&s] { return s.done.load(std::memory_order_acquire) != 0; })) s.done.wait(0);
      if (s.bad.index < bad.index) bad = s.bad;
      if (s.bad.what) s.bad = {};
    }
    savings_.together(clock::now() - begin, worked / static_cast<double>(mine) * static_cast<double>(n));
    return bad;
  }

  std::chrono::nanoseconds spin_;
  detail::savings savings_;
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
