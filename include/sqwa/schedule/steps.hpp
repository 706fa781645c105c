// SPDX-License-Identifier: BSD-3-Clause
// The values of a schedule as a range.
#ifndef SQWA_SCHEDULE_STEPS_HPP
#define SQWA_SCHEDULE_STEPS_HPP

#include <sqwa/core/config.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <compare>
#include <concepts>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// A value that can be assigned even if its type cannot: a lambda with captures.
template <std::copy_constructible T>
class assignable {
 public:
  constexpr explicit assignable(T value) : value_(std::move(value)) {}
  constexpr assignable(assignable const&) = default;
  constexpr assignable& operator=(assignable const& other) requires(std::copyable<T> ||
                                                                    std::is_nothrow_copy_constructible_v<T>) {
    if constexpr (std::copyable<T>) {
      value_ = other.value_;
    } else if (this != &other) {
      std::destroy_at(&value_);
      std::construct_at(&value_, other.value_);
    }
    return *this;
  }
  ~assignable() = default;

  constexpr T const& get() const noexcept { return value_; }

 private:
  T value_;
};

}  // namespace detail

/// The values of a schedule as an endless random-access range. Nothing is stored or computed ahead.
///
/// `steps(lr, n)` begins at step n, at once; `steps(lr) | std::views::drop(n)` counts there. Iterators point into the
/// range and end with it. A schedule whose copy may throw and that cannot be assigned still makes a range, but no view.
template <schedule S>
class steps : public std::ranges::view_base {
 public:
  class iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = float;
    using difference_type = step_index;

    iterator() = default;
    constexpr iterator(S const* values, step_index at) noexcept : values_(values), at_(at) {}

    constexpr float operator*() const { return static_cast<float>((*values_)(at_)); }
    constexpr float operator[](difference_type n) const { return static_cast<float>((*values_)(at_ + n)); }

    /// The step whose value this is.
    [[nodiscard]] constexpr step_index step() const noexcept { return at_; }

    constexpr iterator& operator++() noexcept { return *this += 1; }
    constexpr iterator& operator--() noexcept { return *this -= 1; }
    constexpr iterator operator++(int) noexcept { return {values_, at_++}; }
    constexpr iterator operator--(int) noexcept { return {values_, at_--}; }
    constexpr iterator& operator+=(difference_type n) noexcept {
      at_ += n;
      return *this;
    }
    constexpr iterator& operator-=(difference_type n) noexcept { return *this += -n; }

    friend constexpr iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
    friend constexpr iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
    friend constexpr iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
    friend constexpr difference_type operator-(iterator a, iterator b) noexcept { return a.at_ - b.at_; }
    friend constexpr bool operator==(iterator a, iterator b) noexcept { return a.at_ == b.at_; }
    friend constexpr std::strong_ordering operator<=>(iterator a, iterator b) noexcept { return a.at_ <=> b.at_; }

   private:
    S const* values_ = nullptr;
    step_index at_ = 0;
  };

  constexpr explicit steps(S schedule, step_index first = 0) : schedule_(std::move(schedule)), first_(first) {}

  [[nodiscard]] constexpr iterator begin() const noexcept { return {std::addressof(schedule_.get()), first_}; }
  [[nodiscard]] constexpr std::unreachable_sentinel_t end() const noexcept { return {}; }

 private:
  detail::assignable<S> schedule_;
  step_index first_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
