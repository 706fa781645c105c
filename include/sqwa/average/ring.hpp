// SPDX-License-Identifier: BSD-3-Clause
// The last few of many things, in order.
#ifndef SQWA_AVERAGE_RING_HPP
#define SQWA_AVERAGE_RING_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// The last `length` things, the oldest first. Memory: theirs; a new one takes over that of the one it replaces.
template <class T>
class ring {
 public:
  explicit ring(std::size_t length) : length_(length) {}

  /// The place of a new thing, which is the newest from now on: one not used before, or that of the oldest.
  /// Models: length() > 0
  [[nodiscard]] T& next() {
    if (held_.size() < length_) return held_.emplace_back();
    std::size_t const at = oldest_;
    oldest_ = (oldest_ + 1) % length_;
    return held_[at];
  }

  /// The i-th oldest.
  /// Models: i < size()
  [[nodiscard]] T const& operator[](std::size_t i) const noexcept { return held_[(oldest_ + i) % held_.size()]; }
  [[nodiscard]] std::size_t size() const noexcept { return held_.size(); }
  [[nodiscard]] std::size_t length() const noexcept { return length_; }

 private:
  std::size_t length_;
  std::size_t oldest_ = 0;
  std::vector<T> held_;
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
