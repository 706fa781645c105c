// SPDX-License-Identifier: BSD-3-Clause
// Who runs the pieces of a loop, how it is cut, and reductions that are the same on every executor.
#ifndef SQWA_EXEC_EXECUTOR_HPP
#define SQWA_EXEC_EXECUTOR_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// Runs `f(0)`, ..., `f(n - 1)`, in any order and perhaps at once, and returns when all have returned.
///
/// Models: an exception that leaves a call of `f` leaves `for_each` too, after the calls that had begun have ended.
template <class E>
concept executor = std::semiregular<E> && requires(E const e, std::size_t n, void (&f)(std::size_t)) {
  e.for_each(n, f);
};

/// One call after the other, in the calling thread.
struct sequential {
  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) const {
    for (std::size_t i = 0; i != n; ++i) f(i);
  }
};

/// Cuts [0, n) into at most `max_chunks` pieces. The cut depends on `n` alone, never on threads.
///
/// Pieces begin at multiples of `unit`: packed codes of any width then begin at a whole byte.
struct chunks {
  static constexpr std::size_t max_chunks = 64;
  static constexpr std::size_t min_chunk = 4096;
  static constexpr std::size_t unit = 64;

  std::size_t n;
  std::size_t length = std::max(min_chunk, (n / max_chunks + (n % max_chunks != 0) + unit - 1) / unit * unit);

  [[nodiscard]] constexpr std::size_t count() const noexcept { return (n + length - 1) / length; }
  [[nodiscard]] constexpr std::size_t first(std::size_t c) const noexcept { return c * length; }
  [[nodiscard]] constexpr std::size_t last(std::size_t c) const noexcept { return std::min(n, (c + 1) * length); }
};

/// Runs `f(first, last)` for each piece of [0, n).
template <executor E, std::invocable<std::size_t, std::size_t> F>
void for_each_chunk(E const& exec, std::size_t n, F&& f) {
  chunks const part{n};
  exec.for_each(part.count(), [&](std::size_t c) { f(part.first(c), part.last(c)); });
}

/// Reduces [0, n): `map(first, last)` gives the value of a piece, `combine` joins neighbours.
///
/// The result is bit for bit the same on every executor: pieces and join order are fixed. n = 0 gives `init`.
/// Memory: 64 values on the stack, a cache line each.
template <executor E, class T, class Map, class Combine>
  requires std::convertible_to<std::invoke_result_t<Map&, std::size_t, std::size_t>, T> T reduce(E const& exec,
                                                                                                 std::size_t n, T init,
                                                                                                 Map map,
                                                                                                 Combine combine) {
    struct alignas(64) slot {  // one cache line each: no false sharing
      T value;
    };
    chunks const part{n};
    std::array<slot, chunks::max_chunks> partial;
    exec.for_each(part.count(), [&](std::size_t c) { partial[c].value = map(part.first(c), part.last(c)); });
    for (std::size_t c = 0; c != part.count(); ++c) init = combine(std::move(init), std::move(partial[c].value));
    return init;
  }

}  // namespace sqwa::inline SQWA_ABI

#endif
