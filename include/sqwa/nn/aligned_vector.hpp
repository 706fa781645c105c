// SPDX-License-Identifier: BSD-3-Clause
// Memory whose begin is a cache line's: vectors of any length load from it without crossing two lines.
#ifndef SQWA_NN_ALIGNED_VECTOR_HPP
#define SQWA_NN_ALIGNED_VECTOR_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <new>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

template <class T>
struct cache_line_allocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  cache_line_allocator() = default;
  template <class U>
  cache_line_allocator(cache_line_allocator<U> const&) noexcept {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, line); }

  friend bool operator==(cache_line_allocator, cache_line_allocator) noexcept { return true; }
};

template <class T>
using aligned_vector = std::vector<T, cache_line_allocator<T>>;

/// Memory of this thread for the piece at hand, of unspecified contents; grows, and is the same at every call.
///
/// Not to be held while another piece may run in the same thread.
template <class T>
std::span<T> thread_workspace(std::size_t elements) {
  thread_local aligned_vector<T> memory;
  if (memory.size() < elements) memory.resize(elements);
  return std::span(memory).first(elements);
}

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
