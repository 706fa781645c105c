// SPDX-License-Identifier: BSD-3-Clause
// Number formats: the concept, and the symmetric uniform lattice.
#ifndef SQWA_QUANT_SYMMETRIC_HPP
#define SQWA_QUANT_SYMMETRIC_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Chooses a lattice of `levels` points, stored in `bits`; a point is an integer code times a scale.
///
/// Models: codes are the integers from -max_code to max_code, and `code` holds them all.
template <class F>
concept number_format = std::semiregular<F> && std::signed_integral<typename F::code> && requires {
  { F::levels } -> std::convertible_to<int>;
  { F::bits } -> std::convertible_to<int>;
  { F::max_code } -> std::convertible_to<int>;
};

/// `Levels` evenly spaced values around zero: code * scale, code = -(Levels - 1) / 2, …, (Levels - 1) / 2.
///
/// `symmetric<3>` is the ternary format {-1, 0, +1} * scale that many call "2-bit". The parameter counts levels because bits do
/// not say whether zero and symmetry are kept.
///
/// @tparam Levels  odd, 3 to 65,535
template <int Levels>
  requires(Levels % 2 == 1 && 3 <= Levels && Levels <= 65'535)
struct symmetric {
  static constexpr int levels = Levels;
  static constexpr int max_code = (Levels - 1) / 2;
  static constexpr int bits = std::bit_width(static_cast<unsigned>(Levels - 1));
  using code = std::conditional_t<Levels <= 255, std::int8_t, std::int16_t>;

  /// The values of the lattice, in ascending order.
  [[nodiscard]] static constexpr std::array<float, Levels> grid(float scale) noexcept {
    std::array<float, Levels> points{};
    for (int i = 0; i != Levels; ++i) points[static_cast<std::size_t>(i)] = static_cast<float>(i - max_code) * scale;
    return points;
  }

  bool operator==(symmetric const&) const = default;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
