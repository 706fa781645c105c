// SPDX-License-Identifier: BSD-3-Clause
// The extents of a tensor, without allocation.
#ifndef SQWA_TENSOR_SHAPE_HPP
#define SQWA_TENSOR_SHAPE_HPP

#include <sqwa/core/contract.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Up to `max_rank` extents, slowest index first. No extents: one scalar.
class shape {
 public:
  static constexpr std::size_t max_rank = 8;

  constexpr shape() = default;
  constexpr shape(std::initializer_list<std::size_t> extents) {
    for (std::size_t e : extents) append(e);
  }

  /// @pre at most `max_rank` extents, none negative
  template <std::ranges::input_range Extents>
    requires(!std::same_as<std::remove_cvref_t<Extents>, shape>)
  constexpr explicit shape(Extents&& extents) {
    for (auto e : extents) append(static_cast<std::size_t>(e));
  }

  [[nodiscard]] constexpr std::size_t rank() const noexcept { return rank_; }
  /// 0 from `rank()` on.
  /// @pre axis < max_rank
  [[nodiscard]] constexpr std::size_t operator[](std::size_t axis) const noexcept { return extents_[axis]; }
  [[nodiscard]] constexpr auto begin() const noexcept { return extents_.begin(); }
  [[nodiscard]] constexpr auto end() const noexcept { return extents_.begin() + rank_; }

  /// How many elements there are: the product of the extents, 1 for none; not checked for overflow, see
  /// `addressable`.
  [[nodiscard]] constexpr std::size_t size() const noexcept {
    std::size_t n = 1;
    for (std::size_t e : *this) n *= e;
    return n;
  }

  /// Whether a tensor of these extents can lie in memory: then `size()` and its bytes do not overflow.
  template <class T>
  [[nodiscard]] constexpr bool addressable() const noexcept {
    std::size_t room = std::size_t{PTRDIFF_MAX} / sizeof(T);
    bool fits = true;
    for (std::size_t e : *this) {
      if (e == 0) return true;
      room /= e;
      fits = fits && room > 0;
    }
    return fits;
  }

  constexpr bool operator==(shape const&) const = default;

 private:
  constexpr void append(std::size_t extent) {
    expects(rank_ < max_rank, "shape: more than {} extents", max_rank);
    extents_[rank_++] = extent;
  }

  std::array<std::size_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
